/** @import { Launchpad, Ppa } from "./documents.js" */
// Words for what the API says in values.  Rule: `words.py` says the same; a test holds the two together.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const LINK = /^https?:\/\/[^\s/?#@\\]+(?:[/?#]\S*)?$/i;

export const SOON = 15 * MINUTE;
export const STATES = ["free", "used", "dirty"];
export const CONDITIONS = ["quarantined", "duplicate", "unreachable", "missing", "disabled", "unreadable", "unmanaged"];
export const UNLESS_TOUCHED = "unless touched";
/** @type {{ [condition: string]: string }} */
export const MEANT = {
  unmanaged: "packages of somebody, and no record; never touched before `ppa-assigner adopt`",
  unreadable: "its record is not understood; hands off until `ppa-assigner adopt`",
  missing: "gone or deleted; after a minute for good, which ends its lease",
  unreachable: "Launchpad does not answer, or does not let us at it",
  disabled: "disabled on Launchpad: neither lent nor cleaned until it is enabled on its +edit page",
  duplicate: "another PPA is lent under the same request",
};

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
export const exact = (/** @type {string} */ text) => text.replace("T", " ").replace("Z", " UTC");
export const isLink = (/** @type {string} */ text) => LINK.test(text);
export const isTrouble = (/** @type {Ppa} */ ppa) => ppa.condition !== "ok";

// Where Launchpad's pages are.
export const pages = { root: "https://launchpad.net/" };

/**
 * What everybody should know first.
 * @param {string | null} unready
 * @param {Launchpad} launchpad
 */
export function banner(unready, launchpad) {
  if (unready) return `Nothing can be lent yet: ${unready}`;
  if (launchpad.ok) return "";
  const since = exact(launchpad.since);
  return `Launchpad is away since ${since}, and nothing is lent or cleaned meanwhile: ${launchpad.why}`;
}

/**
 * The path of a PPA, and its name.
 * @param {string} reference
 * @returns {[string, string]}
 */
export function split(reference) {
  const at = reference.lastIndexOf("/") + 1;
  return [reference.slice(0, at), reference.slice(at)];
}

// The hosts' clocks may differ: what is past is counted by the daemon's, as its answers tell it.
export const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

export const since = (/** @type {string} */ text) => clock.now() - seconds(text);
