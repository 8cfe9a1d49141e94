// Elements.  Rule: a text of somebody becomes a text node, never markup; nothing here or elsewhere sets HTML.

import { exact, FORMS, isLink, since, SOON } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export const find = (selector, within = document) => within.querySelector(selector);

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A text on its own in its direction; a link if it is an address of the web.
export function linked(text) {
  const shown = element("bdi", {}, text);
  return isLink(text) ? element("a", { href: text, rel: "noopener noreferrer" }, shown) : shown;
}

// A state or condition: word, colour and shape.
export function chip(name) {
  const mark = element("span", { class: "mark", "aria-hidden": "true" });
  return element("span", { class: `chip ${name.replace(" ", "-")}` }, mark, name);
}

// A time in words that goes on by itself: see `tick`.
export function time(at, form) {
  const made = element("time", { datetime: at, title: exact(at), "data-form": form });
  tell(made);
  return made;
}

export function tick(within = document) {
  for (const shown of within.querySelectorAll("time[data-form]")) tell(shown);
}

function tell(shown) {
  const past = since(shown.dateTime);
  const text = FORMS[shown.dataset.form](past);
  if (shown.textContent !== text) shown.textContent = text;
  if (shown.dataset.form === "left") shown.classList.toggle("soon", -past < SOON);
}
