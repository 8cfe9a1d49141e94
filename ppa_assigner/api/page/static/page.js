// The page: asks for what is known, follows what happens, and shows both.

/**
 * @import { About, Event, Items, Pool, Ppa } from "./documents.js"
 * @import { Place } from "./following.js"
 */
import { Acts } from "./acts.js";
import { get, Problem, token } from "./asking.js";
import { element, find, tick } from "./elements.js";
import { follow } from "./following.js";
import { happened, pool } from "./rows.js";
import { Table } from "./table.js";
import { banner, pages, split } from "./words.js";

const LATELY = 30;
const SOON = 200; // events come in bursts: one question for all of them
const SINGLY = 4; // so many PPAs are asked for one by one, more as a list
const EVERY = 10_000; // the line is no event, nor is a touch: what follows looks at the one each time,
const ALL = 3; // at everything each third time, and what does not follow at everything always
const LINE = "";
const SAY = 1000;

/** @typedef {{ said: string, row: HTMLElement }} Kept */

class Page {
  /**
   * Where the stream of events is; null until something is known.
   * @type {Place | null}
   */
  place = null;

  newest = 0;
  live = false;
  silent = false;
  times = 0;

  /**
   * What to ask for: references, LINE, or null for all.
   * @type {Set<string | null>}
   */
  wanted = new Set();

  /** @type {string[]} */
  messages = [];

  /** @type {Map<string, Kept>} */
  pools = new Map();

  stop = new AbortController();

  /** @type {AbortSignal | null} */
  following = null;

  /** @type {Promise<void>} */
  turn = Promise.resolve();

  /** @type {number | undefined} */
  timer;

  /** @type {number | null} */
  soon = null;

  /** @type {number | null} */
  saying = null;

  constructor() {
    this.table = new Table((words) => this.filterLately(words));
    this.acts = new Acts((ppa, text) => { this.table.put([ppa]); this.say(text); this.want(ppa.ppa); });
    this.bind();
  }

  bind() {
    find("#table tbody").addEventListener("click", (event) => this.clicked(event));
    find("#token").addEventListener("submit", (event) => { event.preventDefault(); this.enter(); });
    find("#forget").addEventListener("click", () => { token.forget(); this.leave(""); });
    find(".skip").addEventListener("click", (event) => { event.preventDefault(); this.skip(); });
    document.addEventListener("visibilitychange", () => this.looked(!document.hidden));
    setInterval(() => document.hidden || tick(), 1000);
  }

  // -- who -----------------------------------------------------------------------------------------------------------

  async start() {
    if (document.documentElement.dataset.access === "token" && !token.get()) {
      this.leave("");
      return;
    }
    await this.wake();
  }

  async enter() {
    const given = find("#token-text", document, HTMLInputElement).value.trim();
    if (!/^[!-~]+$/.test(given)) { // what is no header is never sent
      this.leave("That is not a token.");
      return;
    }
    token.set(given);
    find("#token-error").textContent = "";
    await this.wake();
  }

  /**
   * Without a token that is known there is nothing to see.
   * @param {string} why
   */
  leave(why) {
    this.rest();
    token.forget();
    if (this.acts.dialog.open) this.acts.close();
    this.table.clear();
    for (const shown of ["#pools tbody", "#lately"]) find(shown).replaceChildren();
    this.pools.clear();
    this.place = null;
    for (const hidden of ["#data", "#who", "#live", "#trouble"]) find(hidden).hidden = true;
    find("#token-error").textContent = why;
    find("#token").hidden = false;
    find("#token-text").focus();
  }

  /** @param {About} about */
  enterAs(about) {
    const named = about.name !== null;
    document.documentElement.classList.toggle("operator", about.role === "operator");
    find("#who span").textContent = named ? `${about.name}, ${about.role}` : "";
    find("#who").hidden = !named;
    find("#token").hidden = true;
    find("#token-text", document, HTMLInputElement).value = "";
    for (const shown of ["#data", "#filter", "#live"]) find(shown).hidden = false;
  }

  /**
   * From here on what happens is heard; what a page without a script says of it was made before.
   * @param {About} about
   */
  begin({ after, newest }) {
    if (this.place) return;
    this.place = { id: after, pause: 2000 };
    this.newest = newest;
    find("#lately").replaceChildren();
  }

  // -- when ----------------------------------------------------------------------------------------------------------

  // Ask for all, then follow.
  async wake() {
    this.rest();
    this.stop = new AbortController();
    this.wanted.add(null);
    await this.refresh();
  }

  /** @param {AbortSignal} signal */
  follow(signal) {
    if (this.following === signal || !this.place) return;
    this.following = signal;
    const hears = (/** @type {string} */ kind, /** @type {any} */ data) => this.hear(kind, data);
    const tells = (/** @type {boolean} */ open) => this.tell(open);
    follow(this.place, { hears, tells, signal }).catch((error) => this.failed(error));
  }

  // Nobody looks: a stream less for the daemon and the browser.
  rest() {
    this.stop.abort();
    this.live = false;
    clearTimeout(this.timer);
  }

  /** @param {boolean} now */
  looked(now) {
    if (!now) this.rest();
    else if (find("#token").hidden) this.wake(); // also where the first question was not answered yet
  }

  /**
   * @param {string} kind
   * @param {Event} data
   */
  hear(kind, data) {
    if (kind === "reset") { // of what was missed nothing is known: numbers begin again, or some are forgotten
      this.newest = 0;
      this.want(null);
      return;
    }
    const news = data.number > this.newest;
    this.log(data, news);
    if (news) this.want(data.ppa);
  }

  /**
   * The stream is open, or it is not and is tried again.
   * @param {boolean} open
   */
  tell(open) {
    if (open && this.silent) this.want(null);
    [this.live, this.silent] = [open, !open];
    this.state(open ? "live" : "silent");
  }

  /** @param {"live" | "silent" | "lost"} kind */
  state(kind) {
    const shown = find("#live");
    shown.className = kind;
    const text = { live: "Live", silent: "Asking every 10 s", lost: "The daemon does not answer; trying again" }[kind];
    if (shown.textContent !== text) shown.textContent = text;
  }

  /**
   * Ask soon for this PPA, and for the pools always; null: for all.
   * @param {string | null} reference
   */
  want(reference) {
    this.wanted.add(reference);
    this.soon ??= setTimeout(() => { this.soon = null; this.refresh(); }, SOON);
  }

  // Ask for what is wanted.  One question after the other: no older answer is shown after a newer one.
  refresh() {
    this.turn = this.turn.then(() => this.askWanted(this.stop.signal));
    return this.turn;
  }

  /** @param {AbortSignal} signal */
  async askWanted(signal) {
    if (!this.wanted.size || signal.aborted) return;
    const wanted = [...this.wanted].filter((each) => each !== null);
    const all = this.wanted.has(null) || wanted.length > SINGLY;
    this.wanted.clear();
    try {
      const show = await (all ? this.askAll(signal) : this.askSome(wanted, signal));
      if (signal.aborted) return;
      show();
      this.state(this.live ? "live" : "silent");
      this.follow(signal);
    } catch (error) {
      if (!signal.aborted) this.failed(error);
    }
    if (!signal.aborted) this.askAgain();
  }

  askAgain() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.times += 1;
      this.want(this.live && this.times % ALL ? LINE : null);
    }, EVERY);
  }

  /** @param {AbortSignal} signal */
  async askAll(signal) {
    /** @type {About} */ // first, so that no event is between what is listed and followed
    const about = await get("/page/about", signal);
    /** @type {[Items<Pool>, Items<Ppa>]} */
    const [pools, ppas] = await Promise.all([get("/v1/pools", signal), get("/v1/ppas", signal)]);
    return () => {
      this.enterAs(about);
      this.begin(about);
      pages.root = about.root;
      this.warn(banner(about.unready, about.launchpad));
      const alike = (/** @type {string[]} */ values) => new Set(values).size <= 1;
      find("#table").classList.toggle("one-pool", alike(ppas.items.map((ppa) => ppa.pool)));
      find("#table").classList.toggle("one-path", alike(ppas.items.map((ppa) => split(ppa.ppa)[0])));
      this.table.replace(ppas.items);
      this.showPools(pools.items);
    };
  }

  /**
   * @param {string[]} references
   * @param {AbortSignal} signal
   */
  async askSome(references, signal) {
    const paths = references.filter((each) => each !== LINE).map((each) => `/v1/ppas/${each}`);
    /** @type {[Items<Pool>, ...Ppa[]]} */
    const [pools, ...ppas] = await Promise.all([get("/v1/pools", signal), ...paths.map((path) => get(path, signal))]);
    return () => {
      this.table.put(ppas);
      this.showPools(pools.items);
    };
  }

  /** @param {unknown} error */
  failed(error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) this.leave(token.get() ? "This token is not known here." : "");
    else if (error.status === 404) this.want(null);
    else this.state("lost");
  }

  // -- what ----------------------------------------------------------------------------------------------------------

  /** @param {string} text */
  warn(text) {
    const shown = find("#trouble");
    if (shown.textContent !== text) shown.replaceChildren(element("span", {}, text));
    shown.hidden = !text;
  }

  /** @param {Pool[]} pools */
  showPools(pools) {
    /** @type {Map<string, string>} */
    const ends = new Map();
    for (const ppa of this.table.all()) {
      if (!ppa.ends) continue;
      const first = ends.get(ppa.pool);
      if (!first || ppa.ends < first) ends.set(ppa.pool, ppa.ends);
    }
    const before = this.pools;
    this.pools = new Map(pools.map((view) => [view.pool, kept(before.get(view.pool), view, ends.get(view.pool))]));
    const rows = [...this.pools.values()].map((each) => each.row);
    const body = find("#pools tbody");
    if (rows.length !== body.children.length || rows.some((row, at) => row !== body.children[at])) {
      body.replaceChildren(...rows);
    }
    const free = pools.reduce((sum, view) => sum + (view.counts.state.free ?? 0), 0);
    document.title = `${free} free · PPA assigner`;
  }

  /**
   * @param {Event} event
   * @param {boolean} news
   */
  log(event, news) {
    const line = happened(event);
    if (line === null) return;
    line.dataset.words = line.textContent.toLowerCase() + event.ppa;
    const list = find("#lately");
    list.prepend(line);
    while (list.children.length > LATELY) list.lastElementChild?.remove();
    if (news) this.sayMoved(event);
  }

  /** @param {string[]} words */
  filterLately(words) {
    for (const line of find("#lately").querySelectorAll("li")) {
      line.hidden = !words.every((word) => (line.dataset.words ?? line.textContent.toLowerCase()).includes(word));
    }
  }

  /** @param {Event} event */
  sayMoved({ ppa, kind, data }) {
    const name = split(ppa)[1];
    this.say(kind === "alarm" ? `${name}: ${data.text}` : `${name} is ${data.to ?? "gone"}`);
  }

  /**
   * For those who hear the page: what changed, not more than can be listened to.
   * @param {string} text
   */
  say(text) {
    this.messages.push(text);
    this.saying ??= setTimeout(() => {
      const said = this.messages.splice(0);
      this.saying = null;
      find("#said").textContent = said.length > 3 ? `${said.length} changes` : said.join("; ");
    }, SAY);
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    const row = button?.closest("tr");
    const ppa = this.table.get(row?.dataset.ppa ?? "");
    if (button?.dataset.act && row && ppa) this.acts.open(button.dataset.act, ppa, row);
  }

  skip() {
    const target = find("#data").hidden ? find("#token-text") : find("#ppas");
    target.focus();
    target.scrollIntoView();
  }
}

/**
 * The row of a pool, made again only if it says something else.
 * @param {Kept | undefined} before
 * @param {Pool} view
 * @param {string | undefined} end
 */
function kept(before, view, end) {
  const said = JSON.stringify([view, end]);
  return before && before.said === said ? before : { said, row: pool(view, end) };
}

await new Page().start();
