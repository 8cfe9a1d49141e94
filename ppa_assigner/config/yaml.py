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
ENDLESS = "nested too deep: an alias stands within what it means"
NULL, BOOL, INT, FLOAT, STR, MERGE, MAP, SEQ = (
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "merge", "map", "seq")
)


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
    """YAML whose plain words mean only what is written, and whose size and depth are bounded, aliases included."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._size = self._depth = self._deepest = 0
        self._whole: dict[yaml.Node, tuple[int, int]] = {}  # how many values each holds, and how deep they are in it

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        is_alias, mark = self.check_event(yaml.AliasEvent), self.current_event.start_mark
        before, outer = self._size, self._deepest
        self._depth += 1
        self._grow(1, 0, mark)
        node = super().compose_node(parent, index)
        if is_alias:
            if node not in self._whole:
                raise yaml.MarkedYAMLError(problem=ENDLESS, problem_mark=mark)
            self._grow(*self._whole[node], mark)
        elif node is not None:
            self._whole[node] = self._size - before, self._deepest - self._depth
        self._depth -= 1
        self._deepest = max(outer, self._deepest)
        return node

    def _grow(self, size: int, height: int, mark: yaml.Mark) -> None:
        self._size += size
        self._deepest = self._depth + height
        if self._deepest > MAX_DEPTH or self._size > MAX_NODES:
            problem = "nested too deep" if self._deepest > MAX_DEPTH else TOO_MANY
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]{1,500}", text):  # Python's own limit may be configured
        raise ValueError(text)
    return int(text)


def _finite(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SCALARS: dict[str, tuple[str | None, Callable[[str], Any]]] = {
    NULL: (r"(?:~|null|Null|NULL|)", lambda _: None),
    BOOL: (r"(?i:true|yes|on|false|no|off)", lambda text: _BOOLEANS[text.lower()]),
    INT: (r"[-+]?[0-9]+", _integer),
    FLOAT: (r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", _finite),
    MERGE: (r"<<", str),
    STR: (None, str),
}
"""What plain words of each kind look like, and how they, and what has that tag, are read."""
for _tag, (_form, _) in _SCALARS.items():
    if _form is not None:
        _Loader.add_implicit_resolver(_tag, re.compile(rf"{_form}\Z"), None)


def _compose(document: Document, text: str) -> yaml.Node | None:
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.report_line(line, "this line holds a control character that YAML does not allow; take it out")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.report_line(mark.line + 1 if mark else 1, _syntax_message(error, _character_at(text, mark)))
    except (yaml.YAMLError, ValueError, OverflowError):  # the parser leaks those of int() and chr()
        document.report_line(loader.line + 1 if loader else 1, "this is not YAML: there is no character of that number")
    else:
        return root
    return None


def _character_at(text: str, mark: yaml.Mark | None) -> str:
    return text[mark.index : mark.index + 1] if mark else ""


def _syntax_message(error: yaml.MarkedYAMLError, character: str) -> str:
    problem = ascii_only(" ".join(filter(None, (error.context, error.problem))))
    if error.problem in (TOO_MANY, ENDLESS):
        return problem
    if character == "\t":
        return "a tab stands here; indent with spaces"
    if character == "{" and "expected" in problem:
        return "this is not YAML; put a PPA with a {range} in quotes"
    return f"this is not YAML: {problem[:200]}"


# -- nodes to values ----------------------------------------------------------------------------------------------


def read_document(path: Path) -> Document:
    """The document in this file.  Raises ConfigError when the file cannot be read or is not YAML of one section."""
    document = Document(str(path))
    text = _read_text(document, path)
    document.check()
    root = _compose(document, text)
    if root is None:
        document.check()
    else:
        document.lines[()] = _line(root)
        document.data = _value(document, root, ())
    return document


def _value(document: Document, node: yaml.Node, path: KeyPath) -> Any:
    if isinstance(node, yaml.MappingNode) and node.tag == MAP:
        return _section(document, node, path)
    if isinstance(node, yaml.SequenceNode) and node.tag == SEQ:
        document.lines.update(((*path, index), _line(item)) for index, item in enumerate(node.value))
        return [_value(document, item, (*path, index)) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
        return _scalar(document, node, path)
    document.report(path, f"the tag {quote_value(node.tag)} is not known here; take it away")
    return None


def _section(document: Document, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for own, (key, value) in _pairs(document, node):
        if (wrong := _wrong_key(key)) is not None:
            document.report_line(_line(key), wrong)
            continue
        here = (*path, key.value)
        if key.value not in values:
            document.lines[here] = _line(key)
            values[key.value] = _value(document, value, here)
        elif own:
            text = f"stands twice; first in line {document.line(here)}: keep one of them"
            document.report_line(_line(key), f"{format_path(here)}: {text}")
    return values


def _pairs(document: Document, node: yaml.Node, own: bool = True) -> Iterator[tuple[bool, tuple[yaml.Node, yaml.Node]]]:
    """The pairs of a mapping: first its own, then what is merged into it (`<<`), of which the first counts."""
    if isinstance(node, yaml.MappingNode):
        yield from ((own, pair) for pair in node.value if pair[0].tag != MERGE)
        merged = [value for key, value in node.value if key.tag == MERGE]
    elif isinstance(node, yaml.SequenceNode):
        merged = node.value
    else:
        document.report_line(_line(node), "<<: expects an alias of a section, like *common")
        return
    for inner in merged:
        yield from _pairs(document, inner, own=False)


def _wrong_key(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.ScalarNode):
        return "a key must be a single word; put text with braces or brackets in quotes"
    if unstorable(node.value):
        return f"the key {quote_value(node.value)} holds NUL or half a surrogate pair; take it out"
    return None


def _scalar(document: Document, node: yaml.ScalarNode, path: KeyPath) -> Any:
    try:
        value = _SCALARS[node.tag][1](node.value)
    except (ValueError, KeyError):
        wrong = "is not what its tag says; take the tag away"
        if _NUMBER.fullmatch(node.value):
            wrong = "is too large a number; no option takes it"
        document.report(path, f"{quote_value(node.value)} {wrong}")
        return None
    if isinstance(value, str) and unstorable(value):
        document.report(path, f"{quote_value(value)} holds NUL or half a surrogate pair; Launchpad cannot keep it")
    return value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
