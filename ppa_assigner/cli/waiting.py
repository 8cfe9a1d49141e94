"""How a pool stands in which no PPA is free, in a few words: counts, the place in the line, the earliest end.

Rule: it is read from the problem document alone, and what that does not say is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..times import age


def standing(problem: Mapping[str, Any]) -> str:
    """Like `3 used, 1 dirty, 1 quarantined; place 2 in the line; the earliest ends in 12m`."""
    parts = (_counted(problem.get("counts")), _place(problem.get("position")), _earliest(problem))
    return "; ".join(part for part in parts if part)


def _counted(counts: object) -> str:
    known = counts if isinstance(counts, Mapping) else {}
    shown = [*_some(known.get("state"), ()), *_some(known.get("condition"), ("ok",))]
    return ", ".join(shown)


def _some(counts: object, left_out: tuple[str, ...]) -> list[str]:
    known = counts if isinstance(counts, Mapping) else {}
    return [f"{count} {name}" for name, count in known.items() if count and name not in left_out]


def _place(position: object) -> str:
    return f"place {position} in the line" if isinstance(position, int) else ""


def _earliest(problem: Mapping[str, Any]) -> str:
    try:
        end = datetime.fromisoformat(str(problem.get("next_ends")))
    except ValueError:
        return ""
    return f"the earliest lease ends in {age((end - datetime.now(UTC)).total_seconds())}"
