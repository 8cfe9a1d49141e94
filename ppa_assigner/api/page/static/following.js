// Following /v1/events.  An EventSource can send no token, so the stream is read with `fetch`; what an EventSource
// does is done here: Last-Event-ID, the pause that the daemon asks for, and trying again.

import { ask, Problem } from "./asking.js";

const LONGEST = 30_000;
const SILENCE = 45_000; // the daemon says something every 15 s

/**
 * @typedef {{ id: string, pause: number }} Place
 * @typedef {(kind: string, data: any) => void} Hears
 */

/**
 * Calls `hears(kind, data)` with each event after `place.id`, which goes along, and `tells(open)` when the stream opens
 * or ends, until `signal` says stop.  A Problem that trying again cannot help (4xx) ends it.
 * @param {Place} place
 * @param {{ hears: Hears, tells: (open: boolean) => void, signal: AbortSignal }} how
 */
export async function follow(place, { hears, tells, signal }) {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await read(place, { hears, signal, opened: () => { failures = 0; tells(true); } });
    } catch (error) {
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
    }
    if (signal.aborted) return;
    tells(false);
    failures += 1;
    await rest(Math.min(LONGEST, place.pause * 2 ** (failures - 1)), signal);
  }
}

/**
 * @param {Place} place
 * @param {{ hears: Hears, signal: AbortSignal, opened: () => void }} how
 */
async function read(place, { hears, signal, opened }) {
  const silent = new AbortController();
  const stop = AbortSignal.any([signal, silent.signal]);
  let timer = setTimeout(() => silent.abort(), SILENCE);
  try {
    const headers = { Accept: "text/event-stream", ...(place.id ? { "Last-Event-ID": place.id } : {}) };
    const { body } = await ask("/v1/events", { headers, signal: stop });
    if (!body) return;
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    opened();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      const frames = (rest + value).split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) take(frame, place, hears);
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} frame
 * @param {Place} place
 * @param {Hears} hears
 */
function take(frame, place, hears) {
  /** @type {{ [name: string]: string }} */
  const fields = {};
  for (const line of frame.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
  }
  if (fields.retry) place.pause = Number(fields.retry) || place.pause;
  if (fields.id) place.id = fields.id;
  if (fields.data) hears(fields.event ?? "message", JSON.parse(fields.data));
}

/**
 * @param {number} time
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function rest(time, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
