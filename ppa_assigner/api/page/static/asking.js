// Asking the daemon.  The token is in this tab's session storage and goes out as a header of `fetch` alone: no cookie
// carries it, so no page of another site can make this browser use it.

import { clock } from "./words.js";

const KEY = "ppa-assigner-token";
const DEADLINE = 90_000;

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

// What the daemon answered that it will not do; `status` 0: it did not answer.
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function ask(path, { body, headers = {}, signal = AbortSignal.timeout(DEADLINE) } = {}) {
  const key = token.get();
  const sent = { ...headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const init = { method: body === undefined ? "GET" : "POST", headers: sent, signal, cache: "no-store",
    credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };
  let answer;
  try {
    answer = await fetch(path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  } catch (error) {
    if (signal.aborted && signal.reason?.name === "AbortError") throw signal.reason;
    throw new Problem(0, "the daemon does not answer");
  }
  setClock(answer);
  if (!answer.ok) throw new Problem(answer.status, await detail(answer));
  return answer;
}

export const within = (signal) => AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]);
export const get = async (path, signal) => (await ask(path, { signal: within(signal) })).json();
export const post = async (path, body) => (await ask(path, { body })).json();

function setClock(answer) {
  const told = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) clock.ahead = told / 1000 - Math.floor(Date.now() / 1000);
}

async function detail(answer) {
  try {
    const problem = await answer.json();
    return problem.detail ?? problem.title;
  } catch {
    return `the answer was ${answer.status}`;
  }
}
