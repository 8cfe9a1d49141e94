"""Several daemons on one Launchpad, a crowd of clients, kills, stops and every fault: none is told twice, none leaks.

`PPA_ASSIGNER_SOAK` is how many seconds it lasts, `PPA_ASSIGNER_SEED` repeats what was chosen.
"""

from __future__ import annotations

import json
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

from ..cleaning.proof import record_of, state_of
from ..processes import Daemon, Launchpad, configure, running, start_launchpad
from ..test_daemon import check_history
from ..trace.validating import assert_landed_as_sent
from ..waiting import until
from .chaos import Chaos
from .crowd import TTL_S, Executing, Notes, Visitor
from .history import Stood, faults, held

SECONDS = float(os.environ.get("PPA_ASSIGNER_SOAK", "12"))
SEED = int(os.environ.get("PPA_ASSIGNER_SEED", SystemRandom().randrange(2**32)))
DAEMONS, PPAS, VISITORS = 3, 6, 20
CLEANED_S = 60.0  # an upper limit, on a busy machine
POOL = [f"~ci-pool/ubuntu/pool-{number:03}" for number in range(1, PPAS + 1)]
OPTIONS: dict[str, Any] = {
    "settle": "200ms", "verify_age": 0, "grant_upload": True, "max_tries": 1000,
    "retry": {"first": "50ms", "max": "500ms"},
}  # fmt: skip


def configured(folder: Path, launchpad: Launchpad, name: str) -> Daemon:
    """A daemon that does not wait long for Launchpad."""
    daemon = configure(folder, launchpad, name, POOL, look_every="1s", **OPTIONS)
    document = json.loads(daemon.config.read_text())
    document["launchpad"]["timeout"] = {"connect": "1s", "read": "2s", "total": "5s"}
    daemon.config.write_text(json.dumps(document))
    return daemon


@contextmanager
def crowded(daemons: list[Daemon], launchpad: Launchpad, notes: Notes) -> Iterator[None]:
    """Clients come and go meanwhile; at the end each one finishes what it does."""
    over = threading.Event()
    kinds = [Executing if number == 0 else Visitor for number in range(VISITORS)]
    visitors = [
        kind(f"v{number}", Random(f"{SEED}/{number}"), daemons, launchpad.control, notes, over)
        for number, kind in enumerate(kinds)
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
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", str(PPAS))
    for person in ("ann", "mia"):
        launchpad.control.person(person)
    launchpad.control.member("ci-pool", "mia")
    daemons = [configured(tmp_path, launchpad, f"daemon-{number}") for number in range(1, DAEMONS + 1)]
    chaos, notes = Chaos(Random(SEED), daemons, launchpad.control), Notes()
    try:
        with running(*daemons):
            for daemon in daemons:
                daemon.launch()
            with crowded(daemons, launchpad, notes):
                until(lambda: len(notes.told) > 0, "a first lease", 60)
                chaos.until(time.monotonic() + SECONDS)
                chaos.calm()
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


def assert_nothing_leaks(launchpad: Launchpad) -> None:
    """All are free without anybody's help, by the end of the last lease and a clean."""

    def states() -> set[State | None]:
        return {state_of({"description": launchpad.control.description(ppa)}) for ppa in POOL}

    until(lambda: states() == {State.FREE}, "all free", TTL_S + CLEANED_S)


def assert_all_was_right(launchpad: Launchpad, notes: Notes) -> None:
    """What clients were told, against each other and against Launchpad's own history."""
    on_launchpad = [each for ppa in POOL for each in stood(launchpad, ppa)]
    wrong = [*notes.wrong, *faults(notes.told, notes.released, on_launchpad)]
    assert not wrong, "\n".join(wrong)
    check_history(launchpad, POOL)
    for ppa in POOL:
        for before, entry in pairwise(launchpad.control.descriptions(ppa)):
            if state_of(entry) is not state_of(before):
                assert state_of(entry) is State.DIRTY or (entry["active"], entry["coming"]) == (0, 0), entry
            if state_of(entry) is State.FREE:
                assert entry["uploaders"] == [], entry


def stood(launchpad: Launchpad, ppa: str) -> Iterator[Stood]:
    """Which lease stood there from when to when."""
    history = [(record_of(e), datetime.fromisoformat(e["at"]).timestamp()) for e in launchpad.control.descriptions(ppa)]
    ends = [*(at for _, at in history[1:]), time.time()]
    for (record, since), end in zip(history, ends, strict=True):
        if record is not None and record.state is State.USED:
            yield Stood(ppa, record.lease or "", since, end)
