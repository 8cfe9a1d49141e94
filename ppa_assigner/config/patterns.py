"""PPAs as a list names them: one, or many that differ in numbers, like `~owner/ubuntu/name-{001..020}`.

Rule: a pattern is counted before it is expanded; ValueError holds one sentence for people.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..reference import Reference, swapped
from .parsers import quote_value

MAX_PPAS = 10_000
EXAMPLE = 'ppas: ["~owner/ubuntu/pool-{001..020}"]'
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One item of a list of PPAs: text between ranges of numbers."""

    pieces: tuple[str, ...]
    ranges: tuple[tuple[range, int], ...]  # numbers, and to how many digits they are padded

    @property
    def count(self) -> int:
        """How many PPAs are meant."""
        return math.prod(len(numbers) for numbers, _ in self.ranges)

    def expand(self) -> Iterator[Reference]:
        """The PPAs in order.  Look at `count` first."""
        numbers = [[f"{number:0{width}}" for number in numbers] for numbers, width in self.ranges]
        for chosen in itertools.product(*numbers):
            parts = itertools.zip_longest(self.pieces, chosen, fillvalue="")
            yield Reference.parse("".join(itertools.chain.from_iterable(parts)))


def parse_pattern(text: str) -> Pattern:
    """A PPA, or PPAs that differ in a number: `~owner/ubuntu/name-{001..020}`."""
    split = _BRACES.split(text)
    found = Pattern(tuple(split[::2]), tuple(_range(body) for body in split[1::2]))
    if found.count > MAX_PPAS:
        raise ValueError(f"{quote_value(text)} means more than {MAX_PPAS} PPAs")
    try:
        next(found.expand())  # they differ in digits only: when one can be parsed, all can
    except ValueError:
        wrong = swapped(text) or "is not a PPA like ~owner/ubuntu/name or ppa:owner/name"
        raise ValueError(f"{quote_value(text)} {wrong}") from None
    return found


def _range(body: str) -> tuple[range, int]:
    match = _RANGE.fullmatch(body)
    if not match:
        raise ValueError(f"{quote_value('{' + body + '}')} is not a range; a range of numbers looks like {{001..020}}")
    first, last = match.groups()
    if int(first) > int(last):
        raise ValueError(f"the range {{{body}}} is reversed; write {{{last}..{first}}}")
    padded = any(end != "0" and end.startswith("0") for end in (first, last))
    return range(int(first), int(last) + 1), max(len(first), len(last)) if padded else 0


def parse_dependency(text: str) -> str:
    """A PPA as `~owner/ubuntu/name`, or an archive of a distribution as Launchpad writes it: `ubuntu`."""
    if all(_NAME.fullmatch(part) for part in text.split("/")) and text.count("/") < 2:
        return text
    try:
        return str(Reference.parse(text))
    except ValueError:
        wrong = swapped(text) or "is neither a PPA like ~owner/ubuntu/name nor an archive like ubuntu"
        raise ValueError(f"{quote_value(text)} {wrong}") from None
