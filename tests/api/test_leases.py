"""/v1/leases: what reaches the supervisor, and what comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.selectors import parse
from ppa_assigner.views import AssignRequest, Condition, LeaseView, Snapshot

from .fakes import END, FREE, LEASE, LENT, NOW, ONE, TWO, USED, Served, dirty, slug

DOCUMENT = {
    "id": LEASE,
    "request_id": "build-77",
    "attempt": 0,
    "ppa": "~ci-pool/ubuntu/pool-001",
    "dput": "ppa:ci-pool/ubuntu/pool-001",
    "web": "https://launchpad.net/~ci-pool/+archive/ubuntu/pool-001",
    "pool": "default",
    "owner": "ticket-123",
    "by": "jenkins",
    "state": "used",
    "since": "2026-11-25T03:14:12Z",
    "touched": "2026-11-25T03:14:12Z",
    "until": "2026-11-25T03:14:12Z",
    "ends": "2026-11-25T03:14:12Z",
    "ends_by": "until",
    "idle": 600,
    "note": "hello",
    "uploader": "~ann",
    "snapshot": None,
    "group": None,
    "lead": None,
    "members": [],
}


def test_a_fresh_lease_is_created_and_one_that_was_there_is_shown(api: Served) -> None:
    """201 with Location for a lease that this call made, 200 for the one that the request had."""
    api.backend.answer = LENT
    fresh = api.http.post("/v1/leases", json={"owner": "me"})
    assert (fresh.status_code, fresh.headers["location"]) == (201, f"/v1/leases/{LEASE}")
    told = fresh.json()
    assert told.pop("token").startswith("lease_")
    assert told == DOCUMENT
    api.backend.answer = replace(LENT, fresh=False)
    again = api.http.post("/v1/leases", json={"owner": "me"})
    assert (again.status_code, again.json()) == (200, fresh.json())
    assert "location" not in again.headers


def test_a_wish_reaches_the_supervisor_with_all_that_was_said(api: Served) -> None:
    """Every member of the body has its place in the wish."""
    api.backend.answer = LENT
    body = {
        "owner": "me", "pool": "fast", "request_id": "b.7_-", "attempt": 2, "wait": 1.5, "ttl": 60, "idle": 30.5,
        "note": "", "ppa": "ppa:ci-pool/pool-001", "sources": [{"name": "hello", "version": "1:2.10-3~x+y"}],
        "uploader": "~ann", "ticket": "anything", "select": "size==big , !gpu",
    }  # fmt: skip
    assert api.http.post("/v1/leases", json=body).status_code == 201
    assert api.backend.calls[0].wish == AssignRequest(
        owner="me", pool="fast", request_id="b.7_-", attempt=2, wait=1.5, ttl=60, idle=30.5, note="", ppa=ONE,
        sources=(SourcePackage("hello", "1:2.10-3~x+y"),), uploader="~ann", ticket="anything", by=None,
        select=parse("!gpu,size=big"),
    )  # fmt: skip


def test_absent_and_null_members_have_their_defaults(api: Served) -> None:
    """Only the owner must be said; a request id is drawn anew for each wish."""
    api.backend.answer = LENT
    nulls = dict.fromkeys(("request_id", "ttl", "idle", "note", "ppa", "sources", "uploader", "ticket", "select"))
    for body in ({"owner": "me"}, {"owner": "me", **nulls}):
        assert api.http.post("/v1/leases", json=body).status_code == 201
    assert api.http.post("/v1/leases", content=b'{"owner": "me"}').status_code == 201
    wishes = [call.wish for call in api.backend.calls]
    assert len({wish.request_id for wish in wishes}) == 3
    assert {replace(wish, request_id="") for wish in wishes} == {
        AssignRequest(owner="me", pool="default", request_id="")
    }


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (["application/json"], 201), (["Application/JSON; charset=utf-8"], 201), ([], 422), ([""], 422),
        (["text/plain"], 422), (["text/plain; a=application/json"], 422), (["application/jsonp"], 422),
        (["application/x-www-form-urlencoded"], 422), (["text/plain", "application/json"], 422),
    ],
)  # fmt: skip
def test_a_body_must_say_that_it_is_json(api: Served, said: list[str], status: int) -> None:
    """What a form of any page could have a browser send is refused, and reaches nobody."""
    api.backend.answer, api.backend.outcome = LENT, LENT
    for path, body in (("/v1/leases", {"owner": "me"}), (f"/v1/leases/{LEASE}/touch", {"ttl": 60})):
        response = httpx.post(api.url + path, content=json.dumps(body), headers=[("Content-Type", one) for one in said])
        assert response.status_code == (status if path == "/v1/leases" or status == 422 else 200)
        assert status != 422 or "Content-Type: application/json" in response.json()["detail"]
    assert len(api.backend.calls) == len(api.backend.asked) == (status == 201)


def test_the_page_of_a_ppa_is_where_launchpad_said(api: Served) -> None:
    """Of a new lease, of one that is shown, touched and listed; made up where that is not known."""
    api.backend.answer, api.backend.outcome = LENT, LENT
    for web, told in (("https://staging.example/~a/+archive/b/c", None), (None, ONE.web)):
        api.backend.known = [replace(api.backend.known[0], web=web)]
        assert api.http.post("/v1/leases", json={"owner": "me"}).json()["web"] == (told or web)
        assert api.http.get(f"/v1/leases/{LEASE}").json()["web"] == (told or web)
        assert api.http.post(f"/v1/leases/{LEASE}/touch").json()["web"] == (told or web)
        assert [item["web"] for item in api.http.get("/v1/leases").json()["items"]] == [told or web]
    api.backend.known = []
    assert api.http.get(f"/v1/leases/{LEASE}").json()["web"] == ONE.web


def test_no_body_needs_no_type(api: Served) -> None:
    """A touch without one is a proof of life."""
    api.backend.outcome = LENT
    assert httpx.post(f"{api.url}/v1/leases/{LEASE}/touch").status_code == 200


@pytest.mark.parametrize("ppa", ["~ci-pool/ubuntu/pool-001", "ppa:ci-pool/pool-001", "ppa:ci-pool/ubuntu/pool-001"])
def test_a_ppa_may_be_named_in_each_form(api: Served, ppa: str) -> None:
    """All forms of the contract mean the same PPA."""
    api.backend.answer = LENT
    assert api.http.post("/v1/leases", json={"owner": "me", "ppa": ppa}).status_code == 201
    assert api.backend.calls[0].wish.ppa == ONE


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("owner", ""), ("owner", "x" * 257), ("owner", 7), ("owner", None), ("owner", "a\0b"), ("owner", "a\ud800"),
        ("pool", 1), ("pool", None), ("request_id", ""), ("request_id", "x" * 129), ("request_id", "a b"),
        ("request_id", "a\n"), ("request_id", "é"), ("attempt", -1), ("attempt", 1.5), ("attempt", True),
        ("attempt", "1"), ("attempt", None), ("wait", -1), ("wait", 3600.5), ("wait", "10"), ("wait", True),
        ("wait", None), ("ttl", 0), ("ttl", -5), ("ttl", "8h"), ("ttl", True), ("ttl", 1e300), ("ttl", 10**400),
        ("idle", 0), ("idle", []), ("note", "x" * 1025), ("note", {}), ("note", "\0"), ("ppa", "pool-001"),
        ("select", "size in"), ("select", 5), ("select", "a" * 1025),
        ("ppa", "~a/b"), ("ppa", 5), ("sources", {}), ("sources", [{"name": "hello"}]),
        ("sources", [{"name": "hello", "version": ""}]), ("sources", [{"name": "a", "version": "1", "x": 1}]),
        ("sources", ["hello=1"]), ("uploader", "ann"), ("uploader", "~"), ("ticket", 1),
        ("surprise", 1), ("by", "somebody"), ("wait", 10**400), ("idle", 10**400), ("attempt", 10**400),
        ("ppa", "~ci-pool/pool-001/ubuntu"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(api: Served, member: str, value: Any) -> None:
    """422 whose detail begins with the member; nothing reaches the supervisor."""
    content = json.dumps({"owner": "me", member: value}).encode()
    response = api.http.post("/v1/leases", content=content)
    assert (response.status_code, slug(response)) == (422, "invalid")
    assert response.json()["detail"].startswith(member)
    assert response.json()["request_id"]
    assert not api.backend.calls


@pytest.mark.parametrize(
    "value",
    [
        {"owner": "x" * 256}, {"note": "x" * 1024}, {"request_id": "x" * 128}, {"wait": 3600}, {"wait": 0},
        {"attempt": 2**40}, {"ticket": "x" * 40_000}, {"owner": "日本語\n"}, {"ttl": 0.5}, {"sources": []},
    ],
)  # fmt: skip
def test_what_is_just_allowed_is_taken(api: Served, value: dict[str, Any]) -> None:
    """The limits of the contract belong to what is allowed."""
    api.backend.answer = LENT
    assert api.http.post("/v1/leases", json={"owner": "me", **value}).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"owner": NaN}', b'{"owner": "a", "owner": "b"}', b"[" * 60000,
        b'{"owner": "me", "wait": Infinity}', b'{"owner":"me","ttl":' + b"9" * 5000 + b"}", b"owner=me",
        '{"owner": "me"}'.encode("utf-16"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(api: Served, content: bytes) -> None:
    """422 in one line, with a request id."""
    response = api.http.post("/v1/leases", content=content)
    assert (response.status_code, slug(response)) == (422, "invalid")
    assert "\n" not in response.json()["detail"]
    assert response.json()["request_id"]


def test_a_problem_tells_the_request_id_that_the_body_had(api: Served) -> None:
    """Also when another member of the body is wrong; else one is drawn."""
    bad = api.http.post("/v1/leases", json={"owner": "", "request_id": "build-77"})
    assert bad.json()["request_id"] == "build-77"
    drawn = api.http.post("/v1/leases", json={"owner": "", "request_id": "not one"}).json()["request_id"]
    assert len(drawn) == 32
    api.backend.answer = Problem(Kind.UNKNOWN_POOL, "there is no pool 'x'")
    unknown = api.http.post("/v1/leases", json={"owner": "me"})
    assert (unknown.status_code, slug(unknown)) == (404, "unknown-pool")
    assert unknown.json()["request_id"] == api.backend.calls[0].wish.request_id


def test_none_free_carries_its_facts_and_when_to_ask_again(api: Served) -> None:
    """409 with counts, position, next_until and ticket; Retry-After is rounded up."""
    facts = {"counts": {"state": {"free": 0}, "condition": {}}, "position": 2, "next_until": None, "ticket": "t"}
    api.backend.answer = Problem(Kind.NONE_FREE, "none is free", retry_after=2.1, request_id="r", **facts)
    response = api.http.post("/v1/leases", json={"owner": "me"})
    assert (response.status_code, slug(response), response.headers["retry-after"]) == (409, "none-free", "3")
    assert response.json().items() >= {**facts, "request_id": "r"}.items()


def test_a_problem_that_comes_later_is_the_answer_too(api: Served) -> None:
    """What the future ends with is told like what is raised at once; nobody hung up."""
    api.backend.answer = RuntimeError("a bug's inside")
    response = api.http.post("/v1/leases", json={"owner": "me", "request_id": "r"})
    assert (response.status_code, slug(response), response.json()["request_id"]) == (500, "internal-error", "r")
    assert "inside" not in response.text
    assert not api.backend.hung_up


def test_leases_in_use_are_listed_and_filtered(api: Served) -> None:
    """Only used PPAs have one; owner, request id and pool choose, each exactly."""
    other = replace(USED, owner="ann", request="r2", lease="l2", pool="fast")
    api.backend.known = [
        Snapshot(ONE, "default", USED, Condition.OK, NOW, end=END),
        Snapshot(TWO, "fast", other, Condition.QUARANTINED, NOW),
        Snapshot(Reference("a", "ubuntu", "b"), "default", FREE, Condition.OK, NOW),
        dirty(Snapshot(Reference("a", "ubuntu", "c"), "default", USED, Condition.OK, NOW)),
        Snapshot(Reference("a", "ubuntu", "d"), "default", None, Condition.MISSING),
    ]

    def ids(query: str) -> list[str]:
        return [item["id"] for item in api.http.get(f"/v1/leases{query}").json()["items"]]

    assert ids("") == [LEASE, "l2"]
    assert ids("?owner=ann") == ids("?request_id=r2") == ids("?pool=fast&unknown=parameter") == ["l2"]
    assert ids("?owner=ann&pool=default") == ids("?owner=an") == ids("?owner=") == []
    assert api.http.get("/v1/leases").json()["items"][0] == DOCUMENT


def test_a_lease_is_shown_touched_and_released_by_its_id(api: Served) -> None:
    """Each call asks the supervisor for the same lease and shows what it gives back."""
    api.backend.outcome = LeaseView(ONE, USED, end=END)
    assert api.http.get(f"/v1/leases/{LEASE}").json() == DOCUMENT
    assert api.http.post(f"/v1/leases/{LEASE}/touch").json() == DOCUMENT
    assert api.http.post(f"/v1/leases/{LEASE}/touch", json={"ttl": 60}).status_code == 200
    api.backend.outcome = dirty(api.backend.known[0])
    released = api.http.delete(f"/v1/leases/{LEASE}")
    assert (released.status_code, released.json()["state"], released.json()["lease"]) == (200, "dirty", LEASE)
    assert api.backend.asked == [
        ("lease", LEASE), ("touch", LEASE, None, EVERYBODY), ("touch", LEASE, 60.0, EVERYBODY),
        ("release", LEASE, EVERYBODY),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"ttl": "1h"}', b'{"ttl": 0}', b'{"tll": 5}'])
def test_a_touch_that_makes_no_sense_is_refused(api: Served, body: bytes) -> None:
    """422, and the supervisor is not asked."""
    response = api.http.post(f"/v1/leases/{LEASE}/touch", content=body)
    assert (response.status_code, slug(response)) == (422, "invalid")
    assert not api.backend.asked


@pytest.mark.parametrize(("kind", "status"), [(Kind.UNKNOWN_LEASE, 404), (Kind.LEASE_OVER, 410), (Kind.FORBIDDEN, 403)])
def test_what_the_supervisor_says_of_a_lease_is_told(api: Served, kind: Kind, status: int) -> None:
    """Its problems keep their kind, and no request id is made up outside of an assign."""
    api.backend.outcome = Problem(kind, "because")
    for method, path in (("GET", ""), ("POST", "/touch"), ("DELETE", "")):
        response = api.http.request(method, f"/v1/leases/{LEASE}{path}")
        assert (response.status_code, slug(response), response.json()["detail"]) == (status, kind.value, "because")
        assert "request_id" not in response.json()


def test_a_wish_is_withdrawn_by_its_request_id(api: Served) -> None:
    """What it got is shown as released; without or with a bad request id it is refused."""
    api.backend.outcome = [dirty(api.backend.known[0])]
    response = api.http.delete("/v1/leases", params={"request_id": "build-77"})
    assert (response.status_code, [item["state"] for item in response.json()["items"]]) == (200, ["dirty"])
    assert api.backend.asked == [("withdraw", "build-77", EVERYBODY)]
    for query in ("", "?request_id=", "?request_id=a%20b", "?request_id=%00"):
        bad = api.http.delete(f"/v1/leases{query}")
        assert (bad.status_code, slug(bad)) == (422, "invalid")
    assert api.http.delete("/v1/leases").json()["detail"] == "request_id: is missing"
