"""Whatever stands in a description: no worker dies of it, and no arithmetic on its dates and numbers overflows."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings, strategies as st

from ppa_assigner.automaton.events import (
    CheckBurnt,
    GiveUp,
    Inspect,
    Operate,
    ReadNow,
    Release,
    Supersede,
    Touch,
)
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import SourcePackage
from ppa_assigner.record import PREFIX, State, parse
from ppa_assigner.views import AdoptAction, Condition, HoldAction, QuarantineAction, ResumeAction

from .lab import World, assign, confirm

YEARS_10 = 3650 * 86400.0
LONGEST = PoolOptions(
    ttl=YEARS_10, max_ttl=YEARS_10, max_hold=YEARS_10, settle=YEARS_10, verify_age=YEARS_10, max_tries=1
)
OPTIONS = [PoolOptions(), PoolOptions(settle=1.0, verify_age=0.0), LONGEST]
MOST_TICKS = 12

digits = st.integers(1, 5_000).map(lambda count: "9" * count)
"""Written as they are: a number of 4,000 digits can be read, and breaks what reckons or writes with it."""
integers = st.sampled_from(
    [str(n) for n in (0, 1, -1, 600, 2**31, 10**10, 10**10 + 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63)]
)
numbers = integers | digits | digits.map("-{}".format) | st.sampled_from(["1e400", "-0.0", "1.5", "1e3"])
times = st.sampled_from(
    [
        "0001-01-01T00:00:00Z", "2003-12-31T23:59:59Z", "2004-01-01T00:00:00Z", "2026-11-25T03:00:00Z",
        "2031-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ]
).map(json.dumps)  # fmt: skip
cleaners = st.sampled_from(["host/1-a", "host/999999999999999999-a", "host/" + "9" * 5_000 + "-a", "/-", "x", "host/"])
texts = (st.text(max_size=20) | cleaners | st.just("x" * 60_000) | st.just("😀" * 1_024)).map(json.dumps)
anything = numbers | times | texts | st.sampled_from(["null", "true", "false", "[]", "{}", "[" * 2_000, '"used"'])
FIELDS: dict[str, st.SearchStrategy[str]] = {
    "v": st.sampled_from(["1", "2", '"1"', "1.0"]) | digits,
    "serial": integers,
    "nonce": texts,
    "state": st.sampled_from(['"free"', '"used"', '"dirty"', '"discarded"']),
    "since": times, "touched": times, "until": times,
    "pool": texts, "owner": texts, "lease": texts, "request": texts,
    "attempt": integers, "idle": integers, "tries": integers,
    "by": texts, "note": texts, "uploader": texts | st.just('"~ann"'), "held": st.sampled_from(["true", "false"]),
    "fault": texts, "quarantined": texts, "cleaner": texts,
}  # fmt: skip
VALID = {
    "v": "1", "serial": "42", "nonce": '"n"', "since": '"2026-11-25T03:00:00Z"', "touched": '"2026-11-25T03:00:00Z"',
    "pool": '"default"', "owner": '"job"', "lease": '"lease-1"', "request": '"build-1"',
    "until": '"2026-11-25T11:00:00Z"',
}  # fmt: skip


class Description(str):
    """Shown in short when a test fails."""

    __slots__ = ()

    def __repr__(self) -> str:
        return super().__repr__()[:2_000]


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    """A record that is valid but for some of its fields, each extreme or of another kind; or something else."""
    poisoned = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=5))
    fields = {**VALID, "state": f'"{draw(st.sampled_from(State)).value}"'}
    fields |= {name: draw(FIELDS[name] if draw(st.integers(0, 3)) else anything) for name in sorted(poisoned)}
    line = f"{PREFIX} {{{','.join(f'{json.dumps(name)}:{value}' for name, value in fields.items())}}}"
    return Description(draw(st.sampled_from(["", "words\n", line + "\n"])) * draw(st.integers(0, 1)) + line)


def commands(lease: str) -> list[Any]:
    """Everything that a caller may ask of a PPA, with the greatest that the doors let in."""
    return [
        assign(ttl=YEARS_10, idle=int(YEARS_10), note="😀" * 1_024),
        confirm(attempt=2**53),
        lambda token, deadline: Touch(token=token, deadline=deadline, lease=lease, ttl=YEARS_10),
        lambda token, deadline: Touch(token=token, deadline=deadline, lease=lease),
        lambda token, deadline: Operate(token=token, deadline=deadline, act=HoldAction(lease, YEARS_10)),
        lambda token, deadline: Operate(token=token, deadline=deadline, act=QuarantineAction("😀" * 1_024)),
        lambda token, deadline: Operate(token=token, deadline=deadline, act=ResumeAction()),
        lambda token, deadline: Inspect(token=token, deadline=deadline),
        lambda token, deadline: ReadNow(token=token, deadline=deadline),
        lambda token, deadline: CheckBurnt(token=token, deadline=deadline, sources=(SourcePackage("a", "1"),)),
        lambda token, deadline: GiveUp(token=token, deadline=deadline, lease=lease, nonce="n"),
        lambda token, deadline: Supersede(token=token, deadline=deadline, lease=lease, attempt=2**53),
        lambda token, deadline: Release(token=token, deadline=deadline, lease=lease),
        lambda token, deadline: Operate(token=token, deadline=deadline, act=AdoptAction()),
    ]


@settings(max_examples=250, deadline=None)
@given(descriptions(), st.sampled_from(OPTIONS), st.lists(st.integers(0, 13), max_size=5))
def test_no_record_makes_a_worker_die(description: str, options: PoolOptions, orders: list[int]) -> None:
    """It is looked at, time passes, and everything is asked of it that can be asked: each command is answered."""
    world = World(options=options, description=description)
    runner = world.start()
    runner.look()
    read = parse(description)
    if read.fault is not None:
        assert runner.known.condition is Condition.UNREADABLE
        assert runner.rounds[-1].reason is None, "it was looked at"
    lease = read.record.lease if read.record is not None and read.record.lease is not None else "lease-1"
    for number in orders:
        runner.order(commands(lease)[number])
        for _ in range(MOST_TICKS):
            runner.tick(limit=runner.world.boot + YEARS_10)
        runner.look()
    written = [request.text for request in world.launchpad.log if request.what == "write"]
    assert all(parse(text).record is not None for text in written), "a daemon reads what it wrote"
    assert "cannot be written" not in "".join(runner.alarms)


@given(descriptions(), descriptions())
@settings(max_examples=100, deadline=None)
def test_no_change_of_a_record_by_somebody_else_makes_a_worker_die(before: str, after: str) -> None:
    """One garbled record after another, beneath a worker that knew the first."""
    world = World(description=before)
    runner = world.start()
    runner.look()
    for text in (after, before, after, None):
        world.archive.description = text
        runner.look()
        for _ in range(MOST_TICKS):
            runner.tick(limit=runner.world.boot + YEARS_10)


def test_the_highest_serial_is_followed_by_one_that_starts_anew() -> None:
    """By every daemon: none takes it for an old text and writes the other back."""
    fields = {**VALID, "state": '"dirty"', "serial": str(2**53)}
    world = World(description=f"{PREFIX} {{{','.join(f'{json.dumps(name)}:{fields[name]}' for name in fields)}}}")
    runner, other = world.start(), world.start("other")
    for daemon in (runner, other):
        daemon.look()
    runner.until(lambda: runner.known.state is State.FREE)
    other.look()
    assert other.known.state is State.FREE
    assert world.record.serial < 2**40
    assert (runner.alarms, other.alarms) == ([], [])
