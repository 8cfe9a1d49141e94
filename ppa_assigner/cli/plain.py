"""Command lines that are read without the parser, which takes longer to load than all else that a command needs.

Rule: what is read here is what the parser would read, and nothing is said: a line with a mistake, a call for help, or
anything else that is not plain, is left to the parser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from enum import EnumType
from typing import Any, get_args

from .commands import COMMANDS, COMPLETION, RUNS_OTHERS, Call, load
from .parameters import Argument, called, declared, defaults

_FACTS = frozenset({"autocompletion", "help", "max", "metavar", "min"})
"""What a declaration may say that changes nothing of how its value is read, but for bounds of a number."""
_DIGITS = 9
_MOST = 1_000_000_000


class _NotPlainError(Exception):
    """The parser has to read this line."""


def read(words: Sequence[str]) -> Call | None:
    """What a command line asks for; None where the parser has to read it."""
    if not words or words[0] not in COMMANDS or COMPLETION in os.environ:
        return None
    function = load(words[0])
    try:
        return called(function, _Reader(function).values(words[1:], ends_early=words[0] == RUNS_OTHERS))
    except _NotPlainError:
        return None


class _Reader:
    """Reads the words after a command, for its function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._options: dict[str, str] = {}
        self._arguments: list[str] = []
        self._kinds: dict[str, Any] = {}
        self._bounds: dict[str, range] = {}
        for name, kind, what in declared(function):
            if not what.facts.keys() <= _FACTS:
                raise _NotPlainError
            self._kinds[name] = _without_none(kind)
            self._bounds[name] = range(what.facts.get("min", 0), what.facts.get("max", _MOST) + 1)
            self._options |= dict.fromkeys(what.names, name)
            if isinstance(what, Argument):
                self._arguments.append(name)
        self._required = self._kinds.keys() - defaults(function).keys()

    def values(self, words: Sequence[str], *, ends_early: bool) -> dict[str, Any]:
        """The values that are given, by parameter.  `ends_early`: the first argument ends the options."""
        found: dict[str, Any] = {}
        rest: list[str] = []
        coming = iter(words)
        for word in coming:
            if word == "--":
                rest += coming
            elif word.startswith("-"):
                self._option(word, coming, found)
            else:
                rest += [word, *coming] if ends_early else [word]
        self._put(rest, found)
        if not found.keys() >= self._required:
            raise _NotPlainError
        return found

    def _option(self, word: str, coming: Iterator[str], found: dict[str, Any]) -> None:
        option, equals, text = word.partition("=")
        name = self._options.get(option)
        if name is None or (equals and not option.startswith("--")):
            raise _NotPlainError
        if self._kinds[name] is bool and not equals:
            found[name] = True
        else:
            found[name] = self._value(name, text if equals else next(coming, ""), found.get(name))

    def _value(self, name: str, text: str, before: Any) -> Any:
        kind = self._kinds[name]
        if text and not text.startswith("-"):
            if kind is str:
                return text
            if kind == list[str]:
                return [*(before or ()), text]
            if isinstance(kind, EnumType):
                return _member(kind, text)
            if kind is int and text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
                return self._number(name, int(text))
        raise _NotPlainError

    def _number(self, name: str, number: int) -> int:
        if number not in self._bounds[name]:
            raise _NotPlainError
        return number

    def _put(self, rest: list[str], found: dict[str, Any]) -> None:
        """What is no option is for the arguments."""
        for name in self._arguments:
            if self._kinds[name] == list[str]:
                if rest:
                    found[name], rest = rest, []
            elif rest:
                found[name] = self._value(name, rest.pop(0), None)
        if rest:
            raise _NotPlainError


def _without_none(kind: Any) -> Any:
    """What a value is that is given: `str` of `str | None`."""
    parts = [part for part in get_args(kind) if part is not type(None)]
    return parts[0] if len(parts) == 1 and type(None) in get_args(kind) else kind


def _member(kind: EnumType, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise _NotPlainError from None
