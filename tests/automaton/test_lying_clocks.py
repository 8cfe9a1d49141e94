"""Launchpad's clock, the hosts' and the boot-time clock, while one of them lies: no lease ends early, and each ends.

The schedules are drawn; what is outside the limits that docs/reference/behaviour.md states is left out, and said in
`Schedule`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, assume, example, given, settings, strategies as st

from ppa_assigner.automaton.events import LeaseShown, Touch
from ppa_assigner.options import PoolOptions
from ppa_assigner.record import State
from tests.automaton.lab import World, assign

STEP_S = 300.0
LOOKS = 5  # in a step
TTL_S, IDLE_S, MAX_TTL_S, LONGER_S = 6 * STEP_S, 3 * STEP_S, 20 * STEP_S, 10 * STEP_S
STEADY = 3  # steps until Launchpad's clock is believed alone
ALL_OVER = 60  # steps after which every lease that may end has ended
DAY = 288  # steps


@dataclass(frozen=True)
class Schedule:
    """In steps of five minutes: Launchpad's clock is off by `lie` in [begins, begins + lasts); the host's is off by
    `host` always; the daemon starts at 0 and anew at `restart`; the lease is assigned at `assigned`, touched in each of
    `touches` further steps, at the `longer`th of them with a ttl.
    """

    lie: int
    begins: int
    lasts: int
    host: int
    restart: int | None
    assigned: int
    touches: int
    longer: int | None
    idle: bool

    @property
    def ends(self) -> int:
        """When Launchpad's clock is right again."""
        return self.begins + self.lasts

    def lies(self, step: int) -> bool:
        """Whether Launchpad's clock is wrong then."""
        return self.begins <= step < self.ends

    @property
    def starts(self) -> list[int]:
        """When a daemon starts."""
        return [0] if self.restart is None else [0, self.restart]

    @property
    def may_end_early(self) -> bool:
        """The limits: a daemon that started within a lie, which is longer than `clock_alone_after` or whose host's
        clock is wrong too; or one with a wrong host that had no time yet to believe Launchpad before the lie began; and
        two clocks that are wrong alike.
        """
        if self.host == 0:
            return self.lasts > STEADY and any(self.lies(start) for start in self.starts)
        if not self.lasts:
            return False
        return self.host == self.lie or any(self.begins - STEADY <= start < self.ends for start in self.starts)

    @property
    def may_never_end(self) -> bool:
        """The limit: beside a Launchpad that once jumped, a host whose own clock is wrong.  (And what Launchpad's clock
        wrote a day ahead ends a day late there: nobody is sure enough to put it right.)
        """
        return bool(self.lasts and self.host and (self.ends > self.starts[-1] or self.lie == DAY))


SCHEDULES = st.builds(
    Schedule,
    lie=st.sampled_from([-20, -7, -2, 2, 7, 20, DAY]), begins=st.integers(0, 9), lasts=st.integers(0, 8),
    host=st.sampled_from([0, 0, 0, -30, 30, DAY, -10 * DAY]), restart=st.none() | st.integers(2, 14),
    assigned=st.integers(1, 8), touches=st.integers(0, 4), longer=st.none() | st.integers(1, 4), idle=st.booleans(),
)  # fmt: skip


TOUCHED_WHILE_AHEAD = Schedule(
    lie=7, begins=3, lasts=3, host=0, restart=4, assigned=5, touches=1, longer=1, idle=False
)  # fmt: skip
"""The lease is longer by a touch that comes when the lie is just over and nobody believes it yet."""


class Life:
    """One schedule, played on the real automaton and the real clock."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule, self.step = schedule, 0
        options = PoolOptions(settle=100.0, verify_age=None, max_ttl=MAX_TTL_S)
        self.world = World(options=options, host_skew=schedule.host * STEP_S)
        self.world.free_ppa()
        self.runner = self.world.start(seasoned=False)
        self.begun = self.world.boot
        self.until = self.silent = 0.0
        self.ended: float | None = None

    def play(self) -> None:
        """From the start to the end of the lease."""
        while self.ended is None and self.step < ALL_OVER:
            self.world.launchpad.skew = self.schedule.lie * STEP_S if self.schedule.lies(self.step) else 0.0
            if self.step == self.schedule.restart:
                self.runner = self.world.start(seasoned=False)
            self.pass_step()
            self.step += 1

    def pass_step(self) -> None:
        """The client does what is its to do, then the daemon."""
        self.runner.look()
        self.act(self.step - self.schedule.assigned)
        for number in range(1, LOOKS + 1):
            self.go_on(self.begun + self.step * STEP_S + number * STEP_S / LOOKS)
            self.runner.look()

    def go_on(self, moment: float) -> None:
        """To this boot time."""
        self.runner.pass_time(max(0.0, moment - self.world.boot))
        if self.until and self.ended is None and self.world.state is not State.USED:
            self.ended = self.world.boot

    def act(self, turn: int) -> None:
        """Assign, touch, or nothing."""
        if turn == 0:
            outcome = self.runner.order(assign(ttl=TTL_S, idle=int(IDLE_S) if self.schedule.idle else None))
            assert isinstance(outcome, LeaseShown), outcome
            self.until = self.world.boot + TTL_S
            self.latest = self.world.boot + MAX_TTL_S
            self.silent = self.world.boot + IDLE_S
        elif 0 < turn <= self.schedule.touches and self.world.boot < self.true_end - 10.0:
            self.touch(LONGER_S if turn == self.schedule.longer else None)

    def touch(self, ttl: float | None) -> None:
        """A lease that is not over by the true time is never told to be over."""
        outcome = self.runner.order(Touch, lease="lease-1", ttl=ttl)
        assert isinstance(outcome, LeaseShown) or self.schedule.may_end_early, outcome
        self.silent = self.world.boot + IDLE_S
        if ttl is not None:
            self.until = max(self.until, min(self.world.boot + ttl, self.latest))

    @property
    def true_end(self) -> float:
        """When the lease ends, by the true time; nobody counts on the silence that is granted beyond `idle`."""
        return min(self.until, self.silent) if self.schedule.idle else self.until


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(SCHEDULES)
@example(TOUCHED_WHILE_AHEAD)
def test_no_lease_ends_early_whatever_clock_lies(schedule: Schedule) -> None:
    """Whatever the lie, for however long, and with restarts; and no touch is answered with 410 or 422."""
    assume(not schedule.may_end_early)
    life = Life(schedule)
    life.play()
    assert life.ended is None or life.ended >= life.true_end - 2.0


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(SCHEDULES)
def test_every_lease_ends_at_last_whatever_clock_lied(schedule: Schedule) -> None:
    """What a clock that lied wrote is put right: nothing is left over for a day."""
    assume(not schedule.may_never_end)
    life = Life(schedule)
    life.play()
    assert life.ended is not None
    assert life.ended <= life.begun + 45 * STEP_S
