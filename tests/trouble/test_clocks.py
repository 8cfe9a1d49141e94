"""Clocks that are wrong, Launchpad's or the hosts': no lease ends early, nothing is deleted, two daemons agree.

The boot-time clock cannot be moved; the wall clock is, for one process, by a module that its Python loads first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.port import Moment
from ppa_assigner.record import HOST, State, parse

from ..processes import Launchpad, start_launchpad
from .site import Site, adjust, eventually, lasting, site, together

DAY = 86_400
HOUR = 3600.0
ALONE_S = 15.0
SHIFT = """\
import os, time
_time, _offset = time.time, float(os.environ["WALL_CLOCK_OFFSET"])
time.time = lambda: _time() + _offset
time.time_ns = lambda: int(time.time() * 1e9)
"""


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in."""
    launchpad = start_launchpad("--owner", "ci-pool")
    yield launchpad
    launchpad.stop()


def shift_wall_clock(one: Site, seconds: float) -> None:
    """Its process finds the host's clock wrong by that much."""
    place = one.daemon.folder / "shift"
    place.mkdir()
    (place / "sitecustomize.py").write_text(SHIFT)
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    one.daemon.variables |= {"PYTHONPATH": os.pathsep.join(paths), "WALL_CLOCK_OFFSET": str(seconds)}


def share(owner: Site, other: Site) -> None:
    """The other daemon serves the same PPAs."""
    document = json.loads(other.daemon.config.read_text())
    document["pools"]["default"]["ppas"] = owner.free
    other.daemon.config.write_text(json.dumps(document))


def agree_about_an_end(one: Site, other: Site) -> None:
    """A lease by the one, shown the same by the other, ends when Launchpad's clock says so, by whomever: it is believed
    alone in the end.
    """
    lasting(ALONE_S + 5.0)  # which begins with ten seconds that are no alarm
    for each in (one, other):
        eventually(lambda: not alarmed(each), "Launchpad's clock is believed alone", 90.0)  # noqa: B023 - it is over at once
    lease = one.assign("short", ttl=8, wait=20).document
    eventually(lambda: other.ask("GET", f"/v1/leases/{lease['id']}").document.get("until") == lease["until"], "seen")
    since = datetime.fromisoformat(lease["since"])
    assert abs((since - datetime.now(UTC)).total_seconds()) < 300
    eventually(lambda: one.record(lease["ppa"]).state is not State.USED, "its end")
    written = one.launchpad.control.descriptions(lease["ppa"])
    dirty = next(
        each for each in written if (found := parse(each["description"]).record) and found.state is State.DIRTY
    )
    end = datetime.fromisoformat(lease["until"])
    assert end <= datetime.fromisoformat(dirty["at"]) < end + timedelta(seconds=20)
    for each in (one, other):
        eventually(lambda: set(each.conditions()) == {"ok"}, "all in order")  # noqa: B023 - it is over at once
        eventually(lambda: each.ask("GET", f"/v1/ppas/{lease['ppa']}").document["state"] == "free", "free")  # noqa: B023 - the same


def alarmed(one: Site) -> bool:
    """As Prometheus is told."""
    return "ppa_assigner_launchpad_clock_alarm 1.0" in one.daemon.http.get("/metrics").text


def survives_jumps(one: Site) -> None:
    """Beside a host that is wrong itself a clock that jumped is not believed any more, nor when it is right again."""
    lease = one.assign("long", ttl=HOUR / 2, wait=20).document
    for step in (HOUR, -HOUR):
        one.launchpad.control.clock(step=step)
        eventually(lambda: alarmed(one), "an alarm")
        lasting(3.0)
        touched = one.ask("POST", f"/v1/leases/{lease['id']}/touch")
        assert (touched.status, touched.document["until"]) == (200, lease["until"])
    assert one.record(lease["ppa"]).clock == HOST
    assert one.daemon.log.count("no lease ends by time until they agree; set this host's clock") == 1


@pytest.mark.timeout(300)
def test_clocks_that_are_wrong(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Two daemons whose hosts are days apart; then Launchpad's clock jumps by an hour, and back."""
    with site(tmp_path, launchpad, "ahead", 3) as ahead, site(tmp_path, launchpad, "behind") as behind:
        for one, offset in ((ahead, 2 * DAY), (behind, -2 * DAY)):
            shift_wall_clock(one, offset)
            adjust(one.daemon, look_every=1.0, clock_alone_after=ALONE_S)
        share(ahead, behind)
        together([ahead.start, behind.start])
        shown = [datetime.fromisoformat(one.daemon.log.splitlines()[0][:19]) for one in (ahead, behind)]
        assert shown[0] - shown[1] > timedelta(days=3)  # the clocks are wrong indeed
        agree_about_an_end(ahead, behind)
        behind.daemon.close()
        survives_jumps(ahead)
    record_property("troubles", 3)


def lent(one: Site, *names: str) -> list[dict[str, Any]]:
    """Leases, with a package of their owner in each, that silence ends after ten minutes and time after an hour."""
    leases = [one.assign(name, ttl=HOUR, idle=HOUR / 6, wait=20).document for name in names]
    for lease in leases:
        one.launchpad.control.upload(lease["ppa"], "theirs", "1.0")
    return leases


def stand(one: Site, leases: list[dict[str, Any]]) -> None:
    """They do, with what is in them, and every touch says so; nothing was ever deleted."""
    for lease in leases:
        record = one.record(lease["ppa"])
        assert (record.state, record.lease) == (State.USED, lease["id"])
        assert active(one, lease["ppa"]) == ["theirs"]
        assert one.ask("POST", f"/v1/leases/{lease['id']}/touch").status == 200
    assert not one.requests(operation="requestDeletion")


def active(one: Site, ppa: str) -> list[str]:
    """The sources that are there."""
    sources = one.launchpad.control.packages(ppa)["sources"]
    return [each["name"] for each in sources if each["status"] in ("Pending", "Published")]


@pytest.mark.timeout(240)
def test_a_launchpad_a_day_ahead_ends_no_lease(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """For the first 0.9 s of a daemon's life, and for five seconds in one that runs, with many answers that agree."""
    with site(tmp_path, launchpad, "lied-to", 2) as one:
        one.start()
        leases = lent(one, "a", "b")
        one.daemon.kill()
        launchpad.control.clock(step=DAY)
        one.start()
        lasting(0.9)
        launchpad.control.clock(step=-DAY)
        lasting(15.0)  # by now time is believed
        assert not alarmed(one)
        stand(one, leases)
        launchpad.control.clock(step=DAY)
        end, answers = launchpad.control.last(), 0
        for _ in range(10):
            stand(one, leases)
            lasting(0.5)
        answers = launchpad.control.last() - end
        assert answers > 8
        assert alarmed(one)
        launchpad.control.clock(step=-DAY)
        eventually(lambda: not alarmed(one), "time is believed again")
        stand(one, leases)
        for lease in leases:
            ahead = one.record(lease["ppa"]).touched - datetime.fromisoformat(launchpad.control.clock()["now"])
            assert ahead < timedelta(minutes=5)  # what the clock wrote that lied is put right
    record_property("troubles", 2)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_stray_is_found_in_a_ppa_that_became_free_a_day_ahead(
    tmp_path: Path, launchpad: Launchpad, restarted: bool, record_property: Callable[[str, object], None]
) -> None:
    """Launchpad's clock is right again when the stray comes: dates of the lie hide nothing."""
    with site(tmp_path, launchpad, "strayed", 1) as one:
        one.start()
        lasting(12.0)
        (lease,) = lent(one, "first")
        launchpad.control.clock(step=DAY)
        assert one.ask("DELETE", f"/v1/leases/{lease['id']}").status == 200
        eventually(lambda: one.record(lease["ppa"]).state is State.FREE, "free")
        launchpad.control.clock(step=-DAY)
        launchpad.control.upload(lease["ppa"], "stray", "1.0")
        lasting(3.0)  # longer than the quiet window
        if restarted:
            one.daemon.kill()
            one.start()
        second = one.assign("second", ttl=HOUR, wait=30)
        assert second.status == 201
        assert active(one, second.document["ppa"]) == []
    record_property("troubles", 1)


def test_hosts_booted_at_different_times_agree() -> None:
    """What a clock shows depends on Launchpad's answers alone, whenever this host was booted."""
    date = datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC)
    boots = {"old": 9_000_000.0, "new": 5.0}
    clocks = {name: LaunchpadClock(lambda name=name: boots[name], lambda _: None) for name in boots}  # type: ignore[misc]  # a default binds each
    for name, clock in clocks.items():
        clock.observe(Moment(date, boots[name] - 0.1, boots[name]))
        boots[name] += 100.0
    assert {clock.now().date for clock in clocks.values()} == {date + timedelta(seconds=100)}
