// The table of PPAs: which rows are shown, and in which order.  The address keeps both, behind its `#`.
// Invariant: what has the focus keeps it, whatever is sorted or filled anew around it.

import { element, find } from "./elements.js";
import { Row } from "./rows.js";
import { CONDITIONS, isTrouble, seconds, STATES } from "./words.js";

const compare = new Intl.Collator("en", { numeric: true }).compare;
const RANKS = [...CONDITIONS, ...["used", "dirty", "free"]];
const rank = (ppa) => RANKS.indexOf(isTrouble(ppa) ? ppa.condition : ppa.state);

// By column: what it sorts by; null comes last, whichever way.
const KEYS = {
  name: (ppa) => ppa.ppa,
  pool: (ppa) => ppa.pool,
  state: rank,
  owner: (ppa) => ppa.owner,
  age: (ppa) => (ppa.since ? -seconds(ppa.since) : null),
  left: (ppa) => (ppa.ends ? seconds(ppa.ends) : null),
};

// By chip: who is shown.
const SHOWN = {
  all: () => true,
  ...Object.fromEntries(STATES.map((key) => [key, (ppa) => ppa.state === key])),
  trouble: isTrouble,
  ...Object.fromEntries(CONDITIONS.map((key) => [key, (ppa) => ppa.condition === key])),
};

export class Table {
  constructor(changed) {
    this.changed = changed;
    this.body = find("#table tbody");
    this.rows = new Map();
    this.by = { words: [], show: "all", sort: "name", down: false };
    for (const found of this.body.rows) this.rows.set(found.dataset.ppa, new Row(found.dataset.ppa, found));
    this.heads = this.makeHeads();
    this.chips = this.makeChips();
    this.bind();
    this.readAddress();
  }

  // -- what is known -------------------------------------------------------------------------------------------------

  // All that there are.
  replace(ppas) {
    const names = new Set(ppas.map((ppa) => ppa.ppa));
    for (const [key, row] of this.rows) {
      if (names.has(key)) continue;
      row.element.remove();
      this.rows.delete(key);
    }
    this.put(ppas);
  }

  // Some that are known anew.
  put(ppas) {
    keepingFocus(() => {
      for (const ppa of ppas) {
        if (!this.rows.has(ppa.ppa)) this.rows.set(ppa.ppa, new Row(ppa.ppa));
        this.rows.get(ppa.ppa).update(ppa);
      }
      this.arrange();
    });
  }

  get(reference) {
    return this.rows.get(reference)?.ppa;
  }

  all() {
    return [...this.rows.values()].map((row) => row.ppa).filter(Boolean);
  }

  clear() {
    this.rows.clear();
    this.body.replaceChildren();
  }

  // -- which, and in which order -------------------------------------------------------------------------------------

  arrange() {
    const rows = [...this.rows.values()].filter((row) => row.ppa);
    const key = KEYS[this.by.sort];
    const keyed = rows.map((row) => [key(row.ppa), row]);
    keyed.sort(([a, one], [b, other]) => this.order(a, b) || compare(one.ppa.ppa, other.ppa.ppa));
    let at = this.body.firstElementChild;
    for (const [, row] of keyed) {
      if (row.element === at) at = at.nextElementSibling;
      else this.body.insertBefore(row.element, at);
    }
    this.show(rows);
  }

  order(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    const found = typeof a === "string" ? compare(a, b) : a - b;
    return this.by.down ? -found : found;
  }

  show(rows) {
    const counts = {};
    let shown = 0;
    for (const row of rows) {
      const found = this.by.words.every((word) => row.text.includes(word));
      for (const [key, wanted] of Object.entries(SHOWN)) {
        if (found && wanted(row.ppa)) counts[key] = (counts[key] ?? 0) + 1;
      }
      row.element.hidden = !(found && SHOWN[this.by.show](row.ppa));
      shown += !row.element.hidden;
    }
    this.tell(counts, shown, rows.length);
  }

  tell(counts, shown, all) {
    for (const [key, button] of Object.entries(this.chips)) {
      const chosen = key === this.by.show;
      button.setAttribute("aria-pressed", String(chosen));
      button.hidden = !counts[key] && !chosen && (CONDITIONS.includes(key) || key === "trouble");
      write(find(".count", button), String(counts[key] ?? 0));
    }
    for (const [key, head] of Object.entries(this.heads)) {
      const way = this.by.down ? "descending" : "ascending";
      if (key === this.by.sort) head.setAttribute("aria-sort", way);
      else head.removeAttribute("aria-sort");
    }
    write(find("#shown"), shown === all ? String(all) : `${shown} of ${all}`);
    find("#nothing").hidden = shown > 0 || all === 0;
    this.changed(this.by.words);
  }

  // -- controls ------------------------------------------------------------------------------------------------------

  makeHeads() {
    const heads = {};
    for (const key of Object.keys(KEYS)) {
      const head = find(`#table thead .${key}`);
      const button = element("button", { type: "button", class: "sort" }, head.textContent);
      button.addEventListener("click", () => this.sortBy(key));
      head.replaceChildren(button);
      heads[key] = head;
    }
    find("#table thead tr").append(
      element("th", { scope: "col", role: "columnheader", class: "acts" }, element("span", { class: "unseen" }, "Acts")));
    return heads;
  }

  makeChips() {
    const chips = {};
    for (const key of Object.keys(SHOWN)) {
      const mark = ["all", "trouble"].includes(key) ? null : element("span", { class: "mark", "aria-hidden": "true" });
      const button = element("button", { type: "button", class: `chip ${key}`, "aria-pressed": "false" },
        mark, `${key} `, element("span", { class: "count" }, "0"));
      button.addEventListener("click", () => this.choose({ show: key }));
      chips[key] = button;
    }
    find("#chips").replaceChildren(...Object.values(chips));
    return chips;
  }

  bind() {
    this.field = find("#words");
    this.field.addEventListener("input", () => this.choose({ words: split(this.field.value) }));
    find("#all").addEventListener("click", () => {
      this.field.value = "";
      this.choose({ words: [], show: "all" });
      this.field.focus();
    });
    window.addEventListener("hashchange", () => { this.readAddress(); this.arrange(); });
  }

  sortBy(key) {
    this.choose({ sort: key, down: this.by.sort === key && !this.by.down });
  }

  choose(wish) {
    Object.assign(this.by, wish);
    this.writeAddress();
    keepingFocus(() => this.arrange());
  }

  readAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    const [show, sort] = [told.get("show"), told.get("sort")];
    this.field.value = told.get("q") ?? "";
    this.by = { words: split(this.field.value), show: Object.hasOwn(SHOWN, show ?? "") ? show : "all",
      sort: Object.hasOwn(KEYS, sort ?? "") ? sort : "name", down: told.get("order") === "down" };
  }

  writeAddress() {
    const told = new URLSearchParams();
    if (this.field.value.trim()) told.set("q", this.field.value.trim());
    if (this.by.show !== "all") told.set("show", this.by.show);
    if (this.by.sort !== "name") told.set("sort", this.by.sort);
    if (this.by.down) told.set("order", "down");
    const text = told.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname);
  }
}

const split = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

function write(shown, text) {
  if (shown.textContent !== text) shown.textContent = text;
}

// Moving or filling takes the focus away: it goes back to the same thing, or to the row's first link.
function keepingFocus(change) {
  const focused = document.activeElement;
  const row = focused?.closest?.("#table tbody tr");
  change();
  if (!row || document.activeElement === focused) return;
  const act = focused.dataset.act ? find(`[data-act="${focused.dataset.act}"]`, row) : null;
  const target = focused.isConnected ? focused : act ?? find("a", row);
  if (row.isConnected && !row.hidden) target.focus({ preventScroll: true });
}
