"""JSON read strictly: what two readers could understand differently is refused.

Rule: no duplicate fields, and no constants that are not JSON.  What the value means is for the caller.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def loads(text: str, *, integer: Callable[[str], int] = int) -> Any:
    """The value of a JSON text; `integer` reads its whole numbers.  Raises ValueError, and RecursionError for a text
    that is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_int=integer)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
