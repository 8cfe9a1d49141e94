// Times in words.  Rule: `FORMS` in `words.py` says the same; a test holds the two together.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

export const SOON = 15 * MINUTE;

/**
 * A time in its two largest units, in minutes from one minute on.
 * @param {number} seconds
 */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  const [large, small] = whole < DAY ? [HOUR, MINUTE] : [DAY, HOUR];
  const [unit, smaller] = whole < DAY ? ["h", "min"] : ["d", "h"];
  const more = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${unit}${more ? ` ${more} ${smaller}` : ""}`;
}

// How a time is told, by the form that its element names; `since` is how many seconds it is past.
export const FORMS = {
  span: (/** @type {number} */ since) => span(since),
  ago: (/** @type {number} */ since) => `${span(since)} ago`,
  in: (/** @type {number} */ since) => `in ${span(-since)}`,
  left: (/** @type {number} */ since) => (-since >= 1 ? `${span(-since)} left` : "ends now"),
};

export const seconds = (/** @type {string} */ text) => Date.parse(text) / 1000;

// The last part of a PPA's reference.
export const nameOf = (/** @type {string} */ reference) => reference.slice(reference.lastIndexOf("/") + 1);

// The hosts' clocks may differ: what is past is counted by the daemon's, as its answers tell it.
export const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

export const since = (/** @type {string} */ text) => clock.now() - seconds(text);
