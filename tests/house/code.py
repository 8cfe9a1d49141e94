"""How large the code is and how it reads: modules, functions, names, docstrings, words, imports."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "ppa_assigner"
WORDS = ("is no", "are no", "beside", "whoever", "anew", "told", "so many seconds")
"""Words of a private dialect, counted in all text of the package."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One file: its path below the package, its text and its syntax."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The package right below ours, or `.`."""
        return self.path.parts[0] if len(self.path.parts) > 1 else "."

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())


def modules(package: Path = PACKAGE) -> list[Module]:
    """All of a package."""
    texts = {path.relative_to(package): path.read_text() for path in sorted(package.rglob("*.py"))}
    return [Module(path, text, ast.parse(text)) for path, text in texts.items()]


def sizes(found: list[Module]) -> dict[str, tuple[int, int]]:
    """Modules and lines of each room."""
    rooms: dict[str, list[Module]] = defaultdict(list)
    for module in found:
        rooms[module.room].append(module)
    return {room: (len(each), sum(one.lines for one in each)) for room, each in sorted(rooms.items())}


class Lengths(NamedTuple):
    """Of functions, in lines with their heads and docstrings."""

    all: int
    median: int
    ninetieth: int
    longest: int


def lengths(found: list[Module]) -> Lengths:
    """Of all functions, methods and inner functions."""
    lines = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
    )
    return Lengths(len(lines), int(median(lines)), lines[len(lines) * 9 // 10], lines[-1])


def classes_twice(found: list[Module]) -> dict[str, int]:
    """Names of classes that several modules give to one of theirs."""
    names = Counter(
        node.name for module in found for node in module.tree.body if isinstance(node, ast.ClassDef)
    )  # fmt: skip
    return {name: count for name, count in sorted(names.items()) if count > 1}


def modules_twice(found: list[Module]) -> dict[str, int]:
    """Names of modules that there are several of."""
    names = Counter(module.path.stem for module in found if not module.path.stem.startswith("__"))
    return {name: count for name, count in sorted(names.items()) if count > 1}


def documented(found: list[Module]) -> tuple[int, int]:
    """How many modules, public classes and public functions have a docstring, of how many."""
    nodes = [node for module in found for node in (module.tree, *_public(module.tree))]
    return sum(ast.get_docstring(node) is not None for node in nodes), len(nodes)


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | Function]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def words(found: list[Module]) -> dict[str, int]:
    """How often each of `WORDS` is used."""
    text = "\n".join(module.text for module in found)
    return {word: len(re.findall(rf"\b{word}\b", text, re.IGNORECASE)) for word in WORDS}


def knots(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other, the largest first."""
    reach = {node: _reached(edges, node) for node in edges}
    groups = {frozenset(other for other in reach[node] if node in reach.get(other, ())) for node in edges}
    return sorted((sorted(group) for group in groups if len(group) > 1), key=len, reverse=True)


def _reached(edges: Mapping[str, set[str]], start: str) -> set[str]:
    found, open_ = set[str](), [*edges[start]]
    while open_:
        node = open_.pop()
        if node not in found:
            found.add(node)
            open_ += edges.get(node, ())
    return found
