"""Every status that the OpenAPI document has for a call is had from a real daemon, in the form that it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Daemon, Launchpad, running, running_launchpad
from tests.waiting import until

from .documented import Call, Documented
from .site import OPERATOR, clients, site

PPA = "/v1/ppas/{owner}/{distribution}/{name}"
LEASES, LEASE = "/v1/leases", "/v1/leases/{id}"
OPEN = ("/healthz", "/readyz")
ACTS: dict[str, dict[str, Any]] = {
    "release": {"lease": "x"},
    "hold": {"lease": "x", "for": 60},
    "adopt": {},
    "quarantine": {"reason": "kept"},
    "resume": {},
    "discard": {"reason": "burnt"},
}
NOBODY = "~ci-pool/ubuntu/nobody"
STABLE = "~ci-pool/ubuntu/stable"


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with two empty PPAs, one with somebody's package, and one that is not lent."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "2") as launchpad:
        full, _ = launchpad.control.ppas("ci-pool", names=["full", "stable"])
        launchpad.control.upload(full, "precious", "1.0")
        yield launchpad


class Caller:
    """Asks one daemon, and has every answer looked at."""

    def __init__(self, daemon: Daemon, document: Documented, token: str | None = OPERATOR) -> None:
        self.daemon, self.document = daemon, document
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def ask(self, call: Call, ppa: str = "~ci-pool/ubuntu/pool-001", id: str = "x", **more: Any) -> httpx.Response:  # noqa: A002 - the document's name
        """Send it, with these names in the address."""
        owner, distribution, name = ppa.split("/")
        path = call[1].format(owner=owner, distribution=distribution, name=name, id=id)
        headers = {**self._headers, **more.pop("headers", {})}
        answer = self.daemon.http.request(call[0], path, headers=headers, **more)
        return self.document.look(call, answer)

    def assign(self, **wish: Any) -> httpx.Response:
        """POST /v1/leases."""
        return self.ask(("POST", LEASES), json={"owner": "tester", **wish})


def calls(document: Documented) -> list[Call]:
    """All calls of the document."""
    return sorted({(method, path) for method, path, _ in document.all})


def example(call: Call) -> dict[str, Any]:
    """What a call needs so that only what is tested is wrong with it."""
    method, path = call
    if call == ("POST", LEASES):
        return {"json": {"owner": "tester", "ppa": "~ci-pool/ubuntu/pool-001"}}
    if call == ("DELETE", LEASES):
        return {"params": {"request_id": "nothing"}}
    if path == "/v1/uploads/check":
        return {"json": {"sources": [{"name": "hello", "version": "1.0"}]}}
    if path == f"{LEASE}/promote":
        return {"json": {"to": STABLE}}
    if path == "/v1/events":
        return {"params": {"follow": "false"}}
    act = path.rpartition("/")[2]
    return {"json": ACTS[act]} if method == "POST" and act in ACTS else {}


def has(document: Documented, call: Call, status: int) -> bool:
    """Whether the document has this status for the call."""
    return (*call, status) in document.all


def ask_what_is_wrong_everywhere(caller: Caller) -> None:
    """No token, another's token, too large, an address that cannot be: 401, 413, 422, for every call."""
    for call in calls(caller.document):
        more = example(call)
        if has(caller.document, call, 401):
            assert caller.ask(call, headers={"Authorization": "Bearer wrong"}, **more).status_code == 401
        assert caller.ask(call, content=b"x" * 70_000, params=more.get("params")).status_code == 413
        refused = {**more, "params": {**more.get("params", {}), "zero": "\0"}}
        assert caller.ask(call, **refused).status_code == 422


def ask_from_elsewhere_and_too_often(caller: Caller) -> None:
    """Without clients a foreign page may call nothing (403); a rate of one a second is soon used up (429)."""
    for call in calls(caller.document):
        assert caller.ask(call, headers={"Origin": "http://evil.example"}, **example(call)).status_code == 403
    for call in calls(caller.document):
        if has(caller.document, call, 429):
            until(partial(refused_for_haste, caller, call), str(call), 60)
    assert [caller.ask(("GET", path)).status_code for path in OPEN] == [200, 200]


def refused_for_haste(caller: Caller, call: Call) -> bool:
    """Whether it is, once everything is used up."""
    until(lambda: caller.ask(("GET", "/v1/pools")).status_code == 429, "too many requests", 60)
    return caller.ask(call, **example(call)).status_code == 429


def ask_about_leases(caller: Caller, launchpad: Launchpad) -> None:
    """200, 201, 404, 409 and 410 of assign, show, touch, release, withdraw, and of what is uploaded."""
    wish = {"request_id": "one", "ppa": "~ci-pool/ubuntu/pool-001"}
    lease = caller.assign(**wish)
    assert lease.status_code == 201
    assert caller.assign(**wish).status_code == 200
    assert caller.assign(ppa=wish["ppa"]).status_code == 409
    assert caller.assign(pool="nope").status_code == 404
    id_ = lease.json()["id"]
    uploads, retry = ("GET", f"{LEASE}/uploads"), ("POST", f"{LEASE}/uploads/retry")
    tag = caller.ask(uploads, id=id_).headers["etag"]
    assert caller.ask(uploads, id=id_, headers={"If-None-Match": tag}).status_code == 304
    assert caller.ask(retry, id=id_, json={}).json() == {"items": []}
    source, promote = ("GET", f"{LEASE}/sources"), ("POST", f"{LEASE}/promote")
    assert caller.ask(promote, id=id_, **example(promote)).status_code == 409
    launchpad.control.upload(wish["ppa"], "hello", "1.0", binaries=[{"name": "hello", "arch": "amd64"}])
    assert caller.ask(source, id=id_).status_code == 200
    assert caller.ask(promote, id=id_, **example(promote)).status_code == 200
    of_uploads = (uploads, retry, source, promote)
    for call in of_uploads:
        assert caller.ask(call, id="never-was", **example(call)).status_code == 404
    assert caller.ask(("POST", f"{PPA}/quarantine"), wish["ppa"], json=ACTS["quarantine"]).status_code == 200
    for call in (("GET", LEASE), ("POST", f"{LEASE}/touch"), ("DELETE", LEASE)):
        assert caller.ask(call, id=id_).status_code == 200
        assert caller.ask(call, id="never-was").status_code == 404
    for call in (("POST", f"{LEASE}/touch"), *of_uploads):
        assert caller.ask(call, id=id_, **example(call)).status_code == 410  # it stays dirty in quarantine
    assert caller.ask(("POST", f"{PPA}/resume"), wish["ppa"], json={}).status_code == 200
    assert caller.ask(("GET", LEASES)).json() == {"items": []}
    caller.assign(request_id="two", ppa="~ci-pool/ubuntu/pool-002")
    assert caller.ask(("DELETE", LEASES), params={"request_id": "two"}).status_code == 200
    assert caller.ask(("DELETE", LEASES), params={"request_id": "never-was"}).status_code == 404


def ask_about_ppas(caller: Caller) -> None:
    """200, 404 and 409 of what is known and of the acts."""
    for path in ("/v1/ppas", "/v1/pools", "/v1/caller", "/v1/line", *OPEN):
        assert caller.ask(("GET", path)).status_code == 200
    check = ("POST", "/v1/uploads/check")
    assert caller.ask(check, **example(check)).status_code == 200
    assert caller.ask(check, json={**example(check)["json"], "pool": "nope"}).status_code == 404
    assert caller.ask(("GET", "/v1/events"), params={"follow": "false"}).status_code == 200
    for path in (PPA, f"{PPA}/content", f"{PPA}/history"):
        assert caller.ask(("GET", path)).status_code == 200
        assert caller.ask(("GET", path), NOBODY).status_code == 404
    full, free = "~ci-pool/ubuntu/full", "~ci-pool/ubuntu/pool-001"
    for act, body in ACTS.items():
        assert caller.ask(("POST", f"{PPA}/{act}"), NOBODY, json=body).status_code == 404
        in_vain = free if act == "adopt" else full
        assert caller.ask(("POST", f"{PPA}/{act}"), in_vain, json=body).status_code == 409
    until(lambda: any(ppa["state"] == "free" for ppa in caller.ask(("GET", "/v1/ppas")).json()["items"]), "one", 60)
    lease = caller.assign(wait=60).json()
    for act in ("hold", "release"):
        body = {**ACTS[act], "lease": lease["id"]}
        assert caller.ask(("POST", f"{PPA}/{act}"), lease["ppa"], json=body).status_code == 200
    for act in ("adopt", "quarantine", "resume"):
        assert caller.ask(("POST", f"{PPA}/{act}"), full, json=ACTS[act]).status_code == 200


def may_promote(clients: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """They may have packages copied to the PPA that stays."""
    return [{**client, "promote_to": [STABLE]} for client in clients]


def ask_without_launchpad(caller: Caller, lease: dict[str, Any]) -> None:
    """503, of each call that needs Launchpad, all at the same time."""
    wanted = [call for call in calls(caller.document) if has(caller.document, call, 503) and call[1] not in OPEN]

    def ask(call: Call) -> int:
        more = example(call)
        if call[1].startswith(PPA):
            act = call[1].rpartition("/")[2]
            if "lease" in ACTS.get(act, {}):
                more["json"] = {**more["json"], "lease": lease["id"]}
            # what can be adopted has no record, what can be resumed is in quarantine
            ppa = {"adopt": "~ci-pool/ubuntu/later", "resume": "~ci-pool/ubuntu/held"}.get(act, lease["ppa"])
            return caller.ask(call, ppa, **more).status_code
        return caller.ask(call, id=lease["id"] if call[1].endswith("touch") else "never-was", **more).status_code

    with ThreadPoolExecutor(len(wanted)) as pool:
        told = dict(zip(wanted, pool.map(ask, wanted), strict=True))
    assert told == dict.fromkeys(wanted, 503)


@pytest.mark.timeout(400)
def test_every_documented_status_is_seen(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Each call with each of its statuses, and each answer in the form that is documented."""
    later, held = launchpad.control.ppas("ci-pool", names=["later", "held"])
    launchpad.control.upload(later, "precious", "1.0")
    ppas = ["~ci-pool/ubuntu/pool-{001..002}", "~ci-pool/ubuntu/full", later, held]
    guarded = site(tmp_path, launchpad, "guarded", ppas, clients=may_promote(clients()))
    slow = site(tmp_path, launchpad, "slow", ppas, rate=1)
    with running(guarded, slow):
        launchpad.control.fault("status", status=503, text="maintenance")
        guarded.start(ready=False)
        document = Documented(guarded.http.get("/openapi.json", headers={"Authorization": f"Bearer {OPERATOR}"}).json())
        caller = Caller(guarded, document)
        assert caller.ask(("GET", "/readyz")).status_code == 503
        launchpad.control.unfault()
        until(lambda: caller.ask(("GET", "/readyz")).status_code == 200, "readiness", 60, every=0.1)
        ask_what_is_wrong_everywhere(caller)
        free = {"state": "free"}
        until(lambda: len(caller.ask(("GET", "/v1/ppas"), params=free).json()["items"]) == 3, "free ones", 60)
        ask_about_leases(caller, launchpad)
        ask_about_ppas(caller)
        assert caller.ask(("POST", f"{PPA}/quarantine"), held, json=ACTS["quarantine"]).status_code == 200
        until(lambda: len(caller.ask(("GET", "/v1/ppas"), params=free).json()["items"]) == 3, "all but two free", 60)
        lease = caller.assign(ppa="~ci-pool/ubuntu/pool-002").json()
        full = "~ci-pool/ubuntu/full"  # nothing asks for it any more
        assert caller.ask(("POST", f"{PPA}/discard"), full, json=ACTS["discard"]).status_code == 200
        launchpad.control.fault("status", status=503, text="maintenance")
        ask_without_launchpad(caller, lease)
        launchpad.control.unfault()
        slow.start()
        ask_from_elsewhere_and_too_often(Caller(slow, document, token=None))
        assert document.unseen == []
        record_property("statuses seen", len(document.seen))
        assert [daemon.terminate() for daemon in (guarded, slow)] == [0, 0]
