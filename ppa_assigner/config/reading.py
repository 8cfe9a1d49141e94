"""A configuration file as a document: the nodes of YAML become plain values whose lines are kept.

Rule: no tag builds an object; what aliases stand for is bounded; every other oddity of YAML (keys that stand twice,
keys that are no words) is a mistake with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ..record import unstorable
from .document import Document, Place, spelled
from .nodes import MAX_DEPTH, MAX_NODES, TAG, TOO_MANY, composed, text_of
from .values import shown

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,500}")  # Python itself ends at some thousands of digits, or where it is told to
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_Pair = tuple[yaml.Node, yaml.Node]


def read(path: Path) -> Document:
    """The document in this file.  Raises ConfigError when the file cannot be read or is not YAML of one section."""
    document = Document(str(path))
    text = text_of(document, path)
    document.check()
    root = composed(document, text)
    document.check()
    if root is not None:
        _Reading(document).run(root)
    return document


class _Reading:
    """One walk over the nodes of a document, which fills in its data and lines."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = MAX_NODES  # aliases are counted as often as they are used

    def run(self, root: yaml.Node) -> None:
        self._document.lines[()] = _line(root)
        try:
            self._document.data = self._value(root, ())
        except _TooMuchError as error:
            self._document.note(_line(error.node), str(error))
            self._document.check()

    def _value(self, node: yaml.Node, place: Place) -> Any:
        self._count(node, len(place))
        if node.tag not in _TAGS:
            self._document.blame(place, f"the tag {shown(node.tag)} is not known here; take it away")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._section(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _count(self, node: yaml.Node, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError(node, TOO_MANY)
        if depth > MAX_DEPTH:
            raise _TooMuchError(node, "nested too deep: an alias stands within what it means")

    def _item(self, node: yaml.Node, place: Place) -> Any:
        self._document.lines[place] = _line(node)
        return self._value(node, place)

    def _section(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in self._pairs(node, len(place)):
            name = self._key(key)
            if name is None:
                continue
            here = (*place, name)
            if name in values:
                first = self._document.line(here)
                self._document.note(
                    _line(key), f"{spelled(here)}: stands twice; first in line {first}: keep one of them"
                )
            else:
                self._document.lines[here] = _line(key)
                values[name] = self._value(value, here)
        return values

    def _pairs(self, node: yaml.MappingNode, depth: int) -> list[_Pair]:
        """The pairs of a mapping, and those merged into it (`<<`) that neither it nor an earlier one sets."""
        pairs = [pair for pair in node.value if pair[0].tag != f"{TAG}merge"]
        known = {key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode)}
        for key, value in node.value:
            for pair in self._merged(value, depth + 1) if key.tag == f"{TAG}merge" else ():
                if pair[0].value not in known:
                    known.add(pair[0].value)
                    pairs.append(pair)
        return pairs

    def _merged(self, node: yaml.Node, depth: int) -> Iterator[_Pair]:
        self._count(node, depth)
        if isinstance(node, yaml.MappingNode):
            self._left -= len(node.value)
            yield from (pair for pair in self._pairs(node, depth) if isinstance(pair[0], yaml.ScalarNode))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from self._merged(item, depth + 1)
        else:
            self._document.note(_line(node), "<<: expects an alias of a section, like *common")

    def _key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._document.note(_line(node), "a key must be a single word; put text with braces or brackets in quotes")
        elif unstorable(node.value):
            self._document.note(
                _line(node), f"the key {shown(node.value)} holds NUL or half a surrogate pair; take it out"
            )
        else:
            return str(node.value)
        return None

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        try:
            value = _READERS[node.tag](node.value)
        except (ValueError, KeyError):
            wrong = "is too large a number" if _NUMBER.fullmatch(node.value) else "is not what its tag says"
            cure = "no option takes it" if _NUMBER.fullmatch(node.value) else "take the tag away"
            self._document.blame(place, f"{shown(node.value)} {wrong}; {cure}")
            return None
        if isinstance(value, str) and unstorable(value):
            self._document.blame(place, f"{shown(value)} holds NUL or half a surrogate pair; Launchpad cannot keep it")
        return value


class _TooMuchError(Exception):
    def __init__(self, node: yaml.Node, text: str) -> None:
        super().__init__(text)
        self.node = node


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _finite(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


_READERS: dict[str, Callable[[str], Any]] = {
    f"{TAG}null": lambda _: None,
    f"{TAG}bool": lambda text: _WORDS[text.lower()],
    f"{TAG}int": _integer,
    f"{TAG}float": _finite,
    f"{TAG}str": str,
    f"{TAG}merge": str,
}
_TAGS = {*_READERS, f"{TAG}map", f"{TAG}seq"}
