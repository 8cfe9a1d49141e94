"""What `doctor` reads in the descriptions of PPAs: states, and what a person has to look at.

Rule: reads records as the daemon does; says nothing of PPAs that are not in the configuration.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .findings import Finding, bad, few, good, note, warning

if TYPE_CHECKING:
    from ...config import Settings
    from ...launchpad.account import ListedPPA
    from ...record import Record, Text


def records(shown: Iterable[ListedPPA], settings: Settings) -> Iterator[Finding]:
    """The findings about the records of these PPAs."""
    from ...record import parse

    shown = list(shown)
    hidden = [one.ppa for one in shown if not one.readable]
    if hidden:
        todo = "private ones need WRITE_PRIVATE and a member of the owner: ppa-assigner login --level WRITE_PRIVATE"
        yield bad("records", f"{few(hidden)}: the texts are not shown to us", todo, os.EX_NOPERM)
    texts = [(str(one.ppa), parse(one.description)) for one in shown if one.readable]
    yield from _counted([text.record for _, text in texts if text.record is not None])
    yield from _without(texts)
    yield from _quarantined(texts)
    yield from _daemons([text.record for _, text in texts if text.record is not None], settings.name)


def _counted(found: list[Record]) -> Iterator[Finding]:
    from ...record import State

    states = Counter(record.state for record in found)
    if found:
        yield good(
            "records",
            ", ".join(
                f"{states[state]} {state.value}" for state in State if states[state] or state is not State.DISCARDED
            ),
        )


def _without(texts: list[tuple[str, Text]]) -> Iterator[Finding]:
    unreadable = [ppa for ppa, text in texts if text.fault is not None]
    if unreadable:
        fault = next(text.fault for _, text in texts if text.fault is not None)
        todo = "ppa-assigner adopt cleans such a PPA, if nobody needs what is in it"
        yield warning("records", f"{few(unreadable)}: a record that cannot be read ({fault})", todo)
    none = [ppa for ppa, text in texts if text.record is None and text.fault is None]
    if none:
        todo = "the daemon takes in what is empty; of the rest ppa-assigner adopt says what would be deleted"
        yield note("records", f"{few(none)}: no record yet", todo)


def _quarantined(texts: list[tuple[str, Text]]) -> Iterator[Finding]:
    for ppa, text in texts:
        if text.record is not None and text.record.quarantined is not None:
            yield warning("records", f"{ppa} is in quarantine: {text.record.quarantined}", f"ppa-assigner resume {ppa}")


def _daemons(found: list[Record], own: str) -> Iterator[Finding]:
    """Cleaners name their daemons; two of one name would take each other's work."""
    names = {record.cleaner.partition("/")[0] for record in found if record.cleaner}
    others = sorted(names - {own})
    if others:
        yield note("daemons", f"{few(others)} clean here too, or did", "each daemon needs a name of its own: name:")
