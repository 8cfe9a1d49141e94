// The operator's acts, each confirmed in a dialog that names the PPA and its lease.  Rule: the lease that was shown is
// the one that is sent, so that an act never meets the next owner.

import { element, find, linked, time } from "./elements.js";
import { post, Problem } from "./asking.js";
import { split } from "./words.js";

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
    body: ({ lease }, dialog) => ({ lease, for: find("#act-count", dialog).valueAsNumber * find("select", dialog).value }),
  },
  quarantine: {
    head: (name) => `Put ${name} in quarantine?`,
    told: ({ state }) => (state === "used"
      ? "When its lease ends it is neither cleaned nor lent, until it is resumed. The lease goes on."
      : "It is neither cleaned nor lent, until it is resumed."),
    button: "Quarantine", done: "put in quarantine", danger: true, focus: "#act-reason",
    body: (_, dialog) => ({ reason: find("#act-reason", dialog).value.trim() }),
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

export class Acts {
  // `done(ppa, text)` is told what became of the PPA.
  constructor(done) {
    this.done = done;
    this.dialog = find("#act");
    find("form", this.dialog).addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    find(".cancel", this.dialog).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.after());
  }

  // Ask for confirmation.
  open(name, ppa, row) {
    Object.assign(this, { name, ppa, row, act: ACTS[name] });
    const part = (selector) => find(selector, this.dialog);
    part("h2").textContent = this.act.head(split(ppa.ppa)[1]);
    part("dl").replaceChildren(...facts(ppa));
    part(".told").textContent = this.act.told(ppa);
    part(".main").textContent = this.act.button;
    part(".main").classList.toggle("danger", Boolean(this.act.danger));
    for (const field of this.dialog.querySelectorAll(".field")) {
      field.hidden = field.dataset.for !== name;
      for (const input of field.querySelectorAll("input")) input.required = !field.hidden;
    }
    find("#act-reason", this.dialog).value = "";
    this.say("");
    this.wait(false);
    this.dialog.showModal();
    part(this.act.focus).focus();
    part(this.act.focus).select?.();
  }

  close() {
    this.dialog.close();
  }

  async send() {
    const { name, act, ppa } = this;
    this.say("");
    this.wait(true);
    try {
      const known = await post(`/v1/ppas/${ppa.ppa}/${name}`, act.body(ppa, this.dialog));
      if (this.ppa === ppa) this.dialog.close();
      this.done(known, `${split(ppa.ppa)[1]} was ${act.done}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.say(error.status === 403 ? `Not permitted: ${error.message}` : sentence(error.message));
      this.wait(false);
    }
  }

  // Back to where it was asked for; that may be gone.
  after() {
    const button = find(`[data-act="${this.name}"]`, this.row);
    (button ?? find("a", this.row))?.focus();
  }

  say(text) {
    find(".error", this.dialog).textContent = text;
  }

  wait(waiting) {
    const button = find(".main", this.dialog);
    button.disabled = waiting;
    button.setAttribute("aria-busy", String(waiting));
  }
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

function facts(ppa) {
  const told = [["PPA", ppa.ppa]];
  if (ppa.owner) told.push([ppa.state === "used" ? "Owner" : "Was lent to", linked(ppa.owner)]);
  if (ppa.lease) told.push(["Lease", element("code", {}, ppa.lease)]);
  if (ppa.note) told.push(["Note", element("bdi", {}, ppa.note)]);
  if (ppa.ends) told.push([ppa.ends_by === "idle" ? "Ends by silence" : "Ends", time(ppa.ends, "left")]);
  if (ppa.quarantined) told.push(["In quarantine", element("bdi", {}, ppa.quarantined)]);
  if (ppa.fault) told.push(["Failed", element("bdi", {}, ppa.fault)]);
  return told.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]);
}
