"""A PPA that is gone or not for us, for a moment or for good; one that people made anew; one that is disabled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.record import State

from ..processes import Launchpad, start_launchpad
from .site import SLACK, TOTAL, Site, eventually, site, together

PASSING = {
    "404": (404, "Object: <Archive>, name: 'x'"),
    "410": (410, "gone"),
    "403": (403, "(<Archive object>, 'description')"),
    "401": (401, "(<Archive object>, 'description', 'launchpad.View')"),
    "token": (401, "Expired token (kKkKkKkK)."),
}


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in."""
    launchpad = start_launchpad("--owner", "ci-pool")
    yield launchpad
    launchpad.stop()


def name_of(ppa: str) -> str:
    """The last part of a reference."""
    return ppa.rpartition("/")[2]


def hide(one: Site, ppa: str, status: int, text: str) -> tuple[int, ...]:
    """Every read of that PPA and of the listing is answered so."""
    path = rf"/\+archive/ubuntu/{re.escape(name_of(ppa))}(\?|$)"
    rules = [one.fault("status", status=status, text=text, headers={"Content-Type": "text/plain"}, path=where)
             for where in (path, r"/~ci-pool/ppas")]  # fmt: skip
    return tuple(rules)


def shown(one: Site, ppa: str) -> dict[str, Any]:
    """What the daemon knows of it."""
    return one.ask("GET", f"/v1/ppas/{ppa}").document


def touch(one: Site, lease: str) -> tuple[int, str]:
    """How a touch of it is answered."""
    answer = one.ask("POST", f"/v1/leases/{lease}/touch")
    return answer.status, answer.kind


def passes(one: Site, how: str) -> None:
    """The lease lives on, and its request is given no second PPA, whatever is answered for some seconds."""
    one.start()
    first = one.assign("r", ttl=3600)
    assert first.status == 201, first
    ppa, lease = first.document["ppa"], first.document["id"]
    rules = hide(one, ppa, *PASSING[how])
    for attempt in (1, 2):
        again = one.assign("r", ttl=3600, attempt=attempt)
        assert (again.status, again.kind) == (503, "launchpad-unavailable"), again
        assert again.seconds < TOTAL + SLACK
        assert touch(one, lease) == (503, "launchpad-unavailable")
    released = one.ask("DELETE", "/v1/leases/0123456789abcdef0123456789abcdef")
    assert released.status == 503, "a lease that nobody knows may be the one that cannot be seen"
    one.heal(*rules)
    eventually(lambda: touch(one, lease)[0] == 200, "the lease")
    told = one.assign("r", ttl=3600, attempt=3, wait=20)
    assert (told.status, told.document["ppa"], told.document["id"]) == (200, ppa, lease), told
    assert one.record(ppa).lease == lease


def test_a_moments_answer_ends_no_lease_and_gives_no_second_ppa(tmp_path: Path, launchpad: Launchpad) -> None:
    """404, 410, 403, 401 and a refusal of the token, of the PPA and of the listing."""
    with ExitStack() as stack:
        sites = {how: stack.enter_context(site(tmp_path, launchpad, how, 2)) for how in PASSING}
        together([lambda how=how, one=one: passes(one, how) for how, one in sites.items()])


def remake(one: Site, ppa: str, seen: bool) -> None:
    """A person deletes it, and makes another of that name with a package in it."""
    control = one.launchpad.control
    control.remove_ppa(ppa)
    control.run("publisher")
    if seen:
        eventually(lambda: shown(one, ppa)["condition"] == "missing", "that it is missing")
    control.ppas("ci-pool", names=[name_of(ppa)], description="ours")
    control.upload(ppa, "precious", "1.0")


@pytest.mark.parametrize("seen", [True, False])
def test_what_people_make_under_a_name_that_was_deleted_is_theirs(
    tmp_path: Path, launchpad: Launchpad, seen: bool
) -> None:
    """A daemon that ran all the time, and knew the old one as free or used, writes nothing and deletes nothing."""
    with site(tmp_path, launchpad, "remade", 2) as one:
        one.start()
        lent = one.assign("r", ttl=3600).document
        for ppa in one.free:
            remake(one, ppa, seen)
        for ppa in one.free:
            eventually(lambda ppa=ppa: shown(one, ppa)["condition"] == "unmanaged", "that it is somebody's", 60)  # type: ignore[misc]
        looks = len(one.requests(path=r"/~ci-pool/ppas"))
        eventually(lambda: len(one.requests(path=r"/~ci-pool/ppas")) > looks + 3, "more looks")
        for ppa in one.free:
            assert launchpad.control.description(ppa) == "ours"
            assert launchpad.control.ppa(ppa)["active_sources"] == 1
        assert touch(one, lent["id"]) == (410, "lease-over")
        assert one.assign("s").kind == "none-free"


def test_a_ppa_that_is_deleted_while_it_is_lent_ends_its_lease(tmp_path: Path, launchpad: Launchpad) -> None:
    """Once it is certain, nothing used is left of it anywhere, and everybody is told what it is."""
    with site(tmp_path, launchpad, "deleted", 1) as one:
        one.start()
        lease = one.assign("r", ttl=3600).document
        ppa = lease["ppa"]
        launchpad.control.remove_ppa(ppa)
        launchpad.control.run("publisher")
        eventually(lambda: touch(one, lease["id"])[0] == 410, "the end of the lease")
        assert one.ask("DELETE", f"/v1/leases/{lease['id']}").status == 200
        assert one.ask("GET", "/v1/leases").document == {"items": []}
        assert one.ask("GET", f"/v1/leases/{lease['id']}").status == 404
        now = shown(one, ppa)
        assert (now["state"], now["condition"], now["owner"], now["lease"]) == (None, "missing", None, None)
        held = one.ask("POST", f"/v1/ppas/{ppa}/hold", {"lease": lease["id"], "for": 60})
        assert (held.status, held.kind) == (409, "wrong-state")
        assert "it is gone" in held.document["detail"]
        metrics = one.daemon.http.get("/metrics").text
        assert 'ppa_assigner_ppas{pool="default",state="used"} 0.0' in metrics
        assert 'ppa_assigner_transitions_total{from="used",pool="default",to="none",why="gone"} 1.0' in metrics
        assert f"{ppa}: used -> no record (gone)" in one.daemon.log


def test_a_ppa_that_was_deleted_while_it_was_lent_is_made_anew(tmp_path: Path, launchpad: Launchpad) -> None:
    """Where the pool says so; the next who asks gets it."""
    with site(tmp_path, launchpad, "anew", 1, create=True) as one:
        one.start()
        lease = one.assign("r", ttl=3600).document
        launchpad.control.remove_ppa(lease["ppa"])
        launchpad.control.run("publisher")
        told = one.assign("s", wait=60)
        assert (told.status, told.document["ppa"]) == (201, lease["ppa"]), told
        assert touch(one, lease["id"]) == (410, "lease-over")


def test_a_disabled_ppa_is_said_plainly(tmp_path: Path, launchpad: Launchpad) -> None:
    """It is not lent; a clean that meets one does not fail but waits; and what is enabled again goes on."""
    with site(tmp_path, launchpad, "disabled", 2) as one:
        off, other = one.free
        launchpad.control.settings(off, enabled=False)
        one.start()
        eventually(lambda: shown(one, off)["condition"] == "disabled", "the disabled one")
        assert "enable it on its +edit page" in shown(one, off)["fault"]
        lease = one.assign("r", ttl=3600).document
        assert lease["ppa"] == other
        assert one.assign("s").kind == "none-free"
        launchpad.control.upload(other, "junk", "1.0")
        launchpad.control.settings(other, enabled=False)
        assert one.ask("DELETE", f"/v1/leases/{lease['id']}").status == 200
        eventually(lambda: shown(one, other)["condition"] == "disabled", "that it cannot be cleaned")
        assert (one.record(other).state, one.record(other).tries) == (State.DIRTY, 0)
        for ppa in one.free:
            launchpad.control.settings(ppa, enabled=True)
        told = together([lambda n=n: one.assign(f"t{n}", wait=60) for n in range(2)])
        assert [answer.status for answer in told] == [201, 201], told
