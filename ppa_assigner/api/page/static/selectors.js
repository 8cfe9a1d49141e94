// Selectors of labels, in the field that filters.  Rule: `selectors.py` says what they mean; a test holds the two
// together.

/**
 * @typedef {{ [key: string]: string }} Labels
 * @typedef {(labels: Labels) => boolean} Test
 */

const NAME = "[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?";
const PART = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const KEY = new RegExp(`^(?:(?=[^/]{1,253}/)${PART}(?:\\.${PART})*/)?${NAME}$`);
const VALUE = new RegExp(`^(?:${NAME})?$`);
const TOKEN = /==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g;
const OPERATORS = /[=!]|(?:^|\s)(?:in|notin)\s*\(/;

// Thrown, and caught in `parse`: the text is not a selector.
class NotASelector extends Error {}

class Reader {
  at = 0;

  /** @param {string} text */
  constructor(text) {
    this.tokens = text.match(TOKEN) ?? [];
  }

  get next() {
    return this.tokens[this.at] ?? "";
  }

  /** @param {string} symbol */
  takes(symbol) {
    const found = this.next === symbol;
    if (found) this.at += 1;
    return found;
  }

  /** @param {string} symbol */
  expect(symbol) {
    if (!this.takes(symbol)) throw new NotASelector();
  }

  /** @param {RegExp} form */
  word(form) {
    const found = this.next;
    if (!form.test(found) || found === "") throw new NotASelector();
    this.at += 1;
    return found;
  }

  all() {
    /** @type {Test[]} */
    const found = [];
    while (found.length || this.next) {
      found.push(this.requirement());
      if (!this.next) break;
      this.expect(",");
    }
    return found;
  }

  /** @returns {Test} */
  requirement() {
    if (this.takes("!")) {
      const absent = this.word(KEY);
      return (labels) => !Object.hasOwn(labels, absent);
    }
    const key = this.word(KEY);
    if (["", ","].includes(this.next)) return (labels) => Object.hasOwn(labels, key);
    const operator = this.next;
    this.at += 1;
    const values = this.values(operator);
    const is = (/** @type {Labels} */ labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? "");
    return ["!=", "notin"].includes(operator) ? (labels) => !is(labels) : is;
  }

  /** @param {string} operator */
  values(operator) {
    if (["=", "==", "!="].includes(operator)) return new Set([this.value(["", ","])]);
    if (!["in", "notin"].includes(operator)) throw new NotASelector();
    this.expect("(");
    if (this.next === ")") throw new NotASelector();
    const found = new Set([this.value([",", ")"])]);
    while (!this.takes(")")) {
      this.expect(",");
      found.add(this.value([",", ")"]));
    }
    return found;
  }

  /**
   * A value that is left out is empty.
   * @param {string[]} ends
   */
  value(ends) {
    return ends.includes(this.next) ? "" : this.word(VALUE);
  }
}

/**
 * What a text selects; null if it is not a selector.
 * @param {string} text
 * @returns {Test | null}
 */
export function parse(text) {
  try {
    const tests = new Reader(text).all();
    return (labels) => tests.every((test) => test(labels));
  } catch (error) {
    if (error instanceof NotASelector) return null;
    throw error;
  }
}

/**
 * The same for a text that may as well be words to look for: those have no operator in them.
 * @param {string} text
 */
export const meant = (text) => (OPERATORS.test(text) ? parse(text) : null);
