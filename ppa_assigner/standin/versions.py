"""Debian versions: which of two is higher.

Only the comparison; whether a text is a valid version is not asked.
"""

import re
from functools import lru_cache
from itertools import zip_longest


@lru_cache(maxsize=4096)
def _parts(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch) if epoch.isdigit() else 0, upstream, revision


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


Piece = tuple[list[int], int]
END: Piece = ([0], 0)


def _pieces(text: str) -> list[Piece]:
    return [([*map(_weight, letters), 0], int(digits or 0)) for letters, digits in re.findall(r"(\D*)(\d*)", text)]


def _compare_text(one: str, other: str) -> int:
    for a, b in zip_longest(_pieces(one), _pieces(other), fillvalue=END):
        if a != b:
            return 1 if a > b else -1
    return 0


def compare(one: str, other: str) -> int:
    """Negative, 0 or positive as the first is lower, the same or higher."""
    (epoch, upstream, revision), (epoch2, upstream2, revision2) = _parts(one), _parts(other)
    if epoch != epoch2:
        return epoch - epoch2
    return _compare_text(upstream, upstream2) or _compare_text(revision, revision2)


def satisfies(version: str, relation: str, wanted: str) -> bool:
    """Whether a version stands in that relation (as in `Depends`) to another."""
    order = compare(version, wanted)
    return {"<<": order < 0, "<=": order <= 0, "=": order == 0, ">=": order >= 0, ">>": order > 0}[relation]
