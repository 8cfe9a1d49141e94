"""/v1/uploads/check and /v1/leases/{id}/promote over HTTP: what is passed on, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest

from ppa_assigner.history import PastLease
from ppa_assigner.packages import NamedFile, SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.uploads.promotion import Copy, CopyState, Promotion
from ppa_assigner.views import (
    OrigConflict,
    PastLeaseView,
    PromoteRequest,
    SnapshotAddress,
    SourceCheck,
    UploadCheck,
)

from .fakes import JSON, LEASE, LENT, NOW, ONE, TWO, Served, slug

HELLO = {"name": "hello", "version": "2.10-3", "series": "noble",
         "files": [{"name": "hello_2.10.orig.tar.gz", "sha256": "AB" * 32}]}  # fmt: skip
PACKAGE = SourcePackage("hello", "2.10-3", "noble", (NamedFile("hello_2.10.orig.tar.gz", "ab" * 32),))


def test_sources_reach_the_supervisor_with_their_files(api: Served) -> None:
    """Sums in lower case; the upstream tarball is compared before the assign."""
    api.backend.answer = LENT
    answer = api.http.post("/v1/leases", json={"owner": "x", "sources": [HELLO]})
    assert answer.status_code == 201
    assert api.backend.asked[0] == ("compare_origs", (PACKAGE,))
    assert api.backend.calls[0].wish.sources == (PACKAGE,)
    assert api.backend.calls[0].wish.spent > 0


def test_without_upstream_tarballs_nothing_is_compared(api: Served) -> None:
    """Most assigns name none."""
    api.backend.answer = LENT
    api.http.post("/v1/leases", json={"owner": "x", "sources": [{"name": "hello", "version": "1"}]})
    assert api.backend.asked == []
    assert api.backend.calls[0].wish.spent == 0.0


@pytest.mark.parametrize(("kind", "status"), [(Kind.ORIG_DIFFERS, 422), (Kind.UNAVAILABLE, 201), (Kind.INTERNAL, 500)])
def test_what_the_comparison_finds(api: Served, kind: Kind, status: int) -> None:
    """A difference is told with the request's id; that nobody can tell is no reason to lend nothing."""
    api.backend.answer, api.backend.orig = LENT, Problem(kind, "because", file="f")
    answer = api.http.post("/v1/leases", json={"owner": "x", "request_id": "build-1", "sources": [HELLO]})
    assert answer.status_code == status
    if kind is Kind.ORIG_DIFFERS:
        assert (slug(answer), answer.json()["request_id"], answer.json()["file"]) == ("orig-differs", "build-1", "f")
        assert api.backend.calls == []


FILE = {"name": "a_1.dsc", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "sources",
    [
        [{**HELLO, "files": [{"name": "../a", "sha256": "0" * 64}]}],
        [{**HELLO, "files": [{"name": "a", "sha256": "0" * 63}]}],
        [{**HELLO, "files": [{**FILE, "size": 1}]}],
        [{**HELLO, "series": "no ble"}],
        [{**HELLO, "files": [{**FILE, "name": f"a_{n}"} for n in range(101)]}] * 2,
        [HELLO] * 51,
        [],
    ],
)
def test_sources_that_are_not_right_are_refused(api: Served, sources: list[Any]) -> None:
    """With the member's name; 50 sources and 200 files are the most."""
    answer = api.http.post("/v1/uploads/check", json={"sources": sources})
    assert (answer.status_code, slug(answer)) == (422, "invalid")
    assert "sources" in answer.json()["detail"]
    assert api.backend.asked == []


def test_a_check_is_told_source_by_source(api: Served) -> None:
    """What is the same in all PPAs, and what keeps which of them from it."""
    conflict = OrigConflict("hello_2.10.orig.tar.gz", "cd" * 32, "https://x/hello_2.10.orig.tar.gz")
    check = SourceCheck(PACKAGE, known=True, component="main", orig=conflict, burnt={ONE: "hello 2.10-3"})
    api.backend.outcome = UploadCheck((check,), (TWO,), {})
    answer = api.http.post("/v1/uploads/check", json={"sources": [HELLO], "pool": "p"})
    assert api.backend.asked == [("check_upload", (PACKAGE,), "p")]
    assert answer.json() == {
        "accepted": False,
        "sources": [
            {
                "name": "hello", "version": "2.10-3", "series": "noble", "known": True, "component": "main",
                "orig": {"file": conflict.file, "sha256": conflict.sha256, "url": conflict.url},
                "burnt": {str(ONE): "hello 2.10-3"},
            }
        ],
        "takes": [str(TWO)],
        "unknown": {},
    }  # fmt: skip


@pytest.mark.parametrize("series", [["noble"], "noble"])
def test_a_promotion_is_passed_on_and_told(api: Served, series: Any) -> None:
    """Whatever form the PPA is given in."""
    api.backend.outcome = Promotion((Copy("hello", "1", "noble", CopyState.COPYING, "because"),))
    body = {"to": "ppa:acme/stable", "sources": [{"name": "hello", "version": "1"}], "series": series}
    answer = api.http.post(f"/v1/leases/{LEASE}/promote", json=body)
    wanted = PromoteRequest(Reference("acme", "ubuntu", "stable"), (("hello", "1"),), ("noble",))
    ((name, lease, passed, _caller),) = api.backend.asked
    assert (name, lease, passed) == ("promote", LEASE, wanted)
    assert answer.json() == {
        "state": "copying",
        "copies": [{"name": "hello", "version": "1", "series": "noble", "state": "copying", "why": "because"}],
    }


@pytest.mark.parametrize(
    "body", [{}, {"to": "acme"}, {"to": "ppa:a/b", "series": [1]}, {"to": "ppa:a/b", "sources": [1]}]
)
def test_a_promotion_that_makes_no_sense_is_refused(api: Served, body: dict[str, Any]) -> None:
    """Before the supervisor hears of it."""
    answer = api.http.post(f"/v1/leases/{LEASE}/promote", json=body, headers=JSON)
    assert (answer.status_code, slug(answer)) == (422, "invalid")
    assert api.backend.asked == []


def test_the_past_of_a_ppa_is_listed(api: Served) -> None:
    """With where it stays readable."""
    lease = PastLease("l", "me", None, NOW, (("hello", "1", "noble"),), published=True)
    api.backend.outcome = [PastLeaseView(lease, SnapshotAddress(NOW, "https://x/at"))]
    answer = api.http.get(f"/v1/ppas/{ONE}/history")
    at = "2026-11-25T03:14:12Z"
    assert answer.json() == {
        "items": [
            {
                "lease": "l", "owner": "me", "since": None, "until": at,
                "sources": [{"name": "hello", "version": "1", "series": "noble"}],
                "snapshot": {"at": at, "url": "https://x/at"},
            }
        ]
    }  # fmt: skip
