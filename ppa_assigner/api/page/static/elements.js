// Elements, made of what the daemon says they are.  Rule: a text of somebody becomes a text node, never markup; nothing
// here or elsewhere sets HTML.

import { FORMS, since, SOON } from "./words.js";

const HTML = "http://www.w3.org/1999/xhtml";
const SVG = "http://www.w3.org/2000/svg";

/**
 * An element as the daemon says it: name, attributes, children.
 * @typedef {[name: string, attributes: { [name: string]: string }, children: Said[]]} Tree
 * @typedef {Tree | string} Said
 */

/**
 * What an element was made of, as JSON.
 * @type {WeakMap<Element, string>}
 */
const made = new WeakMap();

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
 * @param {Tree} tree
 * @returns {HTMLElement}
 */
export function build(tree) {
  return /** @type {HTMLElement} */ (node(tree, HTML));
}

/**
 * @param {Tree} tree
 * @param {string} space
 */
function node([name, attributes, children], space) {
  const here = name === "svg" ? SVG : space;
  const shown = document.createElementNS(here, name);
  for (const [key, value] of Object.entries(attributes)) shown.setAttribute(key, value);
  shown.append(...children.map((child) => (typeof child === "string" ? child : node(child, here))));
  if (shown instanceof HTMLTimeElement) tell(shown);
  return shown;
}

/**
 * Make a row say what the tree says: a cell is made again only if it says something else.
 * @param {HTMLElement} row
 * @param {Tree} tree
 */
export function renew(row, [, , cells]) {
  for (const [at, cell] of cells.entries()) {
    if (typeof cell === "string") throw new Error("a row has cells alone");
    const [said, before] = [JSON.stringify(cell), row.children[at]];
    if (before && made.get(before) === said) continue;
    const shown = build(cell);
    made.set(shown, said);
    if (before) before.replaceWith(shown);
    else row.append(shown);
  }
}

// Times go on by themselves.
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
