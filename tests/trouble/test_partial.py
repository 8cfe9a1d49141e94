"""Launchpad answers, but not everything, or not soon: others go on, and the trouble of a PPA of its own is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ppa_assigner.record import State

from ..processes import Launchpad, start_launchpad
from .site import CONNECTIONS, SLACK, TOTAL, Site, eventually, most_at_once, site, together


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in."""
    launchpad = start_launchpad("--owner", "ci-pool")
    yield launchpad
    launchpad.stop()


def read_only(one: Site) -> None:
    """Everything can be read and nothing written: nothing is lent, nothing told as none-free, nothing given up."""
    one.start()
    kept = one.assign("kept").document
    one.since = one.launchpad.control.last()
    rule = one.fault("read_only")
    told = [one.assign(f"wish-{number}") for number in range(3)]
    assert [answer.kind for answer in told] == ["launchpad-unavailable"] * 3, told
    assert all(answer.document["ticket"] and answer.headers["retry-after"] for answer in told)
    assert max(answer.seconds for answer in told) < TOTAL + SLACK
    assert one.ask("POST", f"/v1/leases/{kept['id']}/touch").status == 200  # it is there: that can be read
    release = one.ask("DELETE", f"/v1/leases/{kept['id']}")
    assert (release.status, release.kind) == (503, "launchpad-unavailable")
    assert release.document["pending"] is True
    assert one.record(kept["ppa"]).state is State.USED
    writes = [request for request in one.requests() if request["method"] != "GET"]
    assert len(writes) < 10 * len([*one.free, *one.dirty])
    one.heal(rule)
    again = [one.assign(f"wish-{number}", attempt=1, wait=30) for number in range(3)]
    assert {answer.status for answer in again} <= {200, 201}, again
    assert len({answer.document["ppa"] for answer in again}) == 3
    eventually(lambda: one.record(kept["ppa"]).lease != kept["id"], "released and cleaned, asked for once")
    assert f"{kept['ppa']}: used -> dirty (released)" in one.daemon.log
    # The answer to the write that freed it may be on its way: until then the lease is remembered.
    eventually(lambda: one.ask("DELETE", f"/v1/leases/{kept['id']}").kind == "unknown-lease", "the lease is forgotten")


def slow(one: Site) -> None:
    """More to be read than the connections carry in time, for each answer takes long: an assign has its own, a touch
    passes, one clean after the other gets through, and no more is asked at once than allowed.
    """
    rule = one.fault("delay", seconds=0.1)
    one.since = one.launchpad.control.last()
    one.start()
    told = [one.assign(f"wish-{number}", wait=20) for number in range(2)]
    assert [answer.status for answer in told] == [201, 201], told
    for _ in range(3):
        touched = one.ask("POST", f"/v1/leases/{told[0].document['id']}/touch")
        assert touched.status == 200, touched
    for path in ("/v1/ppas", "/v1/pools", "/healthz", "/metrics"):
        assert one.daemon.http.get(path).elapsed.total_seconds() < SLACK
    eventually(lambda: one.conditions().count("ok") == len([*one.free, *one.dirty]), "all in order")
    one.daemon.wait_for_states(timeout=60, free=len(one.dirty) + len(one.free) - 2)
    asked = one.requests()
    assert most_at_once(asked) <= CONNECTIONS
    assert len(asked) < 40 * len(one.dirty), "looks that are given up before they are over"
    one.heal(rule)


def own_error(one: Site) -> None:
    """500 to a listing of one PPA: it alone is shown with its fault, and ends in quarantine; the other is cleaned."""
    bad, good = one.dirty
    one.fault("status", status=500, text="OOPS", path=f"{bad.rpartition('/')[2]}.*getPublishedSources")
    one.start()
    eventually(lambda: one.ask("GET", f"/v1/ppas/{bad}").document["tries"] >= 1, "a failed try")
    shown = one.ask("GET", f"/v1/ppas/{bad}").document
    assert "500" in shown["fault"]
    eventually(lambda: one.ask("GET", f"/v1/ppas/{bad}").document["condition"] == "quarantined", "quarantine", 60)
    eventually(lambda: one.record(good).state is State.FREE, "the other one")
    assert f"{bad}: cleaning failed 3 times" in one.daemon.log


def cancelled_in_vain(one: Site) -> None:
    """200 to a cancellation that does nothing: asked for again, then a failure, and quarantine at last."""
    (bad,) = one.dirty
    control = one.launchpad.control
    control.upload(bad, "hello", "1.0")
    control.build(bad, "hello", "1.0", "Needs building")
    one.fault("status", method="POST", operation="cancel", status=200)
    one.start()
    eventually(lambda: one.ask("GET", f"/v1/ppas/{bad}").document["condition"] == "quarantined", "quarantine", 60)
    assert "still there after it was cancelled" in (one.record(bad).fault or "")
    assert len(one.requests(operation="cancel")) == 2 * 3


@pytest.mark.timeout(240)
def test_launchpad_answers_in_part(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Each on a daemon of its own, all at once."""
    stories = {read_only: (4, 2), slow: (2, 12), own_error: (0, 2), cancelled_in_vain: (0, 1)}
    with ExitStack() as ends:
        acts = [
            (story, ends.enter_context(site(tmp_path, launchpad, story.__name__.replace("_", "-"), *counts)))
            for story, counts in stories.items()
        ]
        together([lambda story=story, one=one: story(one) for story, one in acts])
    record_property("troubles", len(stories))
