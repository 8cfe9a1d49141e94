// Elements.  Rule: a text of somebody becomes a text node, never markup; nothing here or elsewhere sets HTML.

import { exact, FORMS, isLink, since, SOON } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {string | number | Node | null | undefined} Child */
/** @typedef {{ [name: string]: string | number | null | undefined }} Attributes */

/**
 * What the page has there, of this kind; an error if it has not.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} within
 * @param {new () => T} kind
 */
export function find(selector, within = document, kind = /** @type {new () => T} */ (HTMLElement)) {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} at ${selector}`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
export function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/**
 * @template {Element} T
 * @param {T} made
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined) made.append(child instanceof Node ? child : String(child));
  }
  return made;
}

/**
 * A text on its own in its direction; a link if it is an address of the web.
 * @param {string} text
 */
export function linked(text) {
  const shown = element("bdi", {}, text);
  return isLink(text) ? element("a", { href: text, rel: "noopener noreferrer" }, shown) : shown;
}

/**
 * A state or condition: word, colour and shape.
 * @param {string} name
 */
export function chip(name) {
  const mark = element("span", { class: "mark", "aria-hidden": "true" });
  return element("span", { class: `chip ${name.replace(" ", "-")}` }, mark, name);
}

/**
 * A time in words that goes on by itself: see `tick`.
 * @param {string} at
 * @param {keyof typeof FORMS} form
 */
export function time(at, form) {
  const made = element("time", { datetime: at, title: exact(at), "data-form": form });
  tell(made);
  return made;
}

export function tick() {
  for (const shown of document.querySelectorAll("time")) {
    if (shown.dataset.form) tell(shown);
  }
}

/** @param {HTMLTimeElement} shown */
function tell(shown) {
  const past = since(shown.dateTime);
  const text = FORMS[/** @type {keyof typeof FORMS} */ (shown.dataset.form)](past);
  if (shown.textContent !== text) shown.textContent = text;
  if (shown.dataset.form === "left") shown.classList.toggle("soon", -past < SOON);
}
