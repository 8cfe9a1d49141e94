"""Who is let in by a token of an issuer, as what, and what becomes of requests while the issuer is away or slow."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.access import ClientConfig, Role
from ppa_assigner.identity import ClaimRule, OidcRules, Template
from ppa_assigner.issuer_http import IssuerAwayError, read_keys

from ..api.fakes import DEADLINE_S, LEASE, LENT, Served, serving, slug, wait_for
from ..api.test_auth import bearer, client
from .forgeries import FORGERIES
from .issuer import DISCOVERY, KEYS, SmallIssuer
from .tokens import NOW, listed, rsa_key

OWNER, REQUEST = "acme/hello/runs/77", "1296269.77.1.4711"


@pytest.fixture(scope="module")
def _issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallIssuer]:
    with SmallIssuer(tmp_path_factory.mktemp("issuer")) as issuer:
        yield issuer


@pytest.fixture
def issuer(_issuer: SmallIssuer) -> Iterator[SmallIssuer]:
    """As it was at first."""
    _issuer.keys, _issuer.discovery, _issuer.raw, _issuer.status = [listed("k1")], {}, None, 200
    _issuer.asked.clear()
    yield _issuer
    _issuer.open.set()


def job(issuer: SmallIssuer, name: str = "github", **other: Any) -> ClientConfig:
    """A client that is known by tokens of this issuer, of one repository."""
    claims = other.pop("claims", {"repository_id": "1296269"})
    rules = OidcRules(issuer.url, "ppa-assigner", tuple(ClaimRule(n, (v,)) for n, v in claims.items()), issuer.ca_file)
    made = {
        "owner": Template("{repository}/runs/{run_id}"),
        "request": Template("{repository_id}.{run_id}.{run_attempt}.{check_run_id}"),
        **other,
    }
    return ClientConfig(name, None, oidc=rules, **made)


@pytest.fixture
def served(issuer: SmallIssuer) -> Iterator[Served]:
    """A daemon that has no keys yet, at a time that stands still."""
    with serving(clients=[client("jenkins", "one"), job(issuer)], now=lambda: NOW) as found:
        found.backend.answer = LENT
        yield found


def ask(served: Served, token: str, **wish: Any) -> httpx.Response:
    """Take a PPA."""
    return served.http.post("/v1/leases", json=wish, headers=bearer(token))


# -- as what -------------------------------------------------------------------------------------------------------


def test_a_job_is_known_by_its_token(served: Served, issuer: SmallIssuer) -> None:
    """Owner and the beginning of the request id are what is signed; an id of its own is joined to that."""
    token = issuer.token(NOW)
    assert ask(served, token, request_id="mine").status_code == 201
    assert ask(served, token, request_id="mine", owner=OWNER).status_code == 201
    assert ask(served, token).status_code == 201
    first, second, drawn = (call.wish for call in served.backend.calls)
    assert (first.owner, first.by, first.request_id) == (OWNER, "github", f"{REQUEST}.mine")
    assert second.request_id == first.request_id
    assert drawn.request_id.startswith(f"{REQUEST}.")
    assert issuer.asked == [DISCOVERY, KEYS]


def test_another_owner_is_forbidden(served: Served, issuer: SmallIssuer) -> None:
    """It cannot be chosen; where nothing is signed it must be said."""
    response = ask(served, issuer.token(NOW), owner="somebody")
    assert (response.status_code, slug(response)) == (403, "forbidden")
    assert response.json()["request_id"].startswith(REQUEST)
    response = served.http.post("/v1/leases", json={}, headers=bearer("one"))
    assert (response.status_code, response.json()["detail"]) == (422, "owner: is missing")
    assert served.backend.calls == []


def test_another_jobs_id_is_not_anothers_lease(served: Served, issuer: SmallIssuer) -> None:
    """What begins as another job's ids begin is an id of one's own: asked for, looked up and withdrawn."""
    token, theirs = issuer.token(NOW, check_run_id="9999"), f"{REQUEST}.mine"
    whole = f"1296269.77.1.9999.{theirs}"
    ask(served, token, request_id=theirs)
    assert served.backend.calls[0].wish.request_id == whole
    served.backend.outcome = []
    served.http.delete("/v1/leases", params={"request_id": theirs}, headers=bearer(token))
    served.http.delete("/v1/leases", params={"request_id": whole}, headers=bearer(token))
    assert [(call[0], call[1]) for call in served.backend.asked] == [("withdraw", whole)] * 2


def test_ids_are_one_jobs_alone(served: Served, issuer: SmallIssuer) -> None:
    """A value that could end elsewhere is refused, and so is an id that is too long with what is put before it."""
    response = ask(served, issuer.token(NOW, run_id="7.7"), request_id="x")
    assert (response.status_code, slug(response)) == (403, "forbidden")
    assert "its claim run_id cannot be part of a request id" in response.json()["detail"]
    response = ask(served, issuer.token(NOW), request_id="x" * 128)
    assert (response.status_code, response.json()["detail"][:36]) == (422, "request_id: at most 110 characters, b"[:36])


def test_a_job_may_end_what_has_its_owner(issuer: SmallIssuer) -> None:
    """Of its client, not what other runs have."""
    claims = issuer.claims(NOW)
    caller = job(issuer).caller_by(claims)
    other = job(issuer).caller_by({**claims, "run_id": "78"})
    lease = LENT.record
    from dataclasses import replace

    mine = replace(lease, by="github", owner=OWNER)
    assert caller.may_end(mine)
    assert not other.may_end(mine)
    assert not caller.may_end(replace(mine, by="jenkins"))


def test_the_first_client_that_fits_counts(served: Served, issuer: SmallIssuer) -> None:
    """With a role by a claim; where none fits it is told which claim differs, and no value."""
    clients = [
        job(issuer, "release", claims={"ref": "refs/tags/*"}, role_claim=Template("{roles}")),
        job(issuer, "main", claims={"ref": "refs/heads/main"}, role=Role.OPERATOR),
        job(issuer, "rest", claims={"repository": "acme/*"}, owner=None, request=None),
    ]
    served.server.set_clients(clients)

    def who(**claims: Any) -> Any:
        response = served.http.get("/v1/caller", headers=bearer(issuer.token(NOW, **claims)))
        found = response.json()
        return (found["name"], found["role"]) if response.status_code == 200 else found["detail"]

    assert who(ref="refs/tags/1.0", roles=["client", "operator"]) == ("release", "operator")
    assert who(ref="refs/tags/1.0", roles="client") == ("release", "client")
    assert who() == ("main", "operator")
    assert who(ref="refs/heads/x") == ("rest", "client")
    differs = "the claims of this token are not those of any client: of release, ref differs; of main, ref differs;"
    assert who(ref="refs/heads/x", repository="evil/x") == f"{differs} of rest, repository differs"
    assert "roles names no role" in who(ref="refs/tags/1.0", roles="root")
    assert "roles names no role" in who(ref="refs/tags/1.0")


@pytest.mark.parametrize("name", [name for name in FORGERIES if "issuer" not in name and name != "no iss"])
def test_a_forgery_is_not_let_in(served: Served, issuer: SmallIssuer, name: str) -> None:
    """401 that says how to authenticate, and nothing of the token.  (The issuer's name differs from the forger's.)"""
    response = ask(served, FORGERIES[name].make())
    assert (response.status_code, slug(response)) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"
    assert not served.backend.calls
    assert not issuer.asked


def test_an_issuer_that_is_not_configured_is_never_asked(served: Served, issuer: SmallIssuer, tmp_path: Path) -> None:
    """Nor is one whose tokens were good until a reload."""
    with SmallIssuer(tmp_path, "other") as other:
        response = ask(served, other.token(NOW))
        assert (response.status_code, other.asked) == (401, [])
        assert "an issuer that is not configured" in response.json()["detail"]
        served.server.set_clients([job(other)])
        assert ask(served, other.token(NOW)).status_code == 201
        assert ask(served, issuer.token(NOW)).status_code == 401
    assert issuer.asked == []


def test_a_token_that_ends_while_its_job_waits(issuer: SmallIssuer) -> None:
    """The wait was let in; the PPA is its.  A client that is removed gets none."""
    times = [float(NOW)]
    with serving(clients=[job(issuer)], now=lambda: times[0]) as served, ThreadPoolExecutor(2) as pool:
        token = issuer.token(NOW)
        waits = pool.submit(ask, served, token, wait=60)
        wait_for(lambda: len(served.backend.calls) == 1)
        times[0] += 3600
        assert ask(served, token).status_code == 401
        served.backend.calls[0].future.set_result(LENT)
        assert waits.result(DEADLINE_S).status_code == 201
        times[0] = NOW
        waits = pool.submit(ask, served, token, wait=60)
        wait_for(lambda: len(served.backend.calls) == 2)
        served.server.set_clients([job(issuer, claims={"repository_id": "1"})])
        assert waits.result(DEADLINE_S).status_code == 403


# -- the issuer ----------------------------------------------------------------------------------------------------


def test_keys_that_changed_are_read_again_once_a_minute(served: Served, issuer: SmallIssuer) -> None:
    """An unknown key has them read; whatever else unknown keys are named, not again within a minute."""
    assert ask(served, issuer.token(NOW)).status_code == 201
    issuer.keys = [listed("k2", rsa_key("two"))]
    response = ask(served, issuer.token(NOW, key=rsa_key("two"), kid="k2"))
    assert (response.status_code, len(issuer.asked)) == (401, 2)
    assert "a key that its issuer does not have" in response.json()["detail"]
    for number in range(5):
        assert ask(served, issuer.token(NOW, kid=f"x{number}")).status_code == 401
    assert (ask(served, issuer.token(NOW)).status_code, len(issuer.asked)) == (201, 2)


def test_an_issuer_that_is_away_refuses_nobody(served: Served, issuer: SmallIssuer) -> None:
    """503 with Retry-After, that says so; who has a token of ours notices nothing.  Then it is asked again."""
    issuer.stop()
    try:
        response = ask(served, issuer.token(NOW))
        assert (response.status_code, slug(response)) == (503, "launchpad-unavailable")
        assert response.json()["detail"].startswith(
            f"the keys of {issuer.url}, by which tokens are verified, cannot be"
        )
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert served.http.get("/v1/pools", headers=bearer("one")).status_code == 200
    finally:
        issuer.start()
    wait_for(lambda: ask(served, issuer.token(NOW)).status_code == 201)


def test_a_slow_issuer_holds_up_nobody_else(served: Served, issuer: SmallIssuer) -> None:
    """While many wait for its keys, which are read once for all, others are served."""
    issuer.open.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, served, issuer.token(NOW, check_run_id=str(n))) for n in range(8)]
        wait_for(lambda: issuer.asked)
        assert served.http.get("/v1/pools", headers=bearer("one")).status_code == 200
        assert not any(one.done() for one in waiting)
        issuer.open.set()
        assert {one.result(DEADLINE_S).status_code for one in waiting} == {201}
    assert issuer.asked == [DISCOVERY, KEYS]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"keys": []}, "no key that can be used"),
        ({"raw": b"<html>"}, "not a JSON object"),
        ({"raw": b" " * 300_000}, "longer"),
        ({"status": 302}, "HTTP status 302"),
        ({"status": 500}, "HTTP status 500"),
        ({"discovery": {"issuer": "https://other.example"}}, "another issuer's"),
        ({"discovery": {"jwks_uri": "http://127.0.0.1:1/keys"}}, "https://"),
    ],
)
def test_what_is_no_key_set_is_said(issuer: SmallIssuer, how: dict[str, Any], why: str) -> None:
    """In one line, without following where it leads."""
    for name, value in how.items():
        setattr(issuer, name, value)
    with pytest.raises(IssuerAwayError, match=why):
        read_keys(issuer.url, issuer.ca_file)
    assert len(issuer.asked) <= 2


def test_an_issuer_must_show_a_certificate_that_is_trusted(issuer: SmallIssuer, tmp_path: Path) -> None:
    """By the system where no file is named, and then by that alone; a file that has none is said to."""
    for file in (None, (tmp_path / "empty.pem")):
        if file is not None:
            file.write_text("")
        with pytest.raises(IssuerAwayError, match=r"(?i)certificate"):
            read_keys(issuer.url, file)
    assert issuer.asked == []


def test_an_issuer_that_hangs_is_given_up_in_time(issuer: SmallIssuer) -> None:
    """The time is for all that is read together."""
    issuer.open.clear()
    with pytest.raises(IssuerAwayError):
        read_keys(issuer.url, issuer.ca_file, within=0.2)


def test_the_document_says_that_an_issuer_may_be_away(served: Served) -> None:
    """Any call may be answered so then that needs a token, and only then."""
    for _ in range(2):
        document = served.http.get("/openapi.json", headers=bearer("one")).json()
        calls = [call for calls in document["paths"].values() for call in calls.values()]
        away = [("503" in call["responses"]) for call in calls if "security" not in call]
        assert all(away) == served.app.state.authenticator.asks_issuers
        served.server.set_clients([client("jenkins", "one")])


def test_a_lease_that_is_touched(served: Served, issuer: SmallIssuer) -> None:
    """The supervisor gets who calls, with the owner that was signed."""
    served.backend.outcome = LENT
    served.http.post(f"/v1/leases/{LEASE}/touch", headers=bearer(issuer.token(NOW)))
    ((_, _, _, caller),) = served.backend.asked
    assert (caller.name, caller.owner, caller.request) == ("github", OWNER, REQUEST)
