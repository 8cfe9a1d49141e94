"""The labels of a PPA: those that the configuration gives it, and those that Launchpad tells of it, `lp/…`.

Rule: what Launchpad has not told yet is not there, and `untold` says so: nothing may be concluded from its absence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .reference import Reference
from .selectors import EVERYTHING, Operator, Requirement, Selector, key_fault, value_fault

TOLD = "lp/"
"""The prefix of the keys that Launchpad tells; the configuration has none of these."""
ARCH = f"{TOLD}arch-"
"""The prefix of the key that stands for a processor that a PPA builds for."""
_PRIVATE = f"{TOLD}private"


@dataclass(frozen=True, slots=True)
class PpaLabels:
    """The labels of a PPA as far as they are known; keys that begin with one of `untold` are not."""

    values: Mapping[str, str]
    untold: tuple[str, ...] = ()

    def judge(self, selector: Selector) -> bool | None:
        """Whether a selector selects the PPA; None while that cannot be said."""
        return True if selector is EVERYTHING else selector.judge(self.values, self.untold)


NO_LABELS = PpaLabels({})


@dataclass(frozen=True, slots=True)
class LabelIndex:
    """The labels of many PPAs, so kept that a selector is judged for all of them at once.  A set of PPAs is a number
    in which the bit `n` stands for the n-th: `having` a key, `equal` to it in a value, and with keys `untold` that
    begin so.
    """

    all: int
    having: Mapping[str, int]
    equal: Mapping[tuple[str, str], int]
    untold: Mapping[str, int]

    def judge(self, selector: Selector) -> tuple[int, int]:
        """Those that a selector selects, and those of which that cannot be said: as `PpaLabels.judge` of each."""
        possible, unsure = self.all, 0
        for one in selector.requirements:
            hidden = self._hidden(one.key) if self.untold else 0
            possible &= self._matching(one) | hidden
            unsure |= hidden
        return possible & ~unsure, possible & unsure

    def _matching(self, one: Requirement) -> int:
        match one.operator:
            case Operator.IN:
                return self._equal(one)
            case Operator.NOT_IN:
                return self.all & ~self._equal(one)
            case Operator.EXISTS:
                return self.having.get(one.key, 0)
            case Operator.ABSENT:
                return self.all & ~self.having.get(one.key, 0)

    def _equal(self, one: Requirement) -> int:
        found = 0
        for value in one.values:
            found |= self.equal.get((one.key, value), 0)
        return found

    def _hidden(self, key: str) -> int:
        found = 0
        for prefix, ppas in self.untold.items():
            if key.startswith(prefix):
                found |= ppas
        return found


def index_of(labels: Iterable[PpaLabels]) -> LabelIndex:
    """The index of these, in their order."""
    having: defaultdict[str, int] = defaultdict(int)
    equal: defaultdict[tuple[str, str], int] = defaultdict(int)
    untold: defaultdict[str, int] = defaultdict(int)
    bit = 1
    for each in labels:
        for label in each.values.items():
            having[label[0]] |= bit
            equal[label] |= bit
        for prefix in each.untold:
            untold[prefix] |= bit
        bit <<= 1
    return LabelIndex(bit - 1, dict(having), dict(equal), dict(untold))


def labels_of(
    ppa: Reference,
    configured: Mapping[str, str],
    private: bool | None,
    processors: Collection[str] | None,
) -> PpaLabels:
    """The labels of a PPA with these from the configuration; None stands for what Launchpad has not told."""
    told = dict(_told(ppa, private, processors))
    usable = {key: value for key, value in told.items() if key_fault(key) is None and value_fault(value) is None}
    missing = ((_PRIVATE, private), (ARCH, processors))
    return PpaLabels({**configured, **usable}, tuple(key for key, value in missing if value is None))


def _told(ppa: Reference, private: bool | None, processors: Collection[str] | None) -> Iterator[tuple[str, str]]:
    """Names in Launchpad may have a `+`, which labels have not: the caller leaves such a label out."""
    yield f"{TOLD}owner", ppa.owner
    yield f"{TOLD}distribution", ppa.distribution
    if private is not None:
        yield _PRIVATE, "true" if private else "false"
    for processor in processors or ():
        yield ARCH + processor, ""
