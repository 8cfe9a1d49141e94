"""What must have been so whenever `free` was written: read from the stand-in, never from what the daemon says.

Rule: only the stand-in's own history is asked: each accepted write of a description with what was there at that very
moment, and the log of requests.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise
from typing import Any

from ppa_assigner.record import Record, State, parse

from ..processes import Launchpad

DESTRUCTIVE = ("requestDeletion", "cancel", "deleteComponentUploader")
CHANGING = (*DESTRUCTIVE, "setProcessors", "addArchiveDependency", "removeArchiveDependency")
LOOKS = {"getPublishedSources", "getPublishedBinaries", "getBuildCounters", "getBuildRecords", "getPackageUploads"}
ENTRY = re.compile(r"/\+archive/ubuntu/[^/?]+$")
FENCE_S = 10.0
CLOSE = 0.1  # seconds: the stand-in hands an answer over a little before or after the daemon has it

Entry = dict[str, Any]


def pattern(ppa: str) -> str:
    """What the address of a request about this PPA has in it."""
    return rf"ubuntu(/|%2F){ppa.rpartition('/')[2]}(?![\w-])"


def record_of(entry: Entry) -> Record | None:
    """The record in a written description."""
    return parse(entry["description"]).record


def state_of(entry: Entry) -> State | None:
    """Its state."""
    record = record_of(entry)
    return record.state if record else None


def freed(launchpad: Launchpad, ppa: str) -> list[Entry]:
    """The writes by which a daemon made it free."""
    history = launchpad.control.descriptions(ppa)
    became = (entry for before, entry in pairwise(history) if state_of(entry) is not state_of(before))
    return [entry for entry in became if state_of(entry) is State.FREE and entry["request"] is not None]


def assert_free_was_proved(
    launchpad: Launchpad, ppa: str, settle: float, proof: str = "active", uploaders: Collection[str] = ()
) -> None:
    """Whenever `free` landed there was nothing active, nothing coming and no right left over; the last look began a
    quiet window after the last changing request; and nothing was ever taken away but under a dirty record, read again
    after the list was made by which it goes, and at most ten seconds before.
    """
    requests = launchpad.control.log(path=pattern(ppa), state="any")
    free = freed(launchpad, ppa)
    assert free, f"{ppa} never became free"
    for entry in free:
        assert (entry["active"], entry["coming"]) == (0, 0), entry
        assert set(entry["uploaders"]) <= set(uploaders), entry
        assert proof != "index" or entry["indexed"] == 0, entry
        assert proof != "disk" or entry["on_disk"] == 0, entry
        _assert_looked_after_the_window(requests, entry["request"], settle)
    _assert_taken_away_only_while_dirty(launchpad, ppa, requests)
    _assert_read_again_before_it_was_taken_away(requests)


def assert_words_were_kept(launchpad: Launchpad, ppa: str) -> None:
    """No daemon ever changed what people wrote beside the record."""
    for before, entry in pairwise(launchpad.control.descriptions(ppa)):
        if entry["request"] is not None:
            was, words = (parse(each["description"]).human or None for each in (before, entry))
            assert words == was, entry


def _assert_looked_after_the_window(requests: list[Entry], number: int, settle: float) -> None:
    before = [request for request in requests if request["number"] < number]
    changes = [request["ended"] for request in before if request["operation"] in CHANGING and request["ended"]]
    quiet = max(changes, default=0.0) + settle - CLOSE
    looks = {request["operation"] for request in before if request["method"] == "GET" and request["started"] >= quiet}
    assert looks >= LOOKS, (number, looks)


def _assert_taken_away_only_while_dirty(launchpad: Launchpad, ppa: str, requests: list[Entry]) -> None:
    writes = [entry for entry in launchpad.control.descriptions(ppa) if entry["request"] is not None]
    for request in requests:
        if request["operation"] in DESTRUCTIVE:
            before = [entry for entry in writes if entry["request"] < request["number"]]
            assert before, request
            assert state_of(before[-1]) is State.DIRTY, request


def _assert_read_again_before_it_was_taken_away(requests: list[Entry]) -> None:
    lists, reads = [0], [{"number": 0, "started": float("-inf")}]
    for request in requests:
        if request["operation"] in DESTRUCTIVE:
            assert reads[-1]["number"] > lists[-1], request
            assert request["started"] - reads[-1]["started"] <= FENCE_S + CLOSE, request
        elif request["method"] == "GET" and request["operation"] in LOOKS:
            lists.append(request["number"])
        elif request["method"] == "GET" and request["operation"] is None and ENTRY.search(request["path"]):
            reads.append(request)
