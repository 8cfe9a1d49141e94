// The page: asks for what is known, follows what happens, and shows both.

/**
 * @import { Changes, Event } from "./documents.js"
 * @import { Tree } from "./elements.js"
 * @import { Place } from "./following.js"
 * @import { Filter } from "./table.js"
 */
import { Acts } from "./acts.js";
import { get, Problem, token } from "./asking.js";
import { build, find, renew, tick } from "./elements.js";
import { follow } from "./following.js";
import { Table } from "./table.js";
import { nameOf } from "./words.js";

const LATELY = 30;
const SOON = 200; // events come in bursts: one question for all of them
const EVERY = 10_000; // the line is no event, nor is a touch
const SAY = 1000;
const LOADED = "ppa-assigner-loaded-";

class Page {
  // What is known: the place of the last answer; empty before the first.
  known = "";

  /**
   * Where the stream of events is; null until something is known.
   * @type {Place | null}
   */
  place = null;

  live = false;
  silent = false;

  /** @type {string[]} */
  messages = [];

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
    this.table = new Table((filter) => this.filterLately(filter));
    this.acts = new Acts((text) => { this.say(text); this.refresh(); });
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
    for (const shown of ["#pools tbody", "#waiting", "#lately"]) find(shown).replaceChildren();
    this.known = "";
    this.place = null;
    for (const hidden of ["#data", "#who", "#live", "#trouble"]) find(hidden).hidden = true;
    find("#token-error").textContent = why;
    find("#token").hidden = false;
    find("#token-text").focus();
  }

  /** @param {Changes} changes */
  enterAs({ name, role }) {
    document.documentElement.classList.toggle("operator", role === "operator");
    find("#who span").textContent = name === null ? "" : `${name}, ${role}`;
    find("#who").hidden = name === null;
    find("#token").hidden = true;
    find("#token-text", document, HTMLInputElement).value = "";
    for (const shown of ["#data", "#filter", "#live"]) find(shown).hidden = false;
  }

  // -- when ----------------------------------------------------------------------------------------------------------

  // Ask what has changed, then follow.
  async wake() {
    this.rest();
    this.stop = new AbortController();
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
    this.want();
    if (kind !== "reset") this.sayMoved(data);
  }

  /**
   * The stream is open, or it is not and is tried again.
   * @param {boolean} open
   */
  tell(open) {
    if (open && this.silent) this.want();
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

  // Ask soon.
  want() {
    this.soon ??= setTimeout(() => { this.soon = null; this.refresh(); }, SOON);
  }

  // One question after the other: no older answer is shown after a newer one.
  refresh() {
    this.turn = this.turn.then(() => this.ask(this.stop.signal));
    return this.turn;
  }

  /** @param {AbortSignal} signal */
  async ask(signal) {
    if (signal.aborted) return;
    try {
      /** @type {Changes} */
      const changes = await get(`/page/changes?after=${encodeURIComponent(this.known)}`, signal);
      if (signal.aborted || this.isReplaced(changes)) return;
      this.show(changes);
      this.state(this.live ? "live" : "silent");
      this.follow(signal);
    } catch (error) {
      if (!signal.aborted) this.failed(error);
    }
    if (signal.aborted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.want(), EVERY);
  }

  /**
   * Whether the daemon has another page now, which is then loaded.  Once each: two daemons at one address may differ.
   * @param {Changes} changes
   */
  isReplaced({ files }) {
    const mark = LOADED + files;
    if (files === document.documentElement.dataset.files || sessionStorage.getItem(mark)) return false;
    if (this.acts.dialog.open) return false;
    sessionStorage.setItem(mark, "1");
    location.reload();
    return true;
  }

  /** @param {unknown} error */
  failed(error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) this.leave(token.get() ? "This token is not known here." : "");
    else this.state("lost");
  }

  // -- what ----------------------------------------------------------------------------------------------------------

  /** @param {Changes} changes */
  show(changes) {
    this.enterAs(changes);
    this.warn(changes.trouble);
    const table = find("#table");
    for (const kind of ["one-pool", "one-path"]) table.classList.toggle(kind, changes.alike.split(" ").includes(kind));
    this.showLately(changes.lately);
    this.table.put(changes.ppas, changes.whole);
    this.showPools(changes.pools);
    find("#waiting").replaceChildren(...changes.waiting.map(build));
    document.title = `${changes.free} free · PPA assigner`;
    this.place ??= { id: changes.follow, pause: 2000 };
    this.known = changes.place;
  }

  /** @param {string} text */
  warn(text) {
    const shown = find("#trouble span");
    if (shown.textContent !== text) shown.textContent = text;
    find("#trouble").hidden = !text;
  }

  /** @param {Tree[]} pools */
  showPools(pools) {
    const body = find("#pools tbody", document, HTMLTableSectionElement);
    const before = new Map([...body.rows].map((row) => [row.dataset.pool, row]));
    const rows = pools.map((tree) => {
      const row = before.get(tree[1]["data-pool"]) ?? build([tree[0], tree[1], []]);
      renew(row, tree);
      return row;
    });
    if (rows.length !== body.rows.length || rows.some((row, at) => row !== body.rows[at])) body.replaceChildren(...rows);
  }

  /**
   * The newest come first.  What a page without a script says was made before anything was known.
   * @param {Tree[]} lately
   */
  showLately(lately) {
    const list = find("#lately");
    if (!this.known) list.replaceChildren();
    list.prepend(...lately.map(build));
    while (list.children.length > LATELY) list.lastElementChild?.remove();
  }

  /** @param {Filter} filter */
  filterLately(filter) {
    for (const line of find("#lately").querySelectorAll("li")) {
      const of = line.dataset.of ?? "";
      const text = `${line.textContent.toLowerCase()}\n${of}`;
      line.hidden = !(filter.selects(this.table.get(of)) && filter.finds(text));
    }
  }

  /**
   * Neither progress nor what a start of the daemon found is said.
   * @param {Event} event
   */
  sayMoved({ ppa, kind, data }) {
    if (kind === "alarm") this.say(`${nameOf(ppa)}: ${data.text}`);
    else if (kind === "transition" && data.from !== null) this.say(`${nameOf(ppa)} is ${data.to ?? "gone"}`);
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

await new Page().start();
