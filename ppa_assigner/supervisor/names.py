"""Which names of a growing pool's range are used: as a listing shows it, or by reading one name after the other.

Invariant: a name is not known only if a read of it said 404 and a later read said that no deleted PPA had it †; where a
listing takes several requests it is not a snapshot, so names are read from the first one on that is neither in it nor
known to be gone for good, up to the first that is not known † (docs/explanation/launchpad.md#deleted-ppas).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..port import AccessDenied, Entry, Launchpad, Look, Unavailable
from ..reference import Reference

GONE = "-deletedppa"


@dataclass(frozen=True, slots=True)
class NamesFound:
    """The names of the ranges of one owner that are there, the names of PPAs that are gone for good, and the entries of
    those that were read singly.  `whole`: all PPAs of the owner were listed.
    """

    present: frozenset[Reference]
    gone: frozenset[Reference]
    whole: bool
    entries: Mapping[Reference, Entry] = field(default_factory=dict)

    def first_unknown(self, names: Collection[Reference]) -> Reference | None:
        """The first of these names that no PPA has, or ever had."""
        return next((name for name in names if name not in self.present and name not in self.gone), None)


class NameReader:
    """Remembers which names are gone for good: a name that was used once never becomes unknown again."""

    def __init__(self, launchpad: Launchpad) -> None:
        self._launchpad = launchpad
        self.gone: set[Reference] = set()
        """Those that are gone for good, as far as was ever read."""

    def find(
        self, look: Look, ranges: Collection[tuple[Reference, ...]], known: Collection[Reference], *, listed: bool
    ) -> NamesFound | Unavailable:
        """What the names of these ranges are.  `listed`: the look is a listing; else only the `known` are there for
        certain, and all others are read.
        """
        names = [name for names in ranges for name in names]
        self.gone.update(name for name in names if name._replace(name=name.name + GONE) in look.named)
        there = {name for name in names if name in (look.named if listed else frozenset(known))}
        read: dict[Reference, Entry] = {}
        if not listed or look.requests > 1:
            for each in ranges:
                if (trouble := self._read(each, there, read)) is not None:
                    return trouble
        return NamesFound(frozenset(there), frozenset(self.gone - there), listed, read)

    def _read(
        self, names: tuple[Reference, ...], there: set[Reference], read: dict[Reference, Entry]
    ) -> Unavailable | None:
        for name in names:
            if name in there or name in self.gone:
                continue
            answer = self._launchpad.read(name)
            if isinstance(answer, Unavailable):
                return answer
            if isinstance(answer, Entry):
                read[name] = answer
            if isinstance(answer, Entry | AccessDenied) or answer.status is None:
                there.add(name)
                continue
            trouble = self._read_gone(name)
            if trouble is not None or name not in self.gone:
                return trouble
        return None

    def _read_gone(self, name: Reference) -> Unavailable | None:
        answer = self._launchpad.deleted(name)
        if isinstance(answer, Unavailable):
            return answer
        if answer.descriptions:
            self.gone.add(name)
        return None
