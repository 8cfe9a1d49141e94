"""Several daemons on one Launchpad, a crowd of clients, kills, stops and every fault: none is told twice, none leaks.

`PPA_ASSIGNER_SOAK` is how many seconds it lasts, `PPA_ASSIGNER_CROWD` how many clients there are, and
`PPA_ASSIGNER_SEED` repeats what was chosen.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest

from ppa_assigner.record import State
from ppa_assigner.standin.control_client import ControlClient

from ..cleaning.proof import pattern, state_of
from ..processes import Daemon, Launchpad, running, start_launchpad
from ..test_daemon import check_history
from ..trace.validating import assert_landed_as_sent
from ..waiting import until
from .chaos import Chaos
from .crowd import TTL_S, Executing, Notes, Operating, Visitor
from .history import Stood, faults, held
from .site import LISTED, OPERATOR, POOL, configured, grown, grown_wrongly, history, is_at_rest, lend_each

SECONDS = float(os.environ.get("PPA_ASSIGNER_SOAK", "12"))
SEED = int(os.environ.get("PPA_ASSIGNER_SEED", SystemRandom().randrange(2**32)))
DAEMONS, VISITORS = 3, int(os.environ.get("PPA_ASSIGNER_CROWD", "20"))
CLEANED_S = 60.0  # an upper limit, on a busy machine
SLOW = ("delay", "hang", "late", "trickle", "hold", "hold_after")
LATEST_S = 60.0  # what is held is released, or dropped, before that
CLAIMED_S = 120.0  # after the last wish nothing is claimed for longer


@contextmanager
def crowded(daemons: list[Daemon], launchpad: Launchpad, notes: Notes) -> Iterator[None]:
    """Clients come and go meanwhile; at the end each one finishes what it does."""
    over = threading.Event()
    kinds: list[type[Visitor]] = [Executing, *[Visitor] * (VISITORS - 1), Operating]
    tokens = [*("small" if number % 3 == 0 else "large" for number in range(VISITORS)), OPERATOR]
    visitors = [
        kind(f"v{number}", Random(f"{SEED}/{number}"), daemons, launchpad.control, notes, over, token)
        for number, (kind, token) in enumerate(zip(kinds, tokens, strict=True))
    ]
    for visitor in visitors:
        visitor.start()
    try:
        yield
    finally:
        over.set()
        for visitor in visitors:
            visitor.join(150.0)
    assert not [visitor.name for visitor in visitors if visitor.is_alive()]


@pytest.mark.timeout(SECONDS + 400)
def test_no_lease_is_told_twice_and_none_leaks(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """I1, I2, I3, I9, on processes."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", str(LISTED))
    for person in ("ann", "mia"):
        launchpad.control.person(person)
    launchpad.control.member("ci-pool", "mia")
    launchpad.control.automatic(publisher=1.0)
    daemons = [configured(tmp_path, launchpad, f"daemon-{number}") for number in range(1, DAEMONS + 1)]
    chaos, notes = Chaos(Random(SEED), daemons, launchpad.control), Notes()
    try:
        with running(*daemons):
            for daemon in daemons:
                daemon.launch()
            with crowded(daemons, launchpad, notes):
                until(lambda: len(notes.told) > 0, "a first lease", 180)
                chaos.until(time.monotonic() + SECONDS)
                chaos.calm()
            if SECONDS < CLAIMED_S:
                lend_each(daemons, POOL, "large")
            assert_nothing_leaks(launchpad)
            assert_all_was_right(launchpad, notes)
            assert_landed_as_sent(launchpad, tmp_path, POOL)
            assert [daemon.name for daemon in daemons if daemon.process and daemon.process.poll() is not None] == []
    except BaseException:
        print(f"PPA_ASSIGNER_SEED={SEED}", dict(chaos.done))  # noqa: T201 - what repeats it
        raise
    finally:
        launchpad.stop()
    record_property("kills survived", chaos.done["kill"])
    record_property("leases checked", len(held(notes.told, notes.released)))
    record_property("groups checked", notes.groups)


def assert_nothing_leaks(launchpad: Launchpad) -> None:
    """All are free without anybody's help, by the end of the last lease and a clean; no claim is left either."""
    control = launchpad.control

    def restless() -> list[str]:
        return [ppa for ppa in (*POOL, *(called for _, called in grown(control))) if not is_at_rest(control, ppa)]

    until(lambda: not restless(), restless, max(TTL_S + CLEANED_S, CLAIMED_S), every=0.2)
    control.automatic(publisher=None)  # from now on each PPA keeps its name


def assert_all_was_right(launchpad: Launchpad, notes: Notes) -> None:
    """What clients were told, against each other and against Launchpad's own history."""
    control = launchpad.control
    names = [*((ppa, ppa) for ppa in POOL), *grown(control)]
    on_launchpad = [each for ppa, called in names for each in stood(control, ppa, called)]
    wrong = [*notes.wrong, *faults(notes.told, notes.released, on_launchpad), *grown_wrongly(control)]
    assert not wrong, "\n".join(wrong)
    check_history(launchpad, [called for _, called in names])
    for _, called in names:
        for before, entry in pairwise(control.descriptions(called)):
            if state_of(entry) not in (state_of(before), State.DIRTY, State.DISCARDED):
                assert (entry["active"], entry["coming"]) == (0, 0), entry
            if state_of(entry) in (State.FREE, State.DISCARDED) and not was_given_late(control, called, entry):
                assert entry["uploaders"] == [], entry


def was_given_late(control: ControlClient, called: str, entry: dict[str, Any]) -> bool:
    """Whether Launchpad took longer over giving a right than a clean waits for it: `settle` is short here."""
    name, at = called.removesuffix("-deletedppa"), datetime.fromisoformat(entry["at"]).timestamp()
    rights = control.log(path=pattern(name), operation="newComponentUploader", applied=True, state="any")
    begun = (one["started"] - time.monotonic() + time.time() for one in rights if one["fault"] in SLOW)
    return any(0 < at - one < LATEST_S for one in begun)


def stood(control: ControlClient, ppa: str, called: str) -> Iterator[Stood]:
    """Which lease stood there from when to when."""
    records = history(control, called)
    ends = [*(at for _, at in records[1:]), time.time()]
    for (record, since), end in zip(records, ends, strict=True):
        if record is not None and record.state is State.USED:
            yield Stood(ppa, record.lease or "", since, end)
