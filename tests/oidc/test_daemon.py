"""Jobs without a secret, on real daemons: two jobs of one run, a restart, the end of a lease, and what is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..processes import Daemon, Launchpad, configure, running, running_launchpad
from ..waiting import until
from .issuer import SmallIssuer
from .tokens import JOB

OPERATOR = "o" * 40
PPAS = ["~ci-pool/ubuntu/pool-{001..004}"]


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    with running_launchpad("--owner", "ci-pool", "--ppas", "4") as found:
        yield found


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[SmallIssuer]:
    with SmallIssuer(tmp_path) as found:
        yield found


def daemon(folder: Path, launchpad: Launchpad, issuer: SmallIssuer, name: str) -> Daemon:
    """One that lets this issuer's jobs in, and an operator."""
    from ..fuzz.site import sha256

    made = configure(folder, launchpad, name, PPAS, look_every="1s")
    document = json.loads(made.config.read_text())
    document["api"]["clients"] = [
        {"name": "root", "token_sha256": sha256(OPERATOR), "role": "operator"},
        {
            "name": "github",
            "oidc": {
                "issuer": issuer.url, "audience": "ppa-assigner", "claims": {"repository_id": 1296269},
                "ca_file": str(issuer.ca_file),
            },
            "owner": "{repository}/runs/{run_id}",
            "request": "{repository_id}.{run_id}.{run_attempt}.{check_run_id}",
        },
    ]  # fmt: skip
    made.config.write_text(json.dumps(document))
    return made


def call(at: Daemon, method: str, path: str, token: str, **more: Any) -> httpx.Response:
    """A request by this token."""
    return at.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)


def taken(at: Daemon, token: str, **wish: Any) -> dict[str, Any]:
    """The lease that a job gets."""
    response = call(at, "POST", "/v1/leases", token, json={"wait": 60, **wish})
    assert response.status_code in (200, 201), response.text
    found: dict[str, Any] = response.json()
    return found


def free(at: Daemon) -> None:
    """Wait until all PPAs are lendable."""
    path = "/v1/ppas?state=free"
    until(lambda: len(call(at, "GET", path, OPERATOR).json()["items"]) == 4, "free PPAs", 60, every=0.05)


def test_jobs_of_one_run_and_the_tokens_of_their_leases(
    tmp_path: Path, launchpad: Launchpad, issuer: SmallIssuer
) -> None:
    """Two leases at two daemons, under one id of their own; a lease's token outlives a restart, and its job's token."""
    one, two = (daemon(tmp_path, launchpad, issuer, name) for name in ("one", "two"))
    with running(one, two):
        one.start()
        two.start()
        free(one)
        free(two)
        jobs = [issuer.token(time.time(), check_run_id=number) for number in ("4711", "4712")]
        first, second = taken(one, jobs[0], request_id="x"), taken(two, jobs[1], request_id="x")
        assert first["id"] != second["id"]
        assert [lease["request_id"] for lease in (first, second)] == ["1296269.77.1.4711.x", "1296269.77.1.4712.x"]
        assert first["owner"] == second["owner"] == "acme/hello/runs/77"
        again = taken(two, jobs[0], request_id="x", attempt=1)
        assert (again["id"], again["token"]) == (first["id"], first["token"])

        one.kill()
        issuer.stop()
        one.start()
        assert call(one, "GET", "/v1/pools", jobs[0]).status_code == 503  # which has no keys yet
        for at in (one, two):
            assert call(at, "POST", f"/v1/leases/{first['id']}/touch", first["token"]).status_code == 200
            assert call(at, "POST", f"/v1/leases/{second['id']}/touch", first["token"]).status_code == 403
            assert call(at, "POST", "/v1/leases", first["token"], json={"owner": "me"}).status_code == 403
            promote = call(at, "POST", f"/v1/leases/{first['id']}/promote", first["token"], json={"to": "ppa:a/b"})
            assert promote.status_code == 403
        assert call(one, "GET", f"/v1/leases/{first['id']}/uploads", first["token"]).status_code == 200
        assert call(one, "DELETE", f"/v1/leases/{first['id']}", second["token"]).status_code == 403
        assert call(one, "DELETE", f"/v1/leases/{first['id']}", first["token"]).status_code == 200
        assert call(one, "POST", f"/v1/leases/{first['id']}/touch", first["token"]).status_code in (404, 410)
        issuer.start()

        told = [taken(two, jobs[1], request_id="y")["token"], first["token"], second["token"]]
        secrets = [*jobs, *told, JOB["secret_claim"], "secret_claim", "refs/heads/main", "acme@1", "lease_ey"]
        assert [secret for secret in secrets if secret in everything(one, two, launchpad)] == []


def everything(one: Daemon, two: Daemon, launchpad: Launchpad) -> str:
    """All that anybody is told later: lists, events, metrics, the page, the logs, and the records in the PPAs."""
    paths = (
        "/v1/leases", "/v1/ppas", "/v1/pools", "/v1/line", "/v1/events?follow=false", "/v1/caller", "/metrics",
        "/page/changes", "/openapi.json", "/",
    )  # fmt: skip
    found = [call(at, "GET", path, OPERATOR).text for at in (one, two) for path in paths]
    found = [text.replace("lease_eyJ\\u2026", "") for text in found]  # the example of the document
    ppas = [f"~ci-pool/ubuntu/pool-{number:03}" for number in range(1, 5)]
    histories = [call(one, "GET", f"/v1/ppas/{ppa}/history", OPERATOR).text for ppa in ppas]
    root = launchpad.service_root
    records = [
        httpx.get(f"{root}devel/{ppa.replace('/ubuntu/', '/+archive/ubuntu/')}", timeout=60).text for ppa in ppas
    ]
    assert "acme/hello/runs/77" in "".join(records)
    return "".join([*found, *histories, *records, one.log, two.log])
