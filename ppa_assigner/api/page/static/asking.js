// Asking the daemon.  The token is in this tab's session storage and goes out as a header of `fetch` alone: no cookie
// carries it, so no page of another site can make this browser use it.

import { clock } from "./words.js";

const KEY = "ppa-assigner-token";
const DEADLINE = 90_000;

export const token = {
  get: () => sessionStorage.getItem(KEY),
  /** @param {string} text */
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

// What the daemon answered that it will not do; `status` 0: it did not answer.
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {{ body?: object, headers?: { [name: string]: string }, signal?: AbortSignal }} how
 */
export async function ask(path, { body, headers = {}, signal = AbortSignal.timeout(DEADLINE) } = {}) {
  const key = token.get();
  /** @type {{ [name: string]: string }} */
  const sent = { ...headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  /** @type {RequestInit} */
  const init = { method: body === undefined ? "GET" : "POST", headers: sent, signal, cache: "no-store",
    credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };
  let answer;
  try {
    answer = await fetch(path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  } catch {
    if (signal.aborted && signal.reason?.name === "AbortError") throw signal.reason;
    throw new Problem(0, "the daemon does not answer");
  }
  setClock(answer);
  if (!answer.ok) throw new Problem(answer.status, await detail(answer));
  return answer;
}

/** @param {AbortSignal} signal */
export const within = (signal) => AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]);

/**
 * @param {string} path
 * @param {AbortSignal} signal
 */
export const get = async (path, signal) => (await ask(path, { signal: within(signal) })).json();

/**
 * @param {string} path
 * @param {object} body
 */
export const post = async (path, body) => (await ask(path, { body })).json();

/** @param {Response} answer */
function setClock(answer) {
  const told = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) clock.ahead = told / 1000 - Math.floor(Date.now() / 1000);
}

/**
 * @param {Response} answer
 * @returns {Promise<string>}
 */
async function detail(answer) {
  try {
    const problem = await answer.json();
    return problem.detail ?? problem.title;
  } catch {
    return `the answer was ${answer.status}`;
  }
}
