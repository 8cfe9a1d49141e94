// Pools, PPAs and events as rows.  Rule: `rows.py` makes the same of the same documents; a test holds the two together.

import { chip, drawing, element, linked, time } from "./elements.js";
import { isTrouble, MEANT, pages, span, split, STATES, UNLESS_TOUCHED } from "./words.js";

const ACTS = {
  release: "Release",
  hold: "Hold",
  quarantine: "Quarantine",
  resume: "Resume",
};

// What an operator can do with a PPA in this state.
export function possible(ppa) {
  const acts = [];
  if (ppa.state === "used" && ppa.lease) acts.push("release", "hold");
  if (ppa.state !== null && ppa.quarantined === null) acts.push("quarantine");
  if (ppa.quarantined !== null) acts.push("resume");
  return acts;
}

// The cells of a row: what each shows of a PPA, and which of its values that depends on.
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

// One row, kept over all changes: a cell is filled anew only when what it shows is another.
export class Row {
  constructor(reference, found) {
    this.element = found ?? element("tr", { role: "row", "data-ppa": reference });
    this.cells = {};
    this.said = {};
    for (const key of Object.keys(CELLS)) {
      const kind = key === "name" ? ["th", { scope: "row", role: "rowheader" }] : ["td", { role: "cell" }];
      const there = this.element.querySelector(`:scope > .${key}`);
      this.cells[key] = there ?? element(kind[0], { ...kind[1], class: key });
      if (!there) this.element.append(this.cells[key]);
    }
  }

  update(ppa) {
    const before = this.ppa;
    this.ppa = ppa;
    this.text = [ppa.ppa, ppa.pool, ppa.state, ppa.condition, ppa.owner, ppa.note, ppa.fault, ppa.quarantined]
      .filter(Boolean).join("\n").toLowerCase();
    let changed = false;
    for (const [key, [fields, shown]] of Object.entries(CELLS)) {
      const said = JSON.stringify(fields.map((field) => ppa[field]));
      if (said === this.said[key]) continue;
      this.said[key] = said;
      this.cells[key].replaceChildren(...shown(ppa));
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

function name(ppa) {
  const [path, last] = split(ppa.ppa);
  const [owner, distribution] = path.replace(/^~|\/$/g, "").split("/");
  const href = `${pages.root}~${owner}/+archive/${distribution}/${last}`;
  return [element("a", { href, rel: "noopener noreferrer", "aria-label": ppa.ppa },
    element("span", { class: "path" }, path), element("b", {}, last))];
}

function chips(ppa) {
  const state = chip(ppa.state ?? "no record");
  return isTrouble(ppa) ? [state, " ", chip(ppa.condition)] : [state];
}

function owner(ppa) {
  const shown = [];
  if (ppa.owner) {
    const past = ppa.state !== "used";
    const attributes = { class: past ? "who past" : "who", title: ppa.owner };
    shown.push(element("div", attributes, past ? "was " : null, linked(ppa.owner)));
  }
  if (ppa.note) shown.push(element("div", { class: "note", title: ppa.note }, element("bdi", {}, ppa.note)));
  return shown;
}

function left(ppa) {
  if (!ppa.ends) return [];
  const shown = [time(ppa.ends, "left")];
  if (ppa.ends_by === "idle") shown.push(element("div", { class: "note" }, UNLESS_TOUCHED));
  return shown;
}

function doing(ppa) {
  const shown = [];
  const say = (kind, ...parts) => shown.push(element("div", { class: kind }, ...parts));
  if (ppa.quarantined) {
    const later = ppa.state === "used" ? "in quarantine when the lease ends: " : "";
    say("reason", later, element("bdi", {}, ppa.quarantined));
  }
  if (ppa.fault) say("fault", ppa.tries ? `${ppa.tries} failed: ` : "", element("bdi", {}, ppa.fault));
  if (ppa.cleaning) say(null, ...cleaning(ppa.cleaning));
  else if (ppa.condition in MEANT && !ppa.fault) say(null, MEANT[ppa.condition]);
  if (ppa.condition === "unreachable" && ppa.seen) say(null, "seen ", time(ppa.seen, "ago"));
  if (ppa.state === "used" && ppa.touched > ppa.since) say("note", "touched ", time(ppa.touched, "ago"));
  return shown;
}

function cleaning({ step, found, deleted }) {
  const told = [element("bdi", {}, step)];
  if (found) told.push(`, ${deleted} of ${found} gone `);
  if (deleted < found) told.push(element("progress", { value: deleted, max: found, "aria-label": "deleted" }));
  return told;
}

function acts(ppa) {
  const [, last] = split(ppa.ppa);
  return possible(ppa).map((act) => element(
    "button", { type: "button", class: "quiet", "data-act": act, "aria-label": `${ACTS[act]} ${last}` }, ACTS[act]));
}

// -- pools and events ------------------------------------------------------------------------------------------------

// `end` is that of the lease that ends next.
export function pool(view, end) {
  const { state, condition } = view.counts;
  const trouble = Object.entries(condition).reduce((sum, [key, count]) => (key === "ok" ? sum : sum + count), 0);
  return element("tr", { role: "row", "data-pool": view.pool },
    element("th", { scope: "row", role: "rowheader", class: "pool-name" }, element("bdi", {}, view.pool), bar(state)),
    ...STATES.map((key) => count(key, state[key] ?? 0)), count("trouble", trouble),
    element("td", { role: "cell", class: "line" }, ...line(view, end)));
}

function count(key, number) {
  const shown = element("span", {}, `${number} `, element("span", { class: "unit" }, key));
  return element("td", { role: "cell", class: `number ${key}${number ? "" : " none"}` }, shown);
}

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

function line(view, end) {
  const first = view.waiting ? `${view.waiting} waiting, the first for ${span(view.oldest_wait ?? 0)}` : "nobody waits";
  return view.counts.state.free || !end ? [first] : [first, "; next lease ends ", time(end, "in")];
}

// A line of what happened; null for what is only progress, and for what a start of the daemon found.
export function happened(event) {
  const told = event.kind === "transition" ? event.data.from !== null : event.kind === "alarm";
  if (!told) return null;
  const begin = [time(event.at, "ago"), " ", element("b", {}, split(event.ppa)[1]), " "];
  if (event.kind === "alarm") {
    return element("li", { class: "fault" }, ...begin, element("bdi", {}, event.data.text ?? ""));
  }
  return element("li", {}, ...begin, ...moved(event.data));
}

function moved(data) {
  const shown = [chip(data.to ?? "missing"), ` ${data.why}`];
  return data.owner ? [...shown, data.to === "used" ? ": " : "; was: ", linked(data.owner)] : shown;
}
