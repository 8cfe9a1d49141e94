"""/v1/leases/{id}/uploads in front of something that follows uploads as a test says."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.access import Role
from ppa_assigner.publications import BinaryPublication, SourceBuild
from ppa_assigner.uploads import FollowedLease
from ppa_assigner.uploads.model import Goal, NamedSource, Report, SourceReport, SourceState, Wanted
from ppa_assigner.views import LeaseView

from ..test_access import TOKEN, client
from .fakes import LEASE, LENT, NOW, ONE, Served, dirty, serving, slug, wait_for

PATH = f"/v1/leases/{LEASE}/uploads"
HELLO = NamedSource("hello", "2:1.0-1")
REPORT = Report(
    Goal.BUILT, False, False, "hello is being built",
    (SourceReport(
        "hello", "2:1.0-1", "noble", SourceState.BUILDING, "hello is being built",
        (SourceBuild("http://lp/build/1", "amd64", "Dependency wait", "http://lp/log", "libfoo"),),
        (BinaryPublication("hello", "2:1.0-1", "noble", "amd64", "hello", "2:1.0-1", "Pending"),),
    ),),
)  # fmt: skip
REACHED = Report(Goal.BUILT, True, True, "built: all that was waited for")


@pytest.fixture(autouse=True)
def _lent(api: Served) -> None:
    api.backend.outcome = LENT


def test_a_report_has_the_form_of_the_contract(api: Served) -> None:
    """And what was asked is passed on."""
    api.uploads.report = REPORT
    response = api.http.get(f"{PATH}?source=hello=2:1.0-1&for=built&arch=arm64&arch=amd64&appear=90")
    assert response.status_code == 200
    assert response.json() == {
        "goal": "built", "reached": False, "final": False, "why": "hello is being built",
        "sources": [{
            "name": "hello", "version": "2:1.0-1", "series": "noble", "state": "building",
            "builds": [{"arch": "amd64", "state": "Dependency wait", "log": "http://lp/log", "waits_for": "libfoo"}],
            "binaries": [{"name": "hello", "version": "2:1.0-1", "arch": "amd64", "status": "Pending"}],
        }],
    }  # fmt: skip
    followed = FollowedLease(LEASE, ONE, NOW, "~ann")
    assert api.uploads.asked == [(followed, Wanted(Goal.BUILT, (HELLO,), ("amd64", "arm64")), 90.0)]
    assert api.uploads.waiting == []


def test_what_is_not_said_has_its_default(api: Served) -> None:
    """All sources, published, for what they are built for, within twenty minutes."""
    assert api.http.get(PATH).status_code == 200
    assert [one[1:] for one in api.uploads.asked] == [(Wanted(Goal.PUBLISHED), 1200.0)]


@pytest.mark.parametrize(("query", "names"), [
    ("source=hello", "source"), ("source==1", "source"), ("source=Hello=1", "source"), ("for=tested", "for"),
    ("arch=a/b", "arch"), ("appear=soon", "appear"), ("appear=-1", "appear"), ("wait=-1", "wait"), ("wait=x", "wait"),
    ("&".join(["source=a=1"] * 51), "source"), ("&".join(["arch=a"] * 21), "arch"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(api: Served, query: str, names: str) -> None:
    """422, and nothing is looked at."""
    response = api.http.get(f"{PATH}?{query}")
    assert slug(response) == "invalid"
    assert response.json()["detail"].startswith(f"{names}:")
    assert api.uploads.asked == []


def test_a_wait_ends_with_the_verdict(api: Served) -> None:
    """And not before."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(api.http.get(f"{PATH}?wait=30").json()))
    thread.start()
    wait_for(lambda: api.uploads.waiting)
    api.uploads.waiting[0].told(REPORT)
    assert thread.is_alive()
    api.uploads.waiting[0].told(REACHED)
    thread.join(10)
    assert found[0]["reached"] is True


def test_a_wait_that_is_over_tells_what_is_known(api: Served) -> None:
    """As far as the last look showed it."""
    response = api.http.get(f"{PATH}?wait=50ms")
    assert (response.status_code, response.json()["reached"]) == (200, False)


def test_with_a_tag_it_waits_for_any_change(api: Served) -> None:
    """Nothing new is 304; something new comes at once."""
    tag = api.http.get(PATH).headers["etag"]
    unchanged = api.http.get(PATH, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    api.uploads.report = REPORT
    changed = api.http.get(f"{PATH}?wait=30", headers={"If-None-Match": tag})
    assert changed.json()["why"] == "hello is being built"


def test_without_a_look_there_is_no_report(api: Served) -> None:
    """503, with the reason."""
    api.uploads.trouble = "503 Service Unavailable"
    response = api.http.get(PATH)
    assert slug(response) == "launchpad-unavailable"
    assert "503 Service Unavailable" in response.json()["detail"]


def test_of_a_private_ppa_it_is_not_told_what_is_installable(api: Served) -> None:
    """422 and what to do; all else can be told."""
    api.backend.known = [replace(api.backend.known[0], private=True)]
    response = api.http.get(f"{PATH}?for=installable")
    assert slug(response) == "invalid"
    assert "--auth" in response.json()["detail"]
    assert api.http.get(f"{PATH}?for=published").status_code == 200


def test_a_lease_that_is_over_has_no_uploads(api: Served) -> None:
    """410, though its PPA remembers it."""
    record = dirty(api.backend.known[0]).record
    assert record is not None
    api.backend.outcome = LeaseView(ONE, record)
    assert slug(api.http.get(PATH)) == "lease-over"
    assert slug(api.http.post(f"{PATH}/retry")) == "lease-over"


def test_builds_are_retried_for_whoever_may_end_the_lease() -> None:
    """Not for others."""
    with serving(clients=[client("jenkins", TOKEN, Role.CLIENT), client("eve", "eve", Role.CLIENT)]) as api:
        api.backend.outcome = LENT
        api.uploads.retried = ((HELLO, SourceBuild("http://lp/build/1", "amd64", "Chroot problem")),)
        body = {"sources": [{"name": "hello", "version": "2:1.0-1"}]}
        mine = api.http.post(f"{PATH}/retry", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
        assert mine.json() == {"items": [{"name": "hello", "version": "2:1.0-1", "arch": "amd64"}]}
        assert [names for _, names in api.uploads.retries] == [[HELLO]]
        others = api.http.post(f"{PATH}/retry", headers={"Authorization": "Bearer eve"})
        assert slug(others) == "forbidden"
        assert api.http.get(PATH, headers={"Authorization": "Bearer eve"}).status_code == 200
        assert len(api.uploads.retries) == 1
