"""Groups of one to four PPAs for many at once, while daemons and clients are killed: how long each waited, beside the
moment at which all that came before it were over.

    python -m tests.soak.groups --seconds 180 --daemons 2

Rule: when a request was over is read from the stand-in's history: nothing on Launchpad names it any more.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from typing import ClassVar

from ppa_assigner.client import Unavailable
from ppa_assigner.documents import Wish
from ppa_assigner.record import Record, State
from ppa_assigner.standin.control_client import ControlClient

from ..processes import Daemon, Launchpad, configure, environment, running, start_launchpad
from ..test_daemon import check_history
from ..waiting import until
from .crowd import TTL_S, Notes, Visitor
from .history import Stood, faults, held
from .site import OPTIONS, history, lend_each

PPAS, CLIENTS, KILLED, LARGEST = 12, 40, 2, 4
POOL = [f"~ci-pool/ubuntu/pool-{number:03}" for number in range(1, PPAS + 1)]
CLAIMED_S = 120.0
SERVED_S = 30.0  # an upper limit for a try and a start of the daemon, on a busy machine
DAEMON_EVERY_S, CLIENT_AFTER_S = (3.0, 12.0), (0.5, 5.0)
_PAUSE = threading.Event()


@dataclass(frozen=True)
class Waited:
    """A request, from when it was asked for to when it was told or withdrawn."""

    request: str
    size: int
    asked: float
    ended: float
    served: bool


class GroupNotes(Notes):
    """What was told, and how long each waited for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[Waited] = []
        self.kills = {"daemons": 0, "clients": 0}


class Grouped(Visitor):
    """Takes one to four PPAs at once, again and again, and waits for as long as it takes."""

    tries: ClassVar[int] = 10_000
    waits: ClassVar[Sequence[float]] = (10.0,)
    notes: GroupNotes

    def visit(self, request: str) -> None:
        """One group."""
        size, asked = self.rng.randint(1, LARGEST), time.time()
        wish: Wish = {"want": [{"count": size}]}
        leases = self.ask(request, wish)
        if not leases:
            self.withdrawn(request)
        self.notes.waited.append(Waited(request, size, asked, time.time(), bool(leases)))
        if leases:
            self.use(leases)

    def withdrawn(self, request: str) -> None:
        """Nobody waits for it any more."""
        until(lambda: self._withdraw(request), f"{request} is withdrawn", CLAIMED_S)

    def _withdraw(self, request: str) -> bool:
        try:
            self.client.withdraw(request)
        except Unavailable:
            return False
        return True


class Killed(Grouped):
    """Takes groups by `ppa-assigner exec`, and is killed whatever it is about."""

    def visit(self, request: str) -> None:
        """One group, or none."""
        size, daemon, asked = self.rng.randint(1, LARGEST), self.rng.choice(self.daemons), time.time()
        command = ["exec", "--url", f"unix:{daemon.address}", "--owner", self.name, "--request-id", request,
                   "--ttl", f"{TTL_S}s", "--wait", "30s", "--count", str(size), "--", "sleep", "1"]  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "ppa_assigner.cli", *command],
            env=environment(daemon.folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _PAUSE.wait(self.rng.uniform(*CLIENT_AFTER_S))
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        self.notes.kills["clients"] += 1
        self.notes.waited.append(Waited(request, size, asked, time.time(), served=False))


def killing(daemons: Sequence[Daemon], notes: GroupNotes, rng: Random, end: float) -> None:
    """SIGKILL of one daemon after the other, each started blindly at once.  Somebody is told something between two
    kills: where starts are slow nobody would ever be.
    """
    told = 0
    while (left := end - time.monotonic()) > 0:
        _PAUSE.wait(min(left, rng.uniform(*DAEMON_EVERY_S)))
        daemon = rng.choice(daemons)
        if daemon.ready and len(notes.told) > told:
            told = len(notes.told)
            daemon.kill()
            notes.kills["daemons"] += 1
            daemon.launch()


# -- what must hold ----------------------------------------------------------------------------------------------------


def claimed(control: ControlClient) -> list[str]:
    """The PPAs that a group claims, or that anybody has."""
    last = {ppa: history(control, ppa)[-1][0] for ppa in POOL}
    return [f"{ppa}: {one}" for ppa, one in last.items() if one is None or one.state is not State.FREE or one.claim]


def named(record: Record | None) -> set[str]:
    """The requests that a record names: that has the PPA, whose it was until it is clean, and that claims it."""
    if record is None or record.state is State.DISCARDED:
        return set()
    claim = record.claim.rank.request if record.claim is not None else None
    return {one for one in (record.request, claim) if one is not None}


def spans(control: ControlClient) -> Iterator[tuple[str, Record | None, float, float]]:
    """What stood in each PPA, and from when to when."""
    now = time.time()
    for ppa in POOL:
        records = history(control, ppa)
        for (record, since), end in zip(records, [*(at for _, at in records[1:]), now], strict=True):
            yield ppa, record, since, end


def overs(control: ControlClient, waited: Sequence[Waited]) -> dict[str, float]:
    """When each request was over: nobody waits for it, and no PPA names it."""
    ends = {one.request: one.ended for one in waited}
    for _, record, _, end in spans(control):
        for request in named(record) & ends.keys():
            ends[request] = max(ends[request], end)
    return ends


@dataclass(frozen=True)
class Bound:
    """How long a request waited, and after how long all that came before it were over (0: they were already)."""

    of: Waited
    seconds: float
    before: float


def bounds(control: ControlClient, waited: Sequence[Waited]) -> list[Bound]:
    """Of each that was served."""
    ends, latest, found = overs(control, waited), 0.0, []
    for one in sorted(waited, key=lambda one: one.asked):
        if one.served:
            found.append(Bound(one, one.ended - one.asked, max(0.0, latest - one.asked)))
        latest = max(latest, ends[one.request])
    return found


def wrong(launchpad: Launchpad, notes: GroupNotes, *, late: bool) -> list[str]:
    """What is not as it must be, in words; `late`: also who was served long after all that came before were over."""
    used = (one for one in spans(launchpad.control) if one[1] is not None and one[1].state is State.USED)
    stood = [Stood(ppa, record.lease or "", since, end) for ppa, record, since, end in used if record is not None]
    check_history(launchpad, POOL)
    found = bounds(launchpad.control, notes.waited) if late else []
    passed = [f"served {one.seconds - one.before:.1f} s after all before it were over: {one.of}" for one in found
              if one.seconds - one.before > SERVED_S]  # fmt: skip
    nobody = [] if notes.told else ["nobody was told anything"]
    return [*nobody, *notes.wrong, *faults(notes.told, notes.released, stood), *passed]


@dataclass(frozen=True)
class Done:
    """What came of a run."""

    wrong: list[str]
    figures: list[str]
    kills: int
    groups: int


def figures(launchpad: Launchpad, notes: GroupNotes, daemons: int) -> Iterator[str]:
    """The figures of a run."""
    found = bounds(launchpad.control, notes.waited)
    if not found:
        return
    longest = max(found, key=lambda one: one.seconds)
    yield f"daemons: {daemons}, killed {notes.kills['daemons']} times; clients killed: {notes.kills['clients']}"
    yield f"groups told: {len(found)}, leases checked: {len(held(notes.told, notes.released))}"
    yield f"longest wait: {longest.seconds:.1f} s; all before it were over after {longest.before:.1f} s"
    if daemons == 1:
        late = max(found, key=lambda one: one.seconds - one.before)
        yield f"latest: {late.seconds - late.before:.1f} s after all before it were over ({late.seconds:.1f} s in all)"


def run(folder: Path, seconds: float, count: int, seed: int, clients: int = CLIENTS) -> Done:
    """One run."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", str(PPAS))
    for person in ("ann", "mia"):
        launchpad.control.person(person)
    launchpad.control.member("ci-pool", "mia")
    pool = {name: value for name, value in OPTIONS.items() if name != "order"}
    daemons = [configure(folder, launchpad, f"daemon-{n}", POOL, look_every="1s", **pool) for n in range(1, count + 1)]
    notes, over = GroupNotes(), threading.Event()
    kinds = [*[Killed] * KILLED, *[Grouped] * (clients - KILLED)]
    try:
        with running(*daemons):
            for daemon in daemons:
                daemon.start().wait_for_states(free=PPAS)
            visitors = [
                kind(f"v{number}", Random(f"{seed}/{number}"), daemons, launchpad.control, notes, over)
                for number, kind in enumerate(kinds)
            ]
            for visitor in visitors:
                visitor.start()
            until(lambda: notes.told, "the first group", CLAIMED_S)
            killing(daemons, notes, Random(seed), time.monotonic() + seconds)
            over.set()
            for visitor in visitors:
                visitor.join(CLAIMED_S)
            assert not [visitor.name for visitor in visitors if visitor.is_alive()]
            if seconds < CLAIMED_S:
                lend_each(daemons, POOL)
            until(lambda: not claimed(launchpad.control), lambda: claimed(launchpad.control), CLAIMED_S, every=0.5)
            said = list(figures(launchpad, notes, count))
            return Done(wrong(launchpad, notes, late=count == 1), said, notes.kills["daemons"], notes.groups)
    finally:
        over.set()
        launchpad.stop()


def main() -> int:
    """As the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--daemons", type=int, default=2)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), given.seconds, given.daemons, given.seed)
    print(f"seed {given.seed}", *done.figures, *(done.wrong or ["wrong: none"]), sep="\n")  # noqa: T201 - what it is for
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
