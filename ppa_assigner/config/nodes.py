"""Bytes to text to the nodes of YAML, each of which knows its line.

Rule: whatever the bytes are, the end is nodes or a mistake, never another exception; plain words mean only what is
written (no dates, octal or base-60 numbers), and nesting is bounded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from .document import Document
from .values import ascii_only

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 50_000
TOO_MANY = f"the file holds more than {MAX_NODES} values, aliases included; is it the right one?"
TAG = "tag:yaml.org,2002:"


# -- bytes to text ------------------------------------------------------------------------------------------------


def text_of(document: Document, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        document.note(1, _unreadable(error))
        return ""
    if len(content) > MAX_BYTES:
        document.note(1, f"the file is larger than {MAX_BYTES >> 20} MiB; is it the right one?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        document.note(line, "this line is not UTF-8; save the file in that encoding")
    return ""


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; name one with --config, or start from the shipped config/ppas.yaml"
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


def composed(document: Document, text: str) -> yaml.Node | None:
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.note(line, "this line holds a control character that YAML does not allow; take it out")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.note(mark.line + 1 if mark else 1, _garbled(error, _current(text, mark)))
    except (yaml.YAMLError, ValueError, OverflowError):  # the parser leaks those of int() and chr()
        document.note(loader.line + 1 if loader else 1, "this is not YAML: there is no character of that number")
    return None


def _current(text: str, mark: yaml.Mark | None) -> str:
    return text[mark.index : mark.index + 1] if mark else ""


def _garbled(error: yaml.MarkedYAMLError, character: str) -> str:
    problem = ascii_only(" ".join(filter(None, (error.context, error.problem))))
    if error.problem == TOO_MANY:
        return TOO_MANY
    if character == "\t":
        return "a tab stands here; indent with spaces"
    if character == "{" and "expected" in problem:
        return "this is not YAML; put a PPA with a {range} in quotes"
    return f"this is not YAML: {problem[:200]}"
