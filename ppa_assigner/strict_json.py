"""JSON read strictly: what two readers could understand differently is refused.

Rule: no duplicate fields, and no constants that are not JSON.  What the value means is for the caller.
"""

from __future__ import annotations

import json
from typing import Any

EXACT_MAX = 2**53
"""Up to here every program that reads JSON reads a whole number as it stands."""


def loads(text: str, *, exact: bool = False) -> Any:
    """The value of a JSON text; `exact` refuses whole numbers beyond EXACT_MAX.  Raises ValueError, and RecursionError
    for a text that is nested too deeply.
    """
    integer = _exact if exact else int
    return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_int=integer)


def _exact(digits: str) -> int:
    """Check the digits before they are converted: Python refuses thousands, and other programs more than sixteen."""
    if len(digits) > len(str(-EXACT_MAX)) or abs(int(digits)) > EXACT_MAX:
        raise ValueError("a number beyond 2^53")
    return int(digits)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
