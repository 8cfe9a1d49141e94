"""Draws docs/explanation/life.svg, the life of a PPA, from the table that the automaton checks at every write.

Rule: states, moves and reasons are the table's; only where a state stands on the paper is chosen here.  Run it by
`python -m tests.docs.diagram`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from math import copysign, hypot
from pathlib import Path
from xml.sax.saxutils import escape

from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.record import State

FILE = Path(__file__).parents[2] / "docs" / "explanation" / "life.svg"
WIDTH, HEIGHT = 800, 470
BOX_WIDTH, BOX_HEIGHT, LINE = 200, 96, 15
ASIDE, LEVEL = 14, 0.1
PLACES: dict[State | None, tuple[int, int]] = {
    None: (120, 70),
    State.DIRTY: (450, 70),
    State.FREE: (230, 390),
    State.USED: (670, 390),
    State.DISCARDED: (690, 70),
}
NAMELESS = "no record"
Move = tuple[State | None, State]
STYLE = """
    svg { color-scheme: light dark; font: 13px sans-serif; }
    .paper { fill: #ffffff; } .box { fill: #f1f3f5; stroke: #495057; }
    text { fill: #212529; } .state { font-weight: bold; font-size: 15px; } .stays { fill: #495057; font-size: 12px; }
    .move { stroke: #495057; stroke-width: 1.5; fill: none; } .head { fill: #495057; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #1e1f22; } .box { fill: #2b2d31; stroke: #ced4da; }
      text { fill: #f1f3f5; } .stays { fill: #ced4da; }
      .move { stroke: #ced4da; } .head { fill: #ced4da; }
    }"""


def moves() -> dict[Move, list[str]]:
    """From which state to which, and the reasons for it in the order of the table."""
    found: dict[Move, list[str]] = {}
    for reason, pairs in LEGAL.items():
        for pair in sorted(pairs, key=lambda pair: (_name(pair[0]), pair[1].value)):
            found.setdefault(pair, []).append(reason.value)
    return found


def picture() -> str:
    """The whole drawing."""
    found = moves()
    states = [one for one in PLACES if any(one in pair for pair in found)]
    if missing := {one for pair in found for one in pair} - set(states):
        raise ValueError(f"no place on the paper for {missing}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        f'     aria-label="{_said(found)}">',
        f"  <style>{STYLE}\n  </style>",
        '  <marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="head" d="M0 0 10 5 0 10z"/></marker>',
        f'  <rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        *(line for state in states for line in _box(state, found.get((state, state), []) if state else [])),
        *(line for move, reasons in found.items() if move[0] is not move[1] for line in _arrow(move, reasons)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _said(found: dict[Move, list[str]]) -> str:
    """The same in words, for whoever cannot see it."""
    told = (f"{_name(a)} to {_name(b)}: {', '.join(why)}" for (a, b), why in found.items() if a is not b)
    return escape(f"The life of a PPA. {'. '.join(told)}.")


def _name(state: State | None) -> str:
    return state.value if state is not None else NAMELESS


def _box(state: State | None, stays: list[str]) -> Iterator[str]:
    """A state, and the reasons for which it is written without leaving it."""
    x, y = PLACES[state]
    lines = textwrap.wrap(f"stays: {', '.join(stays)}", 29) if stays else []
    left, top = x - BOX_WIDTH // 2, y - BOX_HEIGHT // 2
    first = y + 5 - len(lines) * LINE // 2
    yield f'  <rect class="box" x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="10"/>'
    yield from _text(x, first, [_name(state)], "middle", "state")
    yield from _text(x, first + LINE + 2, lines, "middle", "stays")


def _arrow(move: Move, reasons: list[str]) -> Iterator[str]:
    """From edge to edge of the boxes; where there is a way back, both are drawn a little to the right of the middle."""
    (x1, y1), (x2, y2) = PLACES[move[0]], PLACES[move[1]]
    length = hypot(x2 - x1, y2 - y1)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    aside = ASIDE if (move[1], move[0]) in moves() else 0
    right, down = -dy * aside, dx * aside
    start, end = _to_edge(dx, dy, right, down), _to_edge(-dx, -dy, right, down)
    x1, y1 = round(x1 + right + dx * start), round(y1 + down + dy * start)
    x2, y2 = round(x2 + right - dx * end), round(y2 + down - dy * end)
    yield f'  <path class="move" d="M{x1} {y1} {x2} {y2}" marker-end="url(#head)"/>'
    yield from _beside((x1 + x2) // 2, (y1 + y2) // 2, dx, dy, reasons)


def _beside(x: int, y: int, dx: float, dy: float, reasons: list[str]) -> Iterator[str]:
    """The reasons above a level arrow, else on the right of one that goes up and on the left of one that goes down, as
    far away as the arrow's slope makes several lines need.
    """
    half = LINE * len(reasons) // 2
    if abs(dy) < LEVEL:
        yield from _text(x, y - 8 - LINE * (len(reasons) - 1), reasons, "middle")
    else:
        away = 10 + round(abs(dx / dy) * half)
        to_right = dy < 0
        yield from _text(x + (away if to_right else -away), y + 11 - half, reasons, "start" if to_right else "end")


def _to_edge(dx: float, dy: float, right: float, down: float) -> float:
    """How far it is, in that direction, from a point beside the middle of a box to just outside its edge."""
    across = (BOX_WIDTH / 2 - right * copysign(1, dx)) / abs(dx) if dx else float("inf")
    along = (BOX_HEIGHT / 2 - down * copysign(1, dy)) / abs(dy) if dy else float("inf")
    return min(across, along) + 3


def _text(x: int, y: int, lines: list[str], anchor: str, kind: str = "reason") -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f'  <text class="{kind}" x="{x}" y="{y + LINE * number}" text-anchor="{anchor}">{escape(line)}</text>'


if __name__ == "__main__":
    FILE.write_text(picture())
