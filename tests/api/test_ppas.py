"""/v1/ppas and /v1/pools: what is known, and the operator's acts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.api.serializers import PpaListCache
from ppa_assigner.labels import labels_of
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.views import (
    AdoptAction,
    Cleaning,
    Condition,
    DiscardAction,
    HoldAction,
    OperatorAction,
    QuarantineAction,
    ReleaseAction,
    ResumeAction,
    Snapshot,
)

from .fakes import FREE, LEASE, NOW, ONE, TWO, USED, Served, dirty, slug, some_content

PATH = "/v1/ppas/~ci-pool/ubuntu/pool-001"
TIME = "2026-11-25T03:14:12Z"


def test_a_ppa_shows_all_that_is_known_of_it(api: Served) -> None:
    """The members of the contract, with the clean that runs and the age of the knowledge."""
    cleaning = Cleaning("delete", 40, 12, 28, NOW)
    record = replace(USED, tries=2, fault="refused", quarantined="by hand")
    labels = labels_of(ONE, {"size": "big"}, False, ["riscv64"])
    snapshot = Snapshot(ONE, "default", record, Condition.QUARANTINED, NOW, cleaning, "refused", labels=labels)
    api.backend.known = [dirty(snapshot)]
    assert api.http.get(PATH).json() == {
        "ppa": "~ci-pool/ubuntu/pool-001", "pool": "default", "state": "dirty", "condition": "quarantined",
        "owner": "ticket-123", "lease": LEASE, "since": TIME, "touched": TIME, "until": None, "note": "hello",
        "ends": None, "ends_by": None,
        "tries": 2, "fault": "refused", "quarantined": "by hand",
        "cleaning": {"step": "delete", "found": 40, "deleted": 12, "left": 28, "since": TIME}, "seen": TIME,
        "snapshot": None,
        "labels": {
            "size": "big", "lp/owner": "ci-pool", "lp/distribution": "ubuntu", "lp/private": "false",
            "lp/arch-riscv64": "",
        },
    }  # fmt: skip


def test_without_a_readable_record_the_state_is_null(api: Served) -> None:
    """All members are there, also where nothing is known."""
    full = set(api.http.get(PATH).json())
    api.backend.known = [Snapshot(ONE, "default", None, Condition.UNREADABLE, None, None, "two record lines")]
    shown = api.http.get(PATH).json()
    assert set(shown) == full
    assert {name: value for name, value in shown.items() if value is not None} == {
        "ppa": str(ONE), "pool": "default", "condition": "unreadable", "fault": "two record lines",
        "labels": {},
    }  # fmt: skip


@pytest.mark.parametrize("owner", ["~ci-pool", "%7Eci-pool", "%7eci-pool"])
def test_the_tilde_may_be_escaped(api: Served, owner: str) -> None:
    """Clients differ in whether they escape `~`."""
    with api.connect() as connection:
        connection.sendall(
            f"GET /v1/ppas/{owner}/ubuntu/pool-001 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        assert connection.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_what_is_no_ppa_and_what_is_none_here_are_told_apart(api: Served) -> None:
    """422 for what cannot be the name of a PPA, 404 for one that is not served."""
    unknown = api.http.get("/v1/ppas/~other/ubuntu/pool-001")
    assert (unknown.status_code, slug(unknown)) == (404, "unknown-ppa")
    senseless = api.http.get("/v1/ppas/other/ubuntu/pool-001")
    assert (senseless.status_code, slug(senseless)) == (422, "invalid")


def test_ppas_are_filtered_by_pool_state_and_condition(api: Served) -> None:
    """Each filter chooses; a state or condition that does not exist is refused by name."""
    three = Reference("ci-pool", "ubuntu", "pool-003")
    api.backend.known = [
        Snapshot(ONE, "default", USED, Condition.OK, NOW),
        Snapshot(TWO, "fast", FREE, Condition.OK, NOW),
        Snapshot(three, "fast", None, Condition.MISSING),
    ]

    def names(query: str) -> list[str]:
        return [item["ppa"] for item in api.http.get(f"/v1/ppas{query}").json()["items"]]

    assert names("") == [str(ONE), str(TWO), str(three)]
    assert names("?pool=fast") == [str(TWO), str(three)]
    assert names("?state=free") == names("?pool=fast&condition=ok") == [str(TWO)]
    assert names("?condition=missing&whatever=1") == [str(three)]
    assert names("?pool=none") == []
    for query, name in (("?state=clean", "state"), ("?condition=fine", "condition"), ("?state=", "state")):
        response = api.http.get(f"/v1/ppas{query}")
        assert (response.status_code, slug(response)) == (422, "invalid")
        assert response.json()["detail"].startswith(f"{name}: ")


def test_ppas_are_filtered_by_labels(api: Served) -> None:
    """Of a PPA of which Launchpad has not told what is asked nothing is concluded."""
    api.backend.known = [
        Snapshot(ONE, "default", FREE, Condition.OK, NOW, labels=labels_of(ONE, {"size": "big"}, False, ["amd64"])),
        Snapshot(TWO, "default", FREE, Condition.OK, labels=labels_of(TWO, {}, None, None)),
    ]

    def names(select: str) -> list[str]:
        return [item["ppa"] for item in api.http.get("/v1/ppas", params={"select": select}).json()["items"]]

    assert names("size=big") == names("size in (big,small),lp/arch-amd64") == [str(ONE)]
    assert names("size!=big") == names("!size") == [str(TWO)]
    assert names("lp/private=false") == names("!lp/arch-armhf") == [str(ONE)]
    assert names("") == names("lp/owner=ci-pool") == [str(ONE), str(TWO)]
    for path in ("/v1/ppas", "/v1/leases", "/v1/pools"):
        response = api.http.get(path, params={"select": "size in ()"})
        assert (response.status_code, slug(response)) == (422, "invalid")
        assert response.json()["detail"].startswith("select: selector 'size in ()', column 9: ")


def test_leases_and_pools_are_filtered_by_labels(api: Served) -> None:
    """Leases by those of their PPAs, pools by their own."""
    api.backend.known = [Snapshot(ONE, "default", USED, Condition.OK, NOW, labels=labels_of(ONE, {"a": "1"}, True, []))]

    def count(path: str, select: str) -> int:
        return len(api.http.get(path, params={"select": select}).json()["items"])

    assert count("/v1/leases", "a=1,lp/private=true") == 1
    assert count("/v1/leases", "a!=1") == 0
    assert count("/v1/pools", "size=big") == 1
    assert count("/v1/pools", "size!=big") == 0


def test_a_list_shows_each_ppa_as_it_is_now(api: Served) -> None:
    """Texts of PPAs are made once a snapshot, and each shows what the PPA shows by itself."""
    names = [Reference("ci-pool", "ubuntu", f"pool-{number:03}") for number in range(20)]
    for turn in range(10):
        record = replace(FREE, note=str(turn))
        api.backend.known = [Snapshot(name, "default", record, Condition.OK, NOW) for name in names]
        shown = api.http.get("/v1/ppas").json()["items"]
        assert [(item["ppa"], item["note"]) for item in shown] == [(str(name), str(turn)) for name in names]
        assert shown[0] == api.http.get(f"/v1/ppas/{names[0]}").json()


def test_a_list_changes_with_any_one_of_its_ppas() -> None:
    """The text of the last list is given again only for the very same snapshots."""
    texts, snapshots = PpaListCache(), [Snapshot(name, "default", FREE, Condition.OK, NOW) for name in (ONE, TWO)]
    first = texts.encoded(snapshots)
    assert texts.encoded(list(snapshots)) is first
    later = [snapshots[0], replace(snapshots[1], seen=NOW + timedelta(seconds=60))]
    assert json.loads(texts.encoded(later))["items"][1]["seen"] != json.loads(first)["items"][1]["seen"]
    assert len(json.loads(texts.encoded(later[:1]))["items"]) == 1
    assert texts.encoded(snapshots) == first


def test_texts_of_snapshots_that_are_gone_are_forgotten() -> None:
    """Thousands of snapshots come and go in a day: not many more texts are kept than there are PPAs."""
    texts = PpaListCache()
    for turn in range(100):
        snapshots = [Snapshot(name, "default", replace(FREE, note=str(turn)), Condition.OK, NOW) for name in (ONE, TWO)]
        texts.forget_others(snapshots)
        texts.encoded(snapshots)
        assert len(texts) <= 3 * len(snapshots)


@pytest.mark.parametrize(
    ("name", "body", "act"),
    [
        ("release", {"lease": LEASE}, ReleaseAction(LEASE)),
        ("hold", {"lease": LEASE, "for": 90}, HoldAction(LEASE, 90.0)),
        ("adopt", {}, AdoptAction()),
        ("adopt", None, AdoptAction()),
        ("quarantine", {"reason": "look into it"}, QuarantineAction("look into it")),
        ("resume", None, ResumeAction()),
        ("discard", None, DiscardAction("an operator said so")),
        ("discard", {"reason": "old", "delete": True}, DiscardAction("old", delete=True)),
    ],
)
def test_an_act_reaches_the_supervisor(
    api: Served, name: str, body: dict[str, Any] | None, act: OperatorAction
) -> None:
    """With its PPA and caller; the answer is the PPA."""
    api.backend.outcome = api.backend.known[0]
    response = api.http.post(f"{PATH}/{name}", json=body) if body is not None else api.http.post(f"{PATH}/{name}")
    assert (response.status_code, response.json()["ppa"]) == (200, str(ONE))
    assert api.backend.asked == [("operate", ONE, act, EVERYBODY)]


@pytest.mark.parametrize(
    ("name", "body", "member"),
    [
        ("release", {}, "lease"), ("release", {"lease": 5}, "lease"), ("hold", {"lease": LEASE}, "for"),
        ("hold", {"lease": LEASE, "for": 0}, "for"), ("hold", {"lease": LEASE, "for": "1d"}, "for"),
        ("hold", {"lease": LEASE, "seconds": 5, "for": 5}, "seconds"), ("adopt", {"yes": True}, "yes"),
        ("quarantine", {}, "reason"), ("quarantine", {"reason": ""}, "reason"), ("resume", {"x": 1}, "x"),
        ("quarantine", {"reason": "\0"}, "reason"),
    ],
)  # fmt: skip
def test_an_act_that_makes_no_sense_is_refused(api: Served, name: str, body: dict[str, Any], member: str) -> None:
    """422 that names the member, and the supervisor is not asked."""
    response = api.http.post(f"{PATH}/{name}", json=body)
    assert (response.status_code, slug(response)) == (422, "invalid")
    assert response.json()["detail"].startswith(member)
    assert not api.backend.asked


def test_an_act_in_the_wrong_state_is_a_conflict(api: Served) -> None:
    """409, as the supervisor says; what is no act is nothing."""
    api.backend.outcome = Problem(Kind.WRONG_STATE, "it is free")
    response = api.http.post(f"{PATH}/resume")
    assert (response.status_code, slug(response)) == (409, "wrong-state")
    assert slug(api.http.post(f"{PATH}/destroy")) == "not-found"


def test_content_shows_what_a_clean_would_delete(api: Served) -> None:
    """Sources, binaries, builds and accepted uploads, each by name."""
    api.backend.outcome = some_content()
    assert api.http.get(f"{PATH}/content").json() == {
        "ppa": str(ONE), "seen": TIME,
        "sources": [{"name": "hello", "version": "1.0-1", "where": "noble"}],
        "binaries": [{"name": "hello", "version": "1.0-1", "where": "noble amd64"}],
        "builds": [{"title": "amd64 build of hello", "state": "Needs building"}],
        "uploads": ["hello 1.1-1"],
    }  # fmt: skip
    assert api.backend.asked == [("content", ONE)]


def test_pools_are_shown_in_numbers(api: Served) -> None:
    """Counts by state and condition, the line, and how long its first has waited."""
    assert api.http.get("/v1/pools").json() == {
        "items": [
            {
                "pool": "default", "waiting": 4, "oldest_wait": 12.5, "labels": {"size": "big"},
                "counts": {"state": {"free": 1, "used": 2, "dirty": 0}, "condition": {"ok": 3}},
            }
        ]
    }  # fmt: skip
