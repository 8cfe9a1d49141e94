"""Who is let in, and as what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from ppa_assigner.access import Caller, ClientConfig, Role
from ppa_assigner.api.auth import loopback_name

from .fakes import DEADLINE_S, LEASE, LENT, USED, Served, serving, slug, wait_for


def client(name: str, token: str, role: Role = Role.CLIENT, owners: tuple[str, ...] = ()) -> ClientConfig:
    """A configured client with this token."""
    return ClientConfig(name, hashlib.sha256(token.encode()).hexdigest().upper(), role, owners)


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}


CLIENTS = (client("ci", "one", owners=("ticket-*",)), client("ann", "two", Role.OPERATOR))


@pytest.fixture(scope="module")
def _guarded() -> Iterator[Served]:
    with serving(clients=CLIENTS) as served:
        yield served


@pytest.fixture
def guarded(_guarded: Served) -> Served:
    """With a client and an operator."""
    _guarded.forget()
    _guarded.server.set_clients(CLIENTS)
    return _guarded


GUARDED = (
    "/v1/ppas", "/v1/leases", "/v1/pools", "/v1/caller", "/v1/events", "/page/changes", "/docs",
    "/openapi.json", "/metrics", "/nothing",
)  # fmt: skip


def test_everything_but_three_paths_needs_a_token(guarded: Served) -> None:
    """401 that says how to authenticate; health and the bare page, with its files, do without."""
    for path in GUARDED:
        response = guarded.http.get(path)
        assert (response.status_code, slug(response)) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/static/page.js", "/healthz", "/readyz"):
        assert guarded.http.get(path).status_code == 200
        assert guarded.http.get(path, headers=bearer("wrong")).status_code == 200


def test_with_clients_the_page_is_bare(guarded: Served) -> None:
    """It needs no token, so nothing of the pools is on it; who looks is told only with one."""
    page = guarded.http.get("/").text
    assert "a token" in page
    assert not any(secret in page for secret in ("pool-001", "ticket-123", "default", "http-equiv"))
    seen = guarded.http.get("/page/changes", headers=bearer("one")).json()
    assert (seen["name"], seen["role"]) == ("ci", "client")


@pytest.mark.parametrize("header", ["Bearer three", "Bearer", "Basic b25lOm9uZQ==", "one", "", "Bearer one two"])
def test_a_wrong_token_is_not_let_in(guarded: Served, header: str) -> None:
    """401, before anything of the body is looked at; an assign's problem has a request id all the same."""
    response = guarded.http.post("/v1/leases", content=b"{", headers={"Authorization": header})
    assert (response.status_code, slug(response)) == (401, "unauthorized")
    assert response.json()["request_id"]


def test_two_tokens_are_none(guarded: Served) -> None:
    """Which of them would count is not guessed."""
    headers = [("Authorization", "Bearer one"), ("Authorization", "Bearer two")]
    assert guarded.http.get("/v1/ppas", headers=headers).status_code == 401


def test_the_client_is_known_by_its_token(guarded: Served) -> None:
    """Its name is written into the wish; the supervisor gets it with what it may do."""
    guarded.backend.answer = LENT
    assert guarded.http.post("/v1/leases", json={"owner": "me"}, headers=bearer("one")).status_code == 201
    assert guarded.backend.calls[0].wish.by == "ci"
    guarded.backend.outcome = guarded.backend.known[0]
    guarded.http.delete(f"/v1/leases/{LEASE}", headers={"authorization": "bearer one"})
    assert guarded.backend.asked == [("release", LEASE, Caller("ci", Role.CLIENT, ("ticket-*",)))]


@pytest.mark.parametrize("act", ["release", "hold", "adopt", "quarantine", "resume", "discard", "content"])
def test_acts_are_for_operators(guarded: Served, act: str) -> None:
    """403 for a client, before its body is looked at; an operator gets on."""
    path = f"/v1/ppas/~ci-pool/ubuntu/pool-001/{act}"
    method = "GET" if act == "content" else "POST"
    response = guarded.http.request(method, path, content=b"{", headers=bearer("one"))
    assert (response.status_code, slug(response)) == (403, "forbidden")
    assert not guarded.backend.asked
    if method == "POST":
        assert guarded.http.post(path, content=b"{", headers=bearer("two")).status_code == 422


def test_a_touch_that_makes_no_sense_is_forbidden_to_strangers_all_the_same(guarded: Served) -> None:
    """403 comes before 422; for whoever may touch the lease it is 422."""
    guarded.backend.known = [replace(guarded.backend.known[0], record=replace(USED, owner="ann"))]
    path = f"/v1/leases/{LEASE}/touch"
    assert slug(guarded.http.post(path, content=b"{", headers=bearer("one"))) == "forbidden"
    assert slug(guarded.http.post(path, content=b"{", headers=bearer("two"))) == "invalid"


def test_clients_can_be_replaced_while_it_runs(guarded: Served) -> None:
    """The next request is judged by the new ones."""
    guarded.server.set_clients([client("new", "three")])
    assert guarded.http.get("/v1/pools", headers=bearer("one")).status_code == 401
    assert guarded.http.get("/v1/pools", headers=bearer("three")).status_code == 200
    guarded.server.set_clients([])
    assert guarded.http.get("/v1/pools").status_code == 200


def test_who_waits_and_is_no_client_any_more_gets_none(guarded: Served) -> None:
    """Its call hangs up at once and is answered 401; that of a client who stays waits on."""
    with ThreadPoolExecutor(2) as threads:
        stays = threads.submit(ask, guarded, "two")
        wait_for(lambda: len(guarded.backend.calls) == 1)
        leaves = threads.submit(ask, guarded, "one")
        wait_for(lambda: len(guarded.backend.calls) == 2)
        guarded.server.set_clients(CLIENTS[1:])
        response = leaves.result(DEADLINE_S)
        assert (response.status_code, slug(response)) == (401, "unauthorized")
        assert response.json()["request_id"]
        assert [call.wish.by for call in guarded.backend.hung_up] == ["ci"]
        guarded.backend.calls[0].future.set_result(LENT)
        assert stays.result(DEADLINE_S).status_code == 201
    assert len(guarded.backend.hung_up) == 1


def test_a_token_that_became_anothers_serves_no_wish_of_the_former(guarded: Served) -> None:
    """The wish bears the former client's name; so would the lease."""
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ask, guarded, "one")
        wait_for(lambda: guarded.backend.calls)
        guarded.server.set_clients([client("new", "one")])
        assert waiting.result(DEADLINE_S).status_code == 401
    assert guarded.backend.hung_up == guarded.backend.calls


def test_a_lease_that_came_with_the_revocation_is_not_handed_out(guarded: Served) -> None:
    """The clients change before the loop hears of it: what is there already is still not for that client."""
    access, backend = guarded.app.state.authenticator, guarded.backend
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ask, guarded, "one")
        wait_for(lambda: backend.calls)
        access.set_clients(CLIENTS[1:])
        backend.calls[0].future.set_result(LENT)
        assert waiting.result(DEADLINE_S).status_code == 401
    assert backend.hung_up == backend.calls


def ask(served: Served, token: str) -> httpx.Response:
    """An assign that waits, and its answer."""
    body = {"owner": "me", "wait": 600}
    return httpx.post(f"{served.url}/v1/leases", json=body, headers=bearer(token), timeout=DEADLINE_S)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("LocalHost:8020", 200), ("127.0.0.1:1", 200), ("127.9.9.9", 200), ("[::1]:8020", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example:80", 403), ("", 403),
        ("::1", 403), ("[127.0.0.1]", 403), ("192.168.0.1", 403), ("localhost@evil.example", 403), ("127.1", 403),
        ("2130706433", 403), ("localhost:80:80", 403), ("0.0.0.0", 403), ("[::]", 403),
    ],
)  # fmt: skip
def test_without_clients_the_host_must_be_this_one(api: Served, host: str, status: int) -> None:
    """A page whose name was rebound to 127.0.0.1 still sends its own name."""
    for path in ("/v1/ppas", "/healthz", "/", "/static/page.js", "/page/changes"):
        response = api.http.get(path, headers={"Host": host})
        assert response.status_code == status
        assert status == 200 or slug(response) == "forbidden"


def test_without_clients_a_missing_host_is_refused(api: Served) -> None:
    """HTTP/1.0 may leave it out: then nobody says who is meant."""
    with api.connect() as connection:
        connection.sendall(b"GET /v1/ppas HTTP/1.0\r\n\r\n")
        assert connection.makefile("rb").readline() == b"HTTP/1.1 403 Forbidden\r\n"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:PORT", 201), ("http://localhost:PORT", 201), ("http://[::1]:PORT", 201),
        ("http://localhost:3000", 403), ("http://127.0.0.1", 403), ("https://127.0.0.1:PORT", 403),
        ("http://localhost:PORT0", 403), ("http://user@localhost:PORT", 403), ("http://localhost:PORT/", 403),
        ("null", 403), ("http://evil.example", 403), ("http://evil.example:PORT", 403), ("file://", 403), ("", 403),
        ("https://127.0.0.1.evil.example", 403), ("chrome-extension://abc", 403), ("http://[", 403),
    ],
)  # fmt: skip
def test_without_clients_a_foreign_page_may_not_call(api: Served, origin: str, status: int) -> None:
    """A form of another site or port can post, but not without its Origin; the assign's problem has a request id."""
    api.backend.answer = LENT
    headers = {"Origin": origin.replace("PORT", str(api.address[1]))}
    response = api.http.post("/v1/leases", json={"owner": "me"}, headers=headers)
    assert response.status_code == status
    assert len(api.backend.calls) == (status == 201)
    assert response.json()["request_id"]


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost", "http://localhost", 200), ("localhost", "http://localhost:80", 200),
        ("localhost:9000", "http://localhost:9000", 200), ("localhost", "http://localhost:443", 403),
        ("localhost", "https://localhost", 403), ("localhost:443", "https://localhost", 403),
    ],
)  # fmt: skip
def test_the_own_port_is_the_one_that_was_asked(api: Served, host: str, origin: str, status: int) -> None:
    """Behind a forwarded port it is that one; a scheme's own need not be said."""
    assert api.http.get("/v1/ppas", headers={"Host": host, "Origin": origin}).status_code == status


def test_with_clients_the_host_does_not_matter(guarded: Served) -> None:
    """A token is nothing that a browser adds by itself."""
    headers = {**bearer("one"), "Host": "ppa.example", "Origin": "https://ppa.example"}
    assert guarded.http.get("/v1/ppas", headers=headers).status_code == 200


def test_loopback_names() -> None:
    """What cannot be the name of another host, and nothing else."""
    assert all(map(loopback_name, ("localhost", "LOCALHOST.", "127.0.0.1", "127.255.255.254", "[::1]")))
    assert not any(map(loopback_name, ("", "localhosts", "128.0.0.1", "[::2]", "::1", "[localhost]", "[fe80::1]")))
