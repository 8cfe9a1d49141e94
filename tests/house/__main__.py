"""Figures of the code base as a whole, "the house": its size and words, and a request's way through it: `make house`.

It prints figures and judges none of them; what must hold is held by tests/test_layout.py, and by test_house.py.
`python -m tests.house TESTS` tells which modules of the supervisor call each other in these tests.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ..test_layout import graph
from . import code, moves


def size() -> list[str]:
    """Modules, lines, functions."""
    found = code.modules()
    rooms = code.sizes(found)
    told = code.lengths(found)
    return [
        *(f"{room:12} {count:4} modules {lines:6} lines" for room, (count, lines) in rooms.items()),
        f"{'all':12} {len(found):4} modules {sum(lines for _, lines in rooms.values()):6} lines",
        f"functions: {told.all}; lines of one: {told.median} median, {told.ninetieth} at the 90th percentile, "
        f"{told.longest} at the most",
    ]


def words() -> list[str]:
    """Names, docstrings, words."""
    found = code.modules()
    own = [module for module in found if module.room != "standin"]
    told, all_ = code.documented(found)
    return [
        f"class names of several modules: {_listed(code.classes_twice(own))}",
        f"module names of several packages: {_listed(code.modules_twice(own))}",
        f"with a docstring: {told} of {all_} modules, public classes and functions ({100 * told / all_:.1f} %)",
        f"words: {_listed(code.words(own))}",
    ]


def cycles() -> list[str]:
    """Imports and calls that lead back to where they began."""
    imports = code.knots(graph())
    life = moves.a_life().edges("supervisor")
    called = code.knots(life)
    return [
        f"imports: {len(imports)} cycles (in functions and for the type checker, too)",
        *(f"    {' '.join(knot)}" for knot in imports),
        f"calls between the modules of the supervisor, in a lease's life: {sum(map(len, life.values()))} edges, "
        f"{len(called)} knots; {sum(map(len, called))} of {len(life)} modules are in one",
        *(f"    {' '.join(name.removeprefix('supervisor/') for name in knot)}" for knot in called),
    ]


def way() -> list[str]:
    """One uncontended assign, from the supervisor's call to the settled future."""
    seen = moves.one_assign()
    between = seen.between
    rooms = sorted({name.partition("/")[0] for edge in between for name in edge})
    inside = {
        room: sum(count for edge, count in between.items() if all(f"{name}/".startswith(f"{room}/") for name in edge))
        for room in rooms
    }
    return [
        f"one assign: {seen.total} calls of functions in {len(seen.files)} files",
        f"    from file to file: {between.total()}",
        f"    within a package: {_listed({room: count for room, count in inside.items() if count})}",
        f"    between packages: {between.total() - sum(inside.values())}",
    ]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def main() -> None:
    """Print all of it."""
    for title, part in (("size", size), ("words", words), ("cycles", cycles), ("the way of a request", way)):
        print(f"== {title}", *part(), sep="\n", flush=True)  # noqa: T201 - figures for people


def of_tests(*arguments: str) -> None:
    """Print which modules of the supervisor call each other in these tests."""
    called = moves.of_tests(*arguments).edges("supervisor")
    knots = code.knots(called)
    print(f"{sum(map(len, called.values()))} edges between {len(called)} modules, {len(knots)} knots", *knots, sep="\n")  # noqa: T201 - figures for people


if __name__ == "__main__":
    of_tests(*sys.argv[1:]) if sys.argv[1:] else main()
