"""How far a request travels: calls and moves between files, seen by a profile of a real supervisor.

Rule: its workers are real threads, Launchpad is the one in memory, and nothing but what is asked for goes on.  A call
counts where it is one of a function of the package; a move is a call from one file of the package into another.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.views import AssignRequest, LeaseView

from ..fleet import Fleet
from ..waiting import until
from .code import PACKAGE

SECONDS = 20.0
TESTS = f"{Path(__file__).parents[1]}/"


class Moves:
    """What was called while `on`, whichever thread did so: how often each file calls each."""

    def __init__(self, package: Path = PACKAGE) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.on = False
        self._root = f"{package}/"

    def reset(self) -> None:
        """Begin to count."""
        self.calls.clear()
        self.on = True

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """As `sys.setprofile` calls it."""
        if not self.on or event != "call" or (callee := self._file(frame)) is None:
            return
        self.calls[self._caller(frame), callee] += 1

    def _caller(self, frame: FrameType) -> str:
        """The file that called, through whatever library; none ("") where the tests did, as their Launchpad does."""
        caller = frame.f_back
        while caller is not None and not self._is_of_tests(caller):
            if (name := self._file(caller)) is not None:
                return name
            caller = caller.f_back
        return ""

    def _is_of_tests(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename.startswith(TESTS)

    def _file(self, frame: FrameType) -> str | None:
        """The file of a function of the package; of a comprehension none, which later Pythons do not call."""
        code = frame.f_code
        inside = code.co_filename.startswith(self._root) and not code.co_name.startswith("<")
        return code.co_filename.removeprefix(self._root) if inside else None

    @property
    def files(self) -> set[str]:
        """Those that were called."""
        return {callee for _, callee in self.calls}

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())

    @property
    def between(self) -> Counter[tuple[str, str]]:
        """The moves."""
        return Counter({edge: count for edge, count in self.calls.items() if edge[0] and edge[0] != edge[1]})

    def edges(self, folder: str) -> dict[str, set[str]]:
        """Which file of this folder calls which."""
        inside = [edge for edge in self.between if all(name.startswith(f"{folder}/") for name in edge)]
        nodes = {name for name in self.files if name.startswith(f"{folder}/")}
        return {node: {callee for caller, callee in inside if caller == node} for node in nodes}


@contextmanager
def watched(count: int) -> Iterator[tuple[Moves, Fleet, Supervisor]]:
    """A daemon with so many free PPAs, all threads of which are watched."""
    moves, fleet = Moves(), Fleet(count)
    threading.setprofile(moves)
    try:
        supervisor = fleet.daemon(every=3600.0)
        fleet.all_free(supervisor, SECONDS)
        sys.setprofile(moves)
        yield moves, fleet, supervisor
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        moves.on = False
        fleet.close()


def of_tests(*arguments: str) -> Moves:
    """What these tests call, in this process."""
    moves = Moves()
    moves.reset()
    threading.setprofile(moves)
    sys.setprofile(moves)
    try:
        pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", *arguments])
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        moves.on = False
    return moves


def one_assign() -> Moves:
    """A single request while a PPA is free; the second of its kind, so that nothing is done for the first time."""
    with watched(2) as (moves, _, supervisor):
        assigned(supervisor, "first")
        moves.reset()
        assigned(supervisor, "second")
        moves.on = False
    return moves


def a_life() -> Moves:
    """Two requests for one PPA: assigned, touched, waited for, released, cleaned, assigned, taken back."""
    with watched(1) as (moves, fleet, supervisor):
        moves.reset()
        lease = assigned(supervisor, "first")
        waiting = supervisor.assign(AssignRequest(owner="you", pool="default", request_id="second", wait=SECONDS))
        supervisor.touch(lease.record.lease or "", None, EVERYBODY).result(SECONDS)
        supervisor.release(lease.record.lease or "", EVERYBODY).result(SECONDS)
        waiting.future.result(SECONDS)
        supervisor.withdraw("second", EVERYBODY).result(SECONDS)
        until(lambda: len(fleet.launchpad.records(fleet.ppas[0])) > 4, "cleaned again", SECONDS)
        fleet.all_free(supervisor, SECONDS)
        moves.on = False
    return moves


def assigned(supervisor: Supervisor, request: str) -> LeaseView:
    """The lease that this request gets at once."""
    call = supervisor.assign(AssignRequest(owner="me", pool="default", request_id=request))
    lease: LeaseView = call.future.result(SECONDS)
    return lease
