"""Clocks that are wrong: those of hosts decide nothing, two daemons agree, Launchpad's jump is not believed at once.

The boot-time clock cannot be moved; the wall clock is, for one process, by a module that its Python loads first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.port import Moment
from ppa_assigner.record import State, parse

from ..processes import Launchpad, start_launchpad
from .site import Site, adjust, eventually, site, together

DAY = 86_400
HOUR = 3600.0
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
    """A lease by the one, shown the same by the other, ends when Launchpad's clock says so, by whomever."""
    lease = one.assign("short", ttl=8, wait=20).document
    eventually(lambda: other.ask("GET", f"/v1/leases/{lease['id']}").document.get("until") == lease["until"], "seen")
    since = datetime.fromisoformat(lease["since"].replace("Z", "+00:00"))
    assert abs((since - datetime.now(timezone.utc)).total_seconds()) < 300
    eventually(lambda: one.record(lease["ppa"]).state is not State.USED, "its end")
    written = one.launchpad.control.descriptions(lease["ppa"])
    dirty = next(
        each for each in written if (found := parse(each["description"]).record) and found.state is State.DIRTY
    )
    end = datetime.fromisoformat(lease["until"].replace("Z", "+00:00"))
    assert end <= datetime.fromisoformat(dirty["at"]) < end + timedelta(seconds=20)
    for each in (one, other):
        eventually(lambda: set(each.conditions()) == {"ok"}, "all in order")  # noqa: B023 - it is over at once
        eventually(lambda: each.ask("GET", f"/v1/ppas/{lease['ppa']}").document["state"] == "free", "free")  # noqa: B023 - the same


def alarmed(one: Site) -> bool:
    """As Prometheus is told."""
    return "ppa_assigner_launchpad_clock_alarm 1.0" in one.daemon.http.get("/metrics").text


def jumps(one: Site, seconds: float) -> None:
    """Launchpad's clock does: the alarm is raised.  Only looks go on: any answer makes it be believed sooner."""
    eventually(lambda: "dirty" not in [ppa["state"] for ppa in one.daemon.ppas()], "no clean goes on")
    one.launchpad.control.clock(step=seconds)
    eventually(lambda: alarmed(one), "an alarm")


def survives_jumps(one: Site) -> None:
    """No lease ends while the clock is in doubt; by a clock that is believed again it does, if it is over."""
    lease = one.assign("long", ttl=HOUR / 2, wait=20).document
    jumps(one, HOUR)
    assert one.record(lease["ppa"]).state is State.USED
    assert one.ask("GET", f"/v1/leases/{lease['id']}").document["state"] == "used"
    eventually(lambda: not alarmed(one), "it is believed")
    eventually(lambda: one.record(lease["ppa"]).state is not State.USED, "its end")
    other = one.assign("other", ttl=HOUR / 2, wait=20).document
    jumps(one, -HOUR)
    eventually(lambda: not alarmed(one), "it is believed")
    touched = one.ask("POST", f"/v1/leases/{other['id']}/touch")
    assert (touched.status, touched.document["until"]) == (200, other["until"])
    assert one.daemon.log.count("Launchpad's clock jumped by more than 5 minutes") == 2


@pytest.mark.timeout(240)
def test_clocks_that_are_wrong(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Two daemons whose hosts are days apart; then Launchpad's clock jumps by an hour, and back."""
    with site(tmp_path, launchpad, "ahead", 3) as ahead, site(tmp_path, launchpad, "behind") as behind:
        for one, offset in ((ahead, 2 * DAY), (behind, -2 * DAY)):
            shift_wall_clock(one, offset)
            adjust(one.daemon, look_every=4.0)
        share(ahead, behind)
        together([ahead.start, behind.start])
        shown = [datetime.fromisoformat(one.daemon.log.splitlines()[0][:19]) for one in (ahead, behind)]
        assert shown[0] - shown[1] > timedelta(days=3)  # the clocks are wrong indeed
        agree_about_an_end(ahead, behind)
        behind.daemon.close()
        survives_jumps(ahead)
    record_property("troubles", 3)


def test_hosts_booted_at_different_times_agree() -> None:
    """What a clock shows depends on Launchpad's answers alone, whenever this host was booted."""
    date = datetime(2026, 11, 25, 3, 0, 0, tzinfo=timezone.utc)
    boots = {"old": 9_000_000.0, "new": 5.0}
    clocks = {name: LaunchpadClock(lambda name=name: boots[name], lambda _: None) for name in boots}  # type: ignore[misc]  # a default binds each
    for name, clock in clocks.items():
        clock.observe(Moment(date, boots[name] - 0.1, boots[name]))
        boots[name] += 100.0
    assert {clock.now().date for clock in clocks.values()} == {date + timedelta(seconds=100)}
