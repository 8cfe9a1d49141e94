// The operator's acts, each confirmed in a dialog that names the PPA and its lease.  Rule: the lease that was shown is
// the one that is sent, so that an act never meets the next owner.

/** @import { Facts } from "./documents.js" */
import { post, Problem } from "./asking.js";
import { build, find } from "./elements.js";
import { nameOf } from "./words.js";

/**
 * @typedef {object} Act
 * @property {(name: string) => string} head
 * @property {(ppa: Facts) => string} told
 * @property {string} button
 * @property {string} done
 * @property {boolean} [danger]
 * @property {string} focus
 * @property {(ppa: Facts, dialog: HTMLElement) => object} body
 */

/** @type {{ [name: string]: Act }} */
const ACTS = {
  release: {
    head: (name) => `Release ${name}?`,
    told: () => "The lease ends now, whatever its owner is doing. What is in the PPA is deleted before it is lent again.",
    button: "Release", done: "released", danger: true, focus: ".cancel",
    body: ({ lease }) => ({ lease }),
  },
  hold: {
    head: (name) => `Hold ${name}?`,
    told: () => "The lease ends that much later, and silence no longer ends it. A lease can be held once.",
    button: "Hold", done: "held", focus: "#act-count",
    body: ({ lease }, dialog) => ({ lease, for: count(dialog).valueAsNumber * unit(dialog) }),
  },
  quarantine: {
    head: (name) => `Put ${name} in quarantine?`,
    told: ({ state }) => (state === "used"
      ? "When its lease ends it is neither cleaned nor lent, until it is resumed. The lease goes on."
      : "It is neither cleaned nor lent, until it is resumed."),
    button: "Quarantine", done: "put in quarantine", danger: true, focus: "#act-reason",
    body: (_, dialog) => ({ reason: reason(dialog).value.trim() }),
  },
  resume: {
    head: (name) => `Resume ${name}?`,
    told: ({ state }) => (state === "used"
      ? "It is cleaned and lent again when its lease ends."
      : "It is cleaned, and lent again once it was proved empty. What is in it is deleted."),
    button: "Resume", done: "resumed", focus: ".main",
    body: () => ({}),
  },
};

const count = (/** @type {HTMLElement} */ dialog) => find("#act-count", dialog, HTMLInputElement);
const unit = (/** @type {HTMLElement} */ dialog) => Number(find("select", dialog, HTMLSelectElement).value);
const reason = (/** @type {HTMLElement} */ dialog) => find("#act-reason", dialog, HTMLInputElement);

export class Acts {
  /**
   * What is asked at the moment; null before the first.
   * @type {{ name: string, act: Act, ppa: Facts, row: HTMLElement } | null}
   */
  asked = null;

  /**
   * `done(text)` is told what was done.
   * @param {(text: string) => void} done
   */
  constructor(done) {
    this.done = done;
    this.dialog = find("#act", document, HTMLDialogElement);
    find("form", this.dialog).addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    find(".cancel", this.dialog).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.after());
  }

  /**
   * Ask for confirmation.
   * @param {string} name
   * @param {Facts} ppa
   * @param {HTMLElement} row
   */
  open(name, ppa, row) {
    const act = ACTS[name];
    if (!act) throw new Error(`there is no act ${name}`);
    this.asked = { name, act, ppa, row };
    const part = (/** @type {string} */ selector) => find(selector, this.dialog);
    part("h2").textContent = act.head(nameOf(ppa.ppa));
    part("dl").replaceChildren(...facts(ppa, row));
    part(".told").textContent = act.told(ppa);
    part(".main").textContent = act.button;
    part(".main").classList.toggle("danger", Boolean(act.danger));
    for (const input of this.dialog.querySelectorAll("input")) {
      const field = /** @type {HTMLElement} */ (input.closest(".field"));
      field.hidden = field.dataset.for !== name;
      input.required = !field.hidden;
    }
    reason(this.dialog).value = "";
    this.say("");
    this.wait(false);
    this.dialog.showModal();
    const first = part(act.focus);
    first.focus();
    if (first instanceof HTMLInputElement) first.select();
  }

  close() {
    this.dialog.close();
  }

  async send() {
    const asked = this.asked;
    if (!asked) return;
    const { name, act, ppa } = asked;
    this.say("");
    this.wait(true);
    try {
      await post(`/v1/ppas/${ppa.ppa}/${name}`, act.body(ppa, this.dialog));
      if (this.asked === asked) this.dialog.close();
      this.done(`${nameOf(ppa.ppa)} was ${act.done}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.say(error.status === 403 ? `Not permitted: ${error.message}` : sentence(error.message));
      this.wait(false);
    }
  }

  // Back to where it was asked for; that may be gone.
  after() {
    if (!this.asked) return;
    const { name, row } = this.asked;
    const buttons = [...row.querySelectorAll("button")].filter((button) => button.dataset.act === name);
    (buttons[0] ?? row.querySelector("a"))?.focus();
  }

  /** @param {string} text */
  say(text) {
    find(".error", this.dialog).textContent = text;
  }

  /** @param {boolean} waiting */
  wait(waiting) {
    const button = find(".main", this.dialog, HTMLButtonElement);
    button.disabled = waiting;
    button.setAttribute("aria-busy", String(waiting));
  }
}

const sentence = (/** @type {string} */ text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/**
 * What the question names; the owner and the time as the row shows them.
 * @param {Facts} ppa
 * @param {HTMLElement} row
 */
function facts(ppa, row) {
  const shown = (/** @type {string} */ selector) => row.querySelector(selector)?.cloneNode(true) ?? "";
  const text = (/** @type {string} */ said) => build(["bdi", {}, [said]]);
  /** @type {[string, string | Node][]} */
  const told = [["PPA", ppa.ppa]];
  if (ppa.owner) told.push([ppa.state === "used" ? "Owner" : "Was lent to", shown(".tail > *")]);
  if (ppa.lease) told.push(["Lease", build(["code", {}, [ppa.lease]])]);
  if (ppa.note) told.push(["Note", text(ppa.note)]);
  if (ppa.ends) told.push([ppa.ends_by === "idle" ? "Ends by silence" : "Ends", shown(".left time")]);
  if (ppa.quarantined) told.push(["In quarantine", text(ppa.quarantined)]);
  if (ppa.fault) told.push(["Failed", text(ppa.fault)]);
  return told.flatMap(([term, what]) => {
    const value = build(["dd", {}, []]);
    value.append(what);
    return [build(["dt", {}, [term]]), value];
  });
}
