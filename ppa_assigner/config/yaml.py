"""A configuration file as a document: bytes, text, the nodes of YAML, and plain values whose lines are kept.

Rule: whatever the bytes are, the end is a document or a mistake with its line, never another exception.  Plain words
mean only what is written (no dates, octal or base-60 numbers); no tag builds an object; nesting, and what aliases stand
for, is bounded; keys that stand twice or are not words are mistakes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ..record import unstorable
from .document import Document, KeyPath, format_path
from .parsers import ascii_only, quote_value

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 50_000
TOO_MANY = f"the file holds more than {MAX_NODES} values, aliases included; is it the right one?"
TAG = "tag:yaml.org,2002:"


# -- bytes to text ------------------------------------------------------------------------------------------------


def _read_text(document: Document, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        document.report_line(1, _unreadable(error))
        return ""
    if len(content) > MAX_BYTES:
        document.report_line(1, f"the file is larger than {MAX_BYTES >> 20} MiB; is it the right one?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        document.report_line(line, "this line is not UTF-8; save the file in that encoding")
    return ""


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "this file does not exist; name one with --config, or have ppa-assigner init write an example"
    if isinstance(error, IsADirectoryError):
        return "this is a directory; name the file in it"
    if isinstance(error, PermissionError):
        return "this user may not read the file; change its permissions or its owner"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"the file cannot be read: {ascii_only(reason)}"


# -- text to nodes ------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML whose plain words mean only what is written: no dates, octal or base-60 numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    _depth = 0
    _left = MAX_NODES

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._left -= 1
        if self._depth > MAX_DEPTH or self._left < 0:
            problem = "nested too deep" if self._depth > MAX_DEPTH else TOO_MANY
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_PLAIN = {
    "null": (r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    "bool": (r"(?i:true|yes|on|false|no|off)", list("tTyYoOfFnN")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    "merge": (r"<<", ["<"]),
}
for _kind, (_form, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(TAG + _kind, re.compile(rf"{_form}\Z"), _first)


def _compose(document: Document, text: str) -> yaml.Node | None:
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.report_line(line, "this line holds a control character that YAML does not allow; take it out")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.report_line(mark.line + 1 if mark else 1, _syntax_message(error, _character_at(text, mark)))
    except (yaml.YAMLError, ValueError, OverflowError):  # the parser leaks those of int() and chr()
        document.report_line(loader.line + 1 if loader else 1, "this is not YAML: there is no character of that number")
    return None


def _character_at(text: str, mark: yaml.Mark | None) -> str:
    return text[mark.index : mark.index + 1] if mark else ""


def _syntax_message(error: yaml.MarkedYAMLError, character: str) -> str:
    problem = ascii_only(" ".join(filter(None, (error.context, error.problem))))
    if error.problem == TOO_MANY:
        return TOO_MANY
    if character == "\t":
        return "a tab stands here; indent with spaces"
    if character == "{" and "expected" in problem:
        return "this is not YAML; put a PPA with a {range} in quotes"
    return f"this is not YAML: {problem[:200]}"


_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INTEGER = re.compile(
    r"[-+]?[0-9]{1,500}"
)  # Python's own limit is some thousands of digits, or what it is configured to
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_Pair = tuple[yaml.Node, yaml.Node]


def read_document(path: Path) -> Document:
    """The document in this file.  Raises ConfigError when the file cannot be read or is not YAML of one section."""
    document = Document(str(path))
    text = _read_text(document, path)
    document.check()
    root = _compose(document, text)
    document.check()
    if root is not None:
        _NodeReader(document).run(root)
    return document


class _NodeReader:
    """One walk over the nodes of a document, which fills in its data and lines."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = MAX_NODES  # aliases are counted as often as they are used

    def run(self, root: yaml.Node) -> None:
        self._document.lines[()] = _line(root)
        try:
            self._document.data = self._value(root, ())
        except _LimitError as error:
            self._document.report_line(_line(error.node), str(error))
            self._document.check()

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count(node, len(path))
        if node.tag not in _TAGS:
            self._document.report(path, f"the tag {quote_value(node.tag)} is not known here; take it away")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._section(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _count(self, node: yaml.Node, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise _LimitError(node, TOO_MANY)
        if depth > MAX_DEPTH:
            raise _LimitError(node, "nested too deep: an alias stands within what it means")

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        self._document.lines[path] = _line(node)
        return self._value(node, path)

    def _section(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in self._pairs(node, len(path)):
            name = self._key(key)
            if name is None:
                continue
            here = (*path, name)
            if name in values:
                first = self._document.line(here)
                self._document.report_line(
                    _line(key), f"{format_path(here)}: stands twice; first in line {first}: keep one of them"
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
            self._document.report_line(_line(node), "<<: expects an alias of a section, like *common")

    def _key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._document.report_line(
                _line(node), "a key must be a single word; put text with braces or brackets in quotes"
            )
        elif unstorable(node.value):
            self._document.report_line(
                _line(node), f"the key {quote_value(node.value)} holds NUL or half a surrogate pair; take it out"
            )
        else:
            return str(node.value)
        return None

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        try:
            value = _READERS[node.tag](node.value)
        except (ValueError, KeyError):
            wrong = "is too large a number" if _NUMBER.fullmatch(node.value) else "is not what its tag says"
            cure = "no option takes it" if _NUMBER.fullmatch(node.value) else "take the tag away"
            self._document.report(path, f"{quote_value(node.value)} {wrong}; {cure}")
            return None
        if isinstance(value, str) and unstorable(value):
            self._document.report(
                path, f"{quote_value(value)} holds NUL or half a surrogate pair; Launchpad cannot keep it"
            )
        return value


class _LimitError(Exception):
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
    f"{TAG}bool": lambda text: _BOOLEANS[text.lower()],
    f"{TAG}int": _integer,
    f"{TAG}float": _finite,
    f"{TAG}str": str,
    f"{TAG}merge": str,
}
_TAGS = {*_READERS, f"{TAG}map", f"{TAG}seq"}
