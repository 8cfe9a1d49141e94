// The table of PPAs: which rows are shown, and in which order.  The address keeps both, behind its `#`.
// Invariant: what has the focus keeps it, whatever is sorted or filled again around it.

/**
 * @import { Changes, Facts } from "./documents.js"
 * @import { Tree } from "./elements.js"
 */
import { build, find, renew } from "./elements.js";
import { meant } from "./selectors.js";
import { seconds } from "./words.js";

const compare = new Intl.Collator("en", { numeric: true }).compare;

/**
 * By column: what it sorts by; null comes last, whichever way.
 * @typedef {string | number | null} Key
 * @type {{ name: (ppa: Facts) => Key, [column: string]: (ppa: Facts) => Key }}
 */
const KEYS = {
  name: (ppa) => ppa.ppa,
  pool: (ppa) => ppa.pool,
  state: (ppa) => ppa.rank,
  owner: (ppa) => ppa.owner,
  age: (ppa) => (ppa.since ? -seconds(ppa.since) : null),
  left: (ppa) => (ppa.ends ? seconds(ppa.ends) : null),
};

/**
 * Whether a PPA is shown while this button is pressed.
 * @param {string} chip
 * @param {Facts} ppa
 */
function matches(chip, { state, condition }) {
  if (chip === "trouble") return condition !== "ok";
  return chip === "all" || chip === state || chip === condition;
}

// One row, kept over all changes.
class Row {
  /**
   * What is shown; undefined until the first `update`.
   * @type {Facts | undefined}
   */
  ppa;

  text = "";

  /** @param {HTMLElement} shown */
  constructor(shown) {
    this.element = shown;
  }

  /**
   * @param {Facts} ppa
   * @param {Tree} tree
   */
  update(ppa, tree) {
    const before = this.ppa;
    this.ppa = ppa;
    const given = Object.entries(ppa.labels).filter(([key]) => !key.startsWith("lp/")).map((label) => label.join("="));
    this.text = [ppa.ppa, ppa.pool, ppa.state, ppa.condition, ppa.owner, ppa.note, ppa.fault, ppa.quarantined, ...given]
      .filter(Boolean).join("\n").toLowerCase();
    renew(this.element, tree);
    if (before && (before.state !== ppa.state || before.condition !== ppa.condition)) this.flash();
  }

  flash() {
    this.element.classList.remove("changed");
    void this.element.offsetWidth; // so that the animation begins again
    this.element.classList.add("changed");
  }
}

// What the field asks for: all of these words, or what labels select.
export class Filter {
  /** @param {string} text */
  constructor(text) {
    this.selector = meant(text);
    this.words = this.selector ? [] : text.toLowerCase().split(/\s+/).filter(Boolean);
  }

  /** @param {string} text */
  finds(text) {
    return this.words.every((word) => text.includes(word));
  }

  /** @param {Facts | undefined} ppa */
  selects(ppa) {
    return this.selector === null || (ppa !== undefined && this.selector(ppa.labels));
  }
}

/** @typedef {{ filter: Filter, show: string, sort: string, down: boolean }} Wish */

export class Table {
  /** @type {Map<string, Row>} */
  rows = new Map();

  /** @type {Wish} */
  by = { filter: new Filter(""), show: "all", sort: "name", down: false };

  /** @param {(filter: Filter) => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.body = find("#table tbody", document, HTMLTableSectionElement);
    this.field = find("#words", document, HTMLInputElement);
    for (const found of this.body.rows) this.rows.set(found.dataset.ppa ?? "", new Row(found));
    this.heads = this.makeHeads();
    this.chips = this.findChips();
    this.bind();
    this.readAddress();
  }

  // -- what is known -------------------------------------------------------------------------------------------------

  /**
   * Show these PPAs as they are now; `whole`: there are no others.
   * @param {Changes["ppas"]} ppas
   * @param {boolean} whole
   */
  put(ppas, whole) {
    keepingFocus(() => {
      if (whole) this.keep(new Set(ppas.map(({ facts }) => facts.ppa)));
      for (const { facts, row: tree } of ppas) {
        const row = this.rows.get(facts.ppa) ?? new Row(build([tree[0], tree[1], []]));
        this.rows.set(facts.ppa, row);
        row.update(facts, tree);
      }
      this.arrange();
    });
  }

  /** @param {Set<string>} names */
  keep(names) {
    for (const [key, row] of this.rows) {
      if (names.has(key)) continue;
      row.element.remove();
      this.rows.delete(key);
    }
  }

  /** @param {string} reference */
  get(reference) {
    return this.rows.get(reference)?.ppa;
  }

  // Each row that was filled, with what it shows.
  known() {
    /** @type {[Facts, Row][]} */
    const found = [];
    for (const row of this.rows.values()) if (row.ppa) found.push([row.ppa, row]);
    return found;
  }

  clear() {
    this.rows.clear();
    this.body.replaceChildren();
  }

  // -- which, and in which order -------------------------------------------------------------------------------------

  arrange() {
    const rows = this.known();
    const key = KEYS[this.by.sort] ?? KEYS.name;
    const keyed = rows.map(([ppa, row]) => ({ by: key(ppa), ppa, row }));
    keyed.sort((one, other) => this.order(one.by, other.by) || compare(one.ppa.ppa, other.ppa.ppa));
    let at = this.body.firstElementChild;
    for (const { row } of keyed) {
      if (row.element === at) at = row.element.nextElementSibling;
      else this.body.insertBefore(row.element, at);
    }
    this.show(rows);
  }

  /**
   * @param {Key} a
   * @param {Key} b
   */
  order(a, b) {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const found = typeof a === "number" && typeof b === "number" ? a - b : compare(String(a), String(b));
    return this.by.down ? -found : found;
  }

  /** @param {[Facts, Row][]} rows */
  show(rows) {
    /** @type {{ [chip: string]: number }} */
    const counts = {};
    let shown = 0;
    for (const [ppa, row] of rows) {
      const found = this.by.filter.selects(ppa) && this.by.filter.finds(row.text);
      for (const key of Object.keys(this.chips)) {
        if (found && matches(key, ppa)) counts[key] = (counts[key] ?? 0) + 1;
      }
      row.element.hidden = !(found && matches(this.by.show, ppa));
      if (!row.element.hidden) shown += 1;
    }
    this.tell(counts, shown, rows.length);
  }

  /**
   * @param {{ [chip: string]: number }} counts
   * @param {number} shown
   * @param {number} all
   */
  tell(counts, shown, all) {
    for (const [key, button] of Object.entries(this.chips)) {
      const chosen = key === this.by.show;
      button.setAttribute("aria-pressed", String(chosen));
      button.hidden = !counts[key] && !chosen && button.dataset.rare !== undefined;
      write(find(".count", button), String(counts[key] ?? 0));
    }
    for (const [key, head] of Object.entries(this.heads)) {
      const way = this.by.down ? "descending" : "ascending";
      if (key === this.by.sort) head.setAttribute("aria-sort", way);
      else head.removeAttribute("aria-sort");
    }
    write(find("#shown"), shown === all ? String(all) : `${shown} of ${all}`);
    find("#nothing").hidden = shown > 0 || all === 0;
    this.changed(this.by.filter);
  }

  // -- controls ------------------------------------------------------------------------------------------------------

  makeHeads() {
    /** @type {{ [column: string]: HTMLElement }} */
    const heads = {};
    for (const key of Object.keys(KEYS)) {
      const head = find(`#table thead .${key}`);
      const button = build(["button", { type: "button", class: "sort" }, [head.textContent]]);
      button.addEventListener("click", () => this.sortBy(key));
      head.replaceChildren(button);
      heads[key] = head;
    }
    find("#table thead tr").append(
      build(["th", { scope: "col", role: "columnheader", class: "acts" }, [["span", { class: "unseen" }, ["Acts"]]]]));
    return heads;
  }

  findChips() {
    /** @type {{ [chip: string]: HTMLElement }} */
    const chips = {};
    for (const button of find("#chips").querySelectorAll("button")) {
      const key = button.dataset.show ?? "";
      button.addEventListener("click", () => this.choose({ show: key }));
      chips[key] = button;
    }
    return chips;
  }

  bind() {
    this.field.addEventListener("input", () => this.choose({ filter: new Filter(this.field.value) }));
    find("#all").addEventListener("click", () => {
      this.field.value = "";
      this.choose({ filter: new Filter(""), show: "all" });
      this.field.focus();
    });
    window.addEventListener("hashchange", () => { this.readAddress(); this.arrange(); });
  }

  /** @param {string} key */
  sortBy(key) {
    this.choose({ sort: key, down: this.by.sort === key && !this.by.down });
  }

  /** @param {Partial<Wish>} wish */
  choose(wish) {
    Object.assign(this.by, wish);
    this.writeAddress();
    keepingFocus(() => this.arrange());
  }

  readAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    const [show, sort] = [told.get("show") ?? "all", told.get("sort") ?? "name"];
    this.field.value = told.get("q") ?? "";
    this.by = { filter: new Filter(this.field.value), show: Object.hasOwn(this.chips, show) ? show : "all",
      sort: Object.hasOwn(KEYS, sort) ? sort : "name", down: told.get("order") === "down" };
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

/**
 * @param {HTMLElement} shown
 * @param {string} text
 */
function write(shown, text) {
  if (shown.textContent !== text) shown.textContent = text;
}

/**
 * Moving or filling takes the focus away: it goes back to the same thing, or to the row's first link.
 * @param {() => void} change
 */
function keepingFocus(change) {
  const focused = document.activeElement;
  const row = focused?.closest("tr");
  change();
  if (!(focused instanceof HTMLElement) || !row?.closest("#table tbody") || document.activeElement === focused) return;
  if (row.hidden) return;
  const { act } = focused.dataset;
  const same = [...row.querySelectorAll("button")].find((button) => act && button.dataset.act === act);
  const target = focused.isConnected ? focused : same ?? find("a", row);
  target.focus({ preventScroll: true });
}
