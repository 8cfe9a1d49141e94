"""The labels of a PPA: those that the configuration gives it, and those that Launchpad tells of it, `lp/…`.

Rule: what Launchpad has not told yet is not there, and `untold` says so: nothing may be concluded from its absence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from .reference import Reference
from .selectors import EVERYTHING, Selector, key_fault, value_fault

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
