// Pools, PPAs and events as rows.  Rule: `rows.py` makes the same of the same documents; a test holds the two together.

/**
 * @import { Child } from "./elements.js"
 * @import { Cleaning, Event, Pool, Ppa } from "./documents.js"
 */
import { chip, drawing, element, linked, time } from "./elements.js";
import { isTrouble, MEANT, pages, span, split, STATES, UNLESS_TOUCHED } from "./words.js";

/** @type {{ [act: string]: string }} */
const ACTS = {
  release: "Release",
  hold: "Hold",
  quarantine: "Quarantine",
  resume: "Resume",
};

/**
 * What an operator can do with a PPA in this state.
 * @param {Ppa} ppa
 */
export function possible(ppa) {
  const acts = [];
  if (ppa.state === "used" && ppa.lease) acts.push("release", "hold");
  if (ppa.state !== null && ppa.quarantined === null) acts.push("quarantine");
  if (ppa.quarantined !== null) acts.push("resume");
  return acts;
}

/**
 * The cells of a row: which values of a PPA each depends on, and what it shows of it.
 * @type {{ [cell: string]: [(keyof Ppa)[], (ppa: Ppa) => (string | Node)[]] }}
 */
const CELLS = {
  name: [["ppa"], name],
  pool: [["pool"], (ppa) => [element("bdi", {}, ppa.pool)]],
  state: [["state", "condition"], chips],
  owner: [["state", "owner", "note"], owner],
  age: [["since"], (ppa) => (ppa.since ? [time(ppa.since, "span")] : [])],
  left: [["ends", "ends_by"], left],
  doing: [["state", "condition", "quarantined", "fault", "tries", "cleaning", "seen", "since", "touched"], doing],
  acts: [["ppa", "state", "lease", "quarantined"], acts],
};

// One row, kept over all changes: a cell is filled again only when what it shows has changed.
export class Row {
  /**
   * What is shown; undefined until the first `update`.
   * @type {Ppa | undefined}
   */
  ppa;

  text = "";

  /**
   * @param {string} reference
   * @param {HTMLTableRowElement} [found]
   */
  constructor(reference, found) {
    this.element = found ?? element("tr", { role: "row", "data-ppa": reference });
    this.cells = Object.entries(CELLS).map(([key, [fields, shown]]) => {
      const cell = this.element.querySelector(`:scope > .${key}`) ?? this.append(key);
      return { cell, fields, shown, said: "" };
    });
  }

  /** @param {string} key */
  append(key) {
    const cell = key === "name"
      ? element("th", { scope: "row", role: "rowheader", class: key }) : element("td", { role: "cell", class: key });
    this.element.append(cell);
    return cell;
  }

  /** @param {Ppa} ppa */
  update(ppa) {
    const before = this.ppa;
    this.ppa = ppa;
    this.text = [ppa.ppa, ppa.pool, ppa.state, ppa.condition, ppa.owner, ppa.note, ppa.fault, ppa.quarantined]
      .filter(Boolean).join("\n").toLowerCase();
    let changed = false;
    for (const each of this.cells) {
      const said = JSON.stringify(each.fields.map((field) => ppa[field]));
      if (said === each.said) continue;
      each.said = said;
      each.cell.replaceChildren(...each.shown(ppa));
      changed = true;
    }
    if (before && (before.state !== ppa.state || before.condition !== ppa.condition)) this.flash();
    return changed;
  }

  flash() {
    this.element.classList.remove("changed");
    void this.element.offsetWidth; // so that the animation begins again
    this.element.classList.add("changed");
  }
}

/** @param {Ppa} ppa */
function name(ppa) {
  const [path, last] = split(ppa.ppa);
  const [owner = "", distribution = ""] = path.replace(/^~|\/$/g, "").split("/");
  const href = `${pages.root}~${owner}/+archive/${distribution}/${last}`;
  return [element("a", { href, rel: "noopener noreferrer", "aria-label": ppa.ppa },
    element("span", { class: "path" }, path), element("b", {}, last))];
}

/** @param {Ppa} ppa */
function chips(ppa) {
  const state = chip(ppa.state ?? "no record");
  return isTrouble(ppa) ? [state, " ", chip(ppa.condition)] : [state];
}

/** @param {Ppa} ppa */
function owner(ppa) {
  const shown = [];
  if (ppa.owner) {
    const past = ppa.state !== "used";
    const attributes = { class: past ? "who past" : "who", title: ppa.owner };
    const end = element("span", { class: "tail" }, linked(ppa.owner));
    shown.push(element("div", attributes, past ? "was " : null, end));
  }
  if (ppa.note) shown.push(element("div", { class: "note", title: ppa.note }, element("bdi", {}, ppa.note)));
  return shown;
}

/** @param {Ppa} ppa */
function left(ppa) {
  if (!ppa.ends) return [];
  /** @type {HTMLElement[]} */
  const shown = [time(ppa.ends, "left")];
  if (ppa.ends_by === "idle") shown.push(element("div", { class: "note" }, UNLESS_TOUCHED));
  return shown;
}

/** @param {Ppa} ppa */
function doing(ppa) {
  /** @type {HTMLElement[]} */
  const shown = [];
  const say = (/** @type {string | null} */ kind, /** @type {Child[]} */ ...parts) =>
    shown.push(element("div", { class: kind }, ...parts));
  if (ppa.quarantined) {
    const later = ppa.state === "used" ? "in quarantine when the lease ends: " : "";
    say("reason", later, element("bdi", {}, ppa.quarantined));
  }
  if (ppa.fault && !(ppa.quarantined ?? "").endsWith(ppa.fault)) say("fault", ppa.tries ? `${ppa.tries} failed: ` : "", element("bdi", {}, ppa.fault));
  if (ppa.cleaning) say(null, ...cleaning(ppa.cleaning));
  else if (MEANT[ppa.condition] && !ppa.fault) say(null, MEANT[ppa.condition]);
  if (ppa.condition === "unreachable" && ppa.seen) say(null, "seen ", time(ppa.seen, "ago"));
  if (ppa.state === "used" && ppa.touched && ppa.since && ppa.touched > ppa.since) say("note", "touched ", time(ppa.touched, "ago"));
  return shown;
}

/** @param {Cleaning} cleaning */
function cleaning({ step, found, deleted }) {
  /** @type {Child[]} */
  const told = [element("bdi", {}, step)];
  if (found) told.push(`, ${deleted} of ${found} gone `);
  if (deleted < found) told.push(element("progress", { value: deleted, max: found, "aria-label": "deleted" }));
  return told;
}

/** @param {Ppa} ppa */
function acts(ppa) {
  const [, last] = split(ppa.ppa);
  return possible(ppa).map((act) => element(
    "button", { type: "button", class: "quiet", "data-act": act, "aria-label": `${ACTS[act]} ${last}` }, ACTS[act]));
}

// -- pools and events ------------------------------------------------------------------------------------------------

/**
 * `end` is that of the lease that ends next.
 * @param {Pool} view
 * @param {string | undefined} end
 */
export function pool(view, end) {
  const { state, condition } = view.counts;
  const trouble = Object.entries(condition).reduce((sum, [key, count]) => (key === "ok" ? sum : sum + count), 0);
  return element("tr", { role: "row", "data-pool": view.pool },
    element("th", { scope: "row", role: "rowheader", class: "pool-name" }, element("bdi", {}, view.pool), bar(state)),
    ...STATES.map((key) => count(key, state[key] ?? 0)), count("trouble", trouble),
    element("td", { role: "cell", class: "line" }, ...line(view, end)));
}

/**
 * @param {string} key
 * @param {number} number
 */
function count(key, number) {
  const shown = element("span", {}, `${number} `, element("span", { class: "unit" }, key));
  return element("td", { role: "cell", class: `number ${key}${number ? "" : " none"}` }, shown);
}

/** @param {{ [state: string]: number }} state */
function bar(state) {
  const total = STATES.reduce((sum, key) => sum + (state[key] ?? 0), 0) || 1;
  let start = 0;
  const parts = STATES.map((key) => {
    const width = (100 * (state[key] ?? 0)) / total;
    const part = drawing("rect",
      { class: key, x: `${start.toFixed(2)}%`, width: `${width.toFixed(2)}%`, height: "100%" });
    start += width;
    return part;
  });
  return drawing("svg", { class: "bar", "aria-hidden": "true" }, ...parts);
}

/**
 * @param {Pool} view
 * @param {string | undefined} end
 */
function line(view, end) {
  const first = view.waiting ? `${view.waiting} waiting, the first for ${span(view.oldest_wait ?? 0)}` : "nobody waits";
  return view.counts.state.free || !end ? [first] : [first, "; next lease ends ", time(end, "in")];
}

/**
 * A line of what happened; null for what is only progress, and for what a start of the daemon found.
 * @param {Event} event
 */
export function happened(event) {
  const told = event.kind === "transition" ? event.data.from !== null : event.kind === "alarm";
  if (!told) return null;
  const begin = [time(event.at, "ago"), " ", element("b", {}, split(event.ppa)[1]), " "];
  if (event.kind === "alarm") {
    const text = event.data.text ?? "";
    const named = `${event.ppa}: `;
    const told = text.startsWith(named) ? text.slice(named.length) : text;
    return element("li", { class: "fault" }, ...begin, element("bdi", {}, told));
  }
  return element("li", {}, ...begin, ...moved(event.data));
}

/** @param {Event["data"]} data */
function moved(data) {
  const shown = [chip(data.to ?? "missing"), ` ${data.why}`];
  return data.owner ? [...shown, data.to === "used" ? ": " : "; was: ", linked(data.owner)] : shown;
}
