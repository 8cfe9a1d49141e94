"""Labels, and the selectors that choose by them: Kubernetes' syntax of equality and sets, and nothing more.

Rule: what a text means here it means to Kubernetes too, and what is refused here is refused there, apart from its `>`
and `<`, which are refused here.  Nothing here knows PPAs, nor where labels come from.  There are no regular
expressions: to compile them takes as long as a tenth of all that a command of the client does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

MOST_CHARACTERS = 1024
"""How long a selector may be."""
NAME_CHARACTERS = 63
PREFIX_CHARACTERS = 253

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ENDS = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SPACE, _SPECIAL = frozenset(" \t\r\n"), frozenset("=!(),<>")
_SYMBOLS = ("==", "!=", "=", "!", "(", ")", ",")
_CLOSING = frozenset({"", ","})
_WORD = f"1 to {NAME_CHARACTERS} letters, digits, '-', '_' and '.', a letter or digit first and last"
_SHOWN = 40

Labels = Mapping[str, str]


class SelectorError(ValueError):
    """A text that is not a selector: one line that says what is wrong with it, and where."""


class Operator(enum.Enum):
    """How a requirement compares."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one part of a selector asks of one key.  `values` is empty for `EXISTS` and `ABSENT`."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        """Whether these labels are as required.  Without the key, `!=` and `notin` are true."""
        match self.operator:
            case Operator.IN:
                return labels.get(self.key) in self.values
            case Operator.NOT_IN:
                return labels.get(self.key) not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.ABSENT:
                return self.key not in labels

    def __str__(self) -> str:
        values = sorted(self.values)
        match self.operator:
            case Operator.EXISTS:
                return self.key
            case Operator.ABSENT:
                return f"!{self.key}"
            case Operator.IN | Operator.NOT_IN if len(values) > 1:
                return f"{self.key} {self.operator.value} ({','.join(values)})"
            case Operator.IN:
                return f"{self.key}={values[0]}"
            case Operator.NOT_IN:
                return f"{self.key}!={values[0]}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all be met; none at all is met by everything.  Selectors are equal if they ask for the
    same in another order or notation, and `str()` gives one notation for all of these.
    """

    requirements: frozenset[Requirement] = frozenset()

    def matches(self, labels: Labels) -> bool:
        """Whether these labels meet all of it."""
        return all(one.matches(labels) for one in self.requirements)

    def judge(self, labels: Labels, untold: tuple[str, ...] = ()) -> bool | None:
        """Whether these labels meet all of it; None while that cannot be said, because the values of keys that begin
        with one of `untold` are not known.
        """
        unsure = False
        for one in self.requirements:
            if one.key.startswith(untold):
                unsure = True
            elif not one.matches(labels):
                return False
        return None if unsure else True

    def asks_about(self, prefix: str) -> bool:
        """Whether any of its keys begins with this."""
        return any(one.key.startswith(prefix) for one in self.requirements)

    def __str__(self) -> str:
        return ",".join(sorted(map(str, self.requirements)))


EVERYTHING = Selector()


def parse(text: str) -> Selector:
    """The selector that this text is; an empty one selects everything.  Raises SelectorError."""
    if len(text) > MOST_CHARACTERS:
        raise SelectorError(f"the selector has {len(text)} characters; at most {MOST_CHARACTERS} are allowed")
    return Selector(frozenset(_Parser(text).requirements()))


def key_fault(key: str) -> str | None:
    """Why this cannot be the key of a label, as the end of a sentence; None if it can."""
    prefix, slash, name = key.rpartition("/")
    if slash and not _is_dns_subdomain(prefix):
        return f"has a prefix that is not a DNS name in lower case of at most {PREFIX_CHARACTERS} characters"
    return None if _is_name(name) else f"is not {_WORD}, with or without a DNS name and a / before it"


def value_fault(value: str) -> str | None:
    """Why this cannot be the value of a label, as the end of a sentence; None if it can."""
    return None if not value or _is_name(value) else f"is neither empty nor {_WORD}"


def _is_name(text: str) -> bool:
    inner = _ENDS.union("-_.")
    return 0 < len(text) <= NAME_CHARACTERS and {text[0], text[-1]} <= _ENDS and inner.issuperset(text)


def _is_dns_subdomain(text: str) -> bool:
    parts = text.split(".")
    return len(text) <= PREFIX_CHARACTERS and all(_is_dns_part(part) for part in parts)


def _is_dns_part(text: str) -> bool:
    return bool(text) and {text[0], text[-1]} <= _LOWER and (_LOWER | {"-"}).issuperset(text)


# -- reading a selector ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    """A symbol or a word of a selector, and its column from 1.  The end of the text is an empty symbol."""

    text: str
    column: int
    word: bool = False

    def __str__(self) -> str:
        return _shown(self.text) if self.text else "the end"


class _Parser:
    """Reads a selector from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0

    def requirements(self) -> list[Requirement]:
        """All of them.  Raises SelectorError."""
        found: list[Requirement] = []
        while found or not self._ends():
            found.append(self._requirement())
            if self._ends():
                break
            self._expect(",")
        return found

    def _requirement(self) -> Requirement:
        if self._takes("!"):
            return Requirement(self._key(), Operator.ABSENT)
        key = self._key()
        if self._peek().text in _CLOSING:
            return Requirement(key, Operator.EXISTS)
        token = self._take()
        match token.text:
            case "=" | "==":
                return Requirement(key, Operator.IN, frozenset({self._value()}))
            case "!=":
                return Requirement(key, Operator.NOT_IN, frozenset({self._value()}))
            case "in":
                return Requirement(key, Operator.IN, self._values())
            case "notin":
                return Requirement(key, Operator.NOT_IN, self._values())
        raise self._error(token, "=, ==, !=, in, notin, a comma or the end")

    def _key(self) -> str:
        token = self._take()
        if not token.word:
            raise self._error(token, "a key")
        if fault := key_fault(token.text):
            raise self._wrong(token, fault)
        return token.text

    def _value(self) -> str:
        """The value after `=`; nothing there is the empty value."""
        return "" if self._peek().text in _CLOSING else self._word()

    def _values(self) -> frozenset[str]:
        """The values in parentheses; where one is left out it is the empty value."""
        opening = self._expect("(")
        if self._takes(")"):
            raise self._wrong(opening, "begins an empty list; name at least one value")
        found = {self._listed()}
        while not self._takes(")"):
            self._expect(",", "a comma or )")
            found.add(self._listed())
        return frozenset(found)

    def _listed(self) -> str:
        return "" if self._peek().text in {",", ")"} else self._word()

    def _word(self) -> str:
        token = self._take()
        if not token.word:
            raise self._error(token, "a value")
        if fault := value_fault(token.text):
            raise self._wrong(token, fault)
        return token.text

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        """The next token; whoever takes the end refuses it."""
        self._next += 1
        return self._tokens[self._next - 1]

    def _takes(self, symbol: str) -> bool:
        found = self._peek().text == symbol
        self._next += found
        return found

    def _ends(self) -> bool:
        return not self._peek().text

    def _expect(self, symbol: str, what: str = "") -> _Token:
        if not self._takes(symbol):
            raise self._error(self._peek(), what or {",": "a comma or the end"}.get(symbol, symbol))
        return self._tokens[self._next - 1]

    def _error(self, found: _Token, expected: str) -> SelectorError:
        return SelectorError(f"{self._place(found)}: expected {expected}, found {found}")

    def _wrong(self, token: _Token, fault: str) -> SelectorError:
        return SelectorError(f"{self._place(token)}: {token} {fault}")

    def _place(self, token: _Token) -> str:
        return f"selector {_shown(self._text)}, column {token.column}"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
            continue
        end = at + _length(text, at)
        found.append(_Token(text[at:end], at + 1, word=text[at] not in _SPECIAL))
        at = end
    return [*found, _Token("", len(text) + 1)]


def _length(text: str, at: int) -> int:
    if text[at] in _SPECIAL:
        return len(next((one for one in _SYMBOLS if text.startswith(one, at)), text[at]))
    rest = text[at:]
    return next((n for n, each in enumerate(rest) if each in _SPACE or each in _SPECIAL), len(rest))


def _shown(text: str) -> str:
    """A text of a client as a message may show it: in one line, and cut where it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
