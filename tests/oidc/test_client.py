"""What a job's commands do without a secret: ask its CI system for a token, and use that of the lease after it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.client import Client, NotPermitted, Unavailable, UsageError
from ppa_assigner.client.job_token import job_token

from ..commandline import cli
from ..fakedaemon import LEASE, PPA, Drop, FakeDaemon, Reply, problem
from .tokens import claims, token

GITHUB = "/idtoken"
LEASES = "/v1/leases"
TOUCH, UPLOADS = f"{LEASES}/4c1f/touch", f"{LEASES}/4c1f/uploads"
OF_LEASE = "lease_eyJ4.y"
ASSIGNED = {**LEASE, "token": OF_LEASE}
LATER = {"until": "2126-11-25T11:14:12Z"}
OWN, OTHER = token(claims(jti="1")), token(claims(jti="2"))
UNKNOWN = problem(401, "unauthorized")


@pytest.fixture
def bare() -> Iterator[FakeDaemon]:
    """One that answers nothing yet."""
    with FakeDaemon() as fake:
        yield fake


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """That lends, and takes whatever token comes."""
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, ASSIGNED)).on("POST", TOUCH, Reply(200, LEASE))
        fake.on("DELETE", f"{LEASES}/4c1f", Reply(200, PPA)).on("GET", "/v1/pools", Reply(200, {"items": []}))
        yield fake


@pytest.fixture
def github() -> Iterator[FakeDaemon]:
    """What GitHub gives a job."""
    with FakeDaemon() as fake:
        fake.on("GET", GITHUB, Reply(200, {"value": OWN}), Reply(200, {"value": OTHER}))
        yield fake


def variables(github: FakeDaemon) -> dict[str, str]:
    """Those of a job that may ask for tokens."""
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}{GITHUB}?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
    }


def bearers(daemon: FakeDaemon) -> list[tuple[str, str, str]]:
    """By which token each request came."""
    return [
        (seen.method, seen.path, seen.headers.get("Authorization", "").removeprefix("Bearer "))
        for seen in daemon.requests
    ]


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CI system and no token of the tester's own."""
    for name in ("PPA_ASSIGNER_TOKEN", "PPA_ASSIGNER_OIDC", "PPA_ASSIGNER_ID_TOKEN", "PPA_ASSIGNER_ID_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_job_of_github(daemon: FakeDaemon, github: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """One token for all that it asks, for this audience; the lease by its own; nobody says whose it is."""
    for name, value in variables(github).items():
        monkeypatch.setenv(name, value)
    with Client(daemon.url, oidc="a b&c") as client:
        lease = client.assign()
        client.touch(lease["id"])
        client.pools()
        client.release(lease["id"])
    assert bearers(daemon) == [
        ("POST", LEASES, OWN),
        ("POST", TOUCH, OF_LEASE),
        ("GET", "/v1/pools", OWN),
        ("DELETE", f"{LEASES}/4c1f", OF_LEASE),
    ]
    (asked,) = github.requests
    assert asked.query == {"api-version": "2.0", "audience": "a b&c"}
    assert asked.headers["Authorization"] == "bearer runner"
    assert "owner" not in daemon.requests[0].body


def test_a_token_that_is_over_is_asked_for_anew(bare: FakeDaemon, github: FakeDaemon) -> None:
    """Once it is not taken any more; one of a lease that is void gives way to the job's."""
    daemon = bare
    daemon.on("GET", "/v1/pools", UNKNOWN, Reply(200, {"items": []}))
    daemon.on("DELETE", f"{LEASES}/4c1f", UNKNOWN, Reply(200, PPA))
    job = variables(github)
    assert cli("pools", "--oidc", "a", url=daemon.url, env=job).returncode == 0
    assert [by for _, _, by in bearers(daemon)] == [OWN, OTHER]
    env = {**job, "PPA_LEASE_ID": "4c1f", "PPA_LEASE_TOKEN": OF_LEASE, "PPA_ASSIGNER_OIDC": "a"}
    assert cli("release", url=daemon.url, env=env).returncode == 0
    assert [by for method, _, by in bearers(daemon) if method == "DELETE"] == [OF_LEASE, OTHER]


def test_a_token_that_nobody_takes_is_refused(bare: FakeDaemon, github: FakeDaemon) -> None:
    """After one more try by another; 77, with what to do."""
    daemon = bare
    daemon.on("GET", "/v1/pools", UNKNOWN)
    done = cli("pools", "--oidc", "a", url=daemon.url, env=variables(github))
    assert (done.returncode, len(daemon.requests)) == (77, 2)
    assert "--oidc" in done.stderr
    assert OWN not in done.stderr


def test_tokens_of_others_are_where_they_put_them(daemon: FakeDaemon, tmp_path: Path) -> None:
    """GitLab in a variable; Kubernetes in a file, which it changes while the job runs."""
    file = tmp_path / "token"
    file.write_text(f"{OWN}\n")
    assert cli("pools", url=daemon.url, env={"PPA_ASSIGNER_ID_TOKEN": OTHER}).returncode == 0
    kept = job_token(None, {"PPA_ASSIGNER_ID_TOKEN_FILE": str(file)})
    assert kept is not None
    assert kept.get() == OWN
    file.write_text(OTHER)
    assert kept.get() == OTHER
    env = {"PPA_ASSIGNER_ID_TOKEN_FILE": str(file), "PPA_ASSIGNER_OIDC": "a"}
    assert cli("assign", url=daemon.url, env=env).returncode == 0
    assert [by for _, _, by in bearers(daemon)] == [OTHER, OTHER]
    file.unlink()
    done = cli("pools", url=daemon.url, env=env)
    assert done.returncode == 64
    assert done.stderr.startswith("ppa-assigner: PPA_ASSIGNER_ID_TOKEN_FILE: cannot read")


def test_a_token_that_was_given_counts(daemon: FakeDaemon, github: FakeDaemon) -> None:
    """For everything, as ever: its end is nobody's but its owner's."""
    env = {
        **variables(github), "PPA_ASSIGNER_TOKEN": "own", "PPA_ASSIGNER_OIDC": "a", "PPA_ASSIGNER_ID_TOKEN": OWN,
        "PPA_LEASE_ID": "4c1f", "PPA_LEASE_TOKEN": OF_LEASE,
    }  # fmt: skip
    assert cli("touch", url=daemon.url, env=env).returncode == 0
    assert bearers(daemon) == [("POST", TOUCH, "own")]
    assert cli("touch", "--oidc", "a", url=daemon.url, env={**env, "PPA_ASSIGNER_ID_TOKEN": ""}).returncode == 0
    assert bearers(daemon)[1:] == [("POST", TOUCH, OF_LEASE)]
    assert github.requests == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("pools", "--oidc", "a"), "needs `permissions: id-token: write`"),
        (("pools", "--oidc", "a", "--token-file", "/etc/hostname"), "--token-file or --oidc, not both"),
        (("assign",), "--owner is missing"),
        (("exec", "true"), "--owner is missing"),
    ],
)
def test_what_is_missing_is_said(arguments: tuple[str, ...], why: str) -> None:
    """64, before anybody is asked."""
    done = cli(*arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (64, 1)
    assert why in done.stderr


@pytest.mark.parametrize("answer", [Reply(403), Reply(200, {"token": "x"}), Reply(200, b"<html>"), Drop()])
def test_a_github_that_gives_none_is_away(daemon: FakeDaemon, answer: Any) -> None:
    """69, in one line without the runner's own token."""
    with FakeDaemon() as github:
        github.on("GET", GITHUB, answer)
        done = cli("touch", "4c1f", "--oidc", "a", url=daemon.url, env=variables(github))
    assert (done.returncode, len(done.stderr.splitlines())) == (69, 1)
    assert "GitHub gives no token for this job" in done.stderr
    assert "runner" not in done.stderr
    assert daemon.requests == []


def test_export_tells_the_token_and_masks_it(daemon: FakeDaemon, github: FakeDaemon) -> None:
    """The log shows no more of it."""
    done = cli("assign", "--owner", "x", "--export", url=daemon.url, env=variables(github))
    assert f"export PPA_LEASE_TOKEN='{OF_LEASE}'" in done.stdout.splitlines()
    assert done.stderr == f"::add-mask::{OF_LEASE}\n"
    assert cli("assign", "--owner", "x", "--export", url=daemon.url).stderr == ""


def test_what_an_earlier_lease_left_is_unset(bare: FakeDaemon) -> None:
    """Where there is no token now, or no lease."""
    daemon = bare
    daemon.on("POST", LEASES, Reply(201, LEASE), problem(409, "none-free"))
    done = cli("assign", "--owner", "x", "--export", url=daemon.url, env={"PPA_LEASE_TOKEN": "earlier"})
    assert done.stdout.splitlines()[-1] == "unset -v PPA_LEASE_TOKEN"
    done = cli("assign", "--owner", "x", "--export", url=daemon.url, env={"PPA_LEASE_TOKEN": "earlier"})
    assert done.stdout == "unset -v PPA PPA_REFERENCE PPA_LEASE_ID PPA_WEB PPA_LEASE_TOKEN; (exit 75)\n"


def test_a_document_has_it_as_the_daemon_said(daemon: FakeDaemon) -> None:
    """Also that of several, beside the leases."""
    assert json.loads(cli("assign", "--owner", "x", "--json", url=daemon.url).stdout) == ASSIGNED
    with FakeDaemon() as other:
        group = {"group": "g", "leases": [LEASE, {**LEASE, "id": "5d"}], "token": OF_LEASE}
        other.on("POST", LEASES, Reply(201, group))
        told = json.loads(cli("assign", "--owner", "x", "--count", "2", "--json", url=other.url).stdout)
    assert (told["token"], [lease["id"] for lease in told["leases"]]) == (OF_LEASE, ["4c1f", "5d"])


def test_exec_hands_it_on(daemon: FakeDaemon, github: FakeDaemon) -> None:
    """To its command, masked before that runs; the lease is given back by it."""
    lasting = {**ASSIGNED, **LATER}
    daemon.on("POST", LEASES, Reply(201, lasting)).on("POST", TOUCH, Reply(200, {**LEASE, **LATER}))
    env = {**variables(github), "PPA_ASSIGNER_OIDC": "a"}
    done = cli("exec", "--", "sh", "-c", 'echo "$PPA_LEASE_ID $PPA_LEASE_TOKEN"', url=daemon.url, env=env)
    assert (done.returncode, done.stdout) == (0, f"4c1f {OF_LEASE}\n"), done.stderr
    assert done.stderr.startswith(f"::add-mask::{OF_LEASE}\n")
    assert bearers(daemon)[0] == ("POST", LEASES, OWN)
    assert bearers(daemon)[-1] == ("DELETE", f"{LEASES}/4c1f", OF_LEASE)
    assert len(github.requests) == 1


def test_each_lease_of_a_group_goes_by_its_token(daemon: FakeDaemon) -> None:
    """Of $PPA_LEASE_ID_1 too, and nothing else: a list is asked for by nobody's."""
    daemon.on("GET", LEASES, Reply(200, {"items": []}))
    env = {"PPA_LEASE_ID": "lead", "PPA_LEASE_ID_1": "4c1f", "PPA_LEASE_TOKEN": OF_LEASE}
    assert cli("touch", "4c1f", url=daemon.url, env=env).returncode == 0
    assert cli("pools", url=daemon.url, env=env).returncode == 0
    touches = [one for one in bearers(daemon) if one[1] in (TOUCH, "/v1/pools")]
    assert touches == [("POST", TOUCH, OF_LEASE), ("GET", "/v1/pools", "")]


def test_errors_of_python_programs(bare: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the client's own, like all others."""
    daemon = bare
    with pytest.raises(UsageError):
        Client(daemon.url, oidc="a")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/x")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x")
    with Client(daemon.url, oidc="a") as client, pytest.raises(Unavailable):
        client.touch("4c1f", within=0.2)
    monkeypatch.setenv("PPA_ASSIGNER_ID_TOKEN", OWN)
    daemon.on("POST", LEASES, problem(403, "forbidden"))
    with Client(daemon.url) as client, pytest.raises(NotPermitted):
        client.assign("somebody")
