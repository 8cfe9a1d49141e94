"""Every failure is a problem document, whoever finds it."""

from __future__ import annotations

import pytest

from ppa_assigner.api import errors
from ppa_assigner.api.parsing import LIMIT
from ppa_assigner.problems import Kind, Problem

from .fakes import LENT, FakeBackend, Served, serving, slug, wait_for


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_status(kind: Kind, api: Served) -> None:
    """No kind of problem lacks a status, and its type ends in its name."""
    api.backend.answer = Problem(kind, "why", status=200, type="x", more=[1])
    response = api.http.post("/v1/leases", json={"owner": "me"})
    assert (response.status_code, slug(response)) == (errors.SHAPES[kind].status, kind.value)
    assert response.json()["more"] == [1]
    assert ("retry-after" in response.headers) == (kind in (Kind.NONE_FREE, Kind.UNAVAILABLE, Kind.TOO_MANY))
    assert set(errors.SHAPES) == set(Kind)


def test_what_is_not_there_is_not_found(api: Served) -> None:
    """404, also with a slash too many: nothing is redirected."""
    for path in ("/nothing", "/v1/ppas/", "/v2/leases", "/v1/leases/x/y", "/problems/none-free/"):
        response = api.http.get(path)
        assert (response.status_code, slug(response)) == (404, "not-found")


def test_a_wrong_method_is_told_the_right_ones(api: Served) -> None:
    """405 with all that the path allows, of all routes that share it."""
    response = api.http.put("/v1/leases")
    assert (response.status_code, slug(response)) == (405, "method-not-allowed")
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"
    assert api.http.request("BREW", "/v1/leases").status_code in (400, 405)


def test_options_tells_the_methods_and_head_the_headers(api: Served) -> None:
    """Neither has a body; HEAD says what GET would."""
    options = api.http.options("/v1/leases")
    assert (options.status_code, options.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, POST")
    assert slug(api.http.options("/nothing")) == "not-found"
    for path in ("/v1/ppas", "/v1/pools", "/healthz", "/", "/docs", "/openapi.json"):
        for coding in ("identity", "gzip"):
            headers = {"Accept-Encoding": coding}
            get, head = api.http.get(path, headers=headers), api.http.head(path, headers=headers)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == get.headers["content-length"]
            assert coding == "gzip" or head.headers["content-length"] == str(len(get.content))
    assert api.http.head("/v1/events").status_code == 200
    assert api.http.head("/v1/leases/x/touch").status_code == 405


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/v1/leases", "/v1/leases/x/touch", "/v1/ppas/~a/ubuntu/b/quarantine"])
def test_a_body_that_is_too_large_is_refused(api: Served, path: str, chunked: bool) -> None:
    """413, whether its length is declared or not; the connection can be used on."""
    body = b'{"owner": "' + b"x" * LIMIT + b'"}'
    pieces = (body[at : at + 5000] for at in range(0, len(body), 5000))
    response = api.http.post(path, content=pieces if chunked else body)
    assert (response.status_code, slug(response)) == (413, "too-large")
    assert api.http.get("/healthz").status_code == 200
    assert not api.backend.calls
    assert not api.backend.asked


def test_a_body_just_within_the_limit_is_read(api: Served) -> None:
    """LIMIT bytes are allowed."""
    api.backend.answer = LENT
    body = b'{"owner": "me"}'.ljust(LIMIT)
    assert api.http.post("/v1/leases", content=body).status_code == 201
    assert api.http.post("/v1/leases", content=iter([body])).status_code == 201
    assert api.http.post("/v1/leases", content=body + b" ").status_code == 413


class BrokenBackend(FakeBackend):
    """A supervisor with a bug."""

    def unready(self) -> str | None:
        raise KeyError("a secret of the program's")


def test_a_bug_is_told_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    """500 without a traceback, which goes to the log; the daemon goes on."""
    with serving(BrokenBackend()) as api:
        response = api.http.get("/readyz")
        assert (response.status_code, slug(response)) == (500, "internal-error")
        assert "secret" not in response.text
        assert api.http.get("/healthz").status_code == 200
    assert "a secret of the program's" in caplog.text


def test_nul_in_an_address_is_refused(api: Served) -> None:
    """422: no name that is asked for can have one."""
    for path in ("/v1/leases/a%00b", "/v1/leases?owner=a%00", "/v1/ppas/~a/ubuntu/b%00"):
        response = api.http.get(path)
        assert (response.status_code, slug(response)) == (422, "invalid")


def test_too_many_requests_at_once_are_sent_away() -> None:
    """429 with Retry-After; whether the daemon lives can still be asked."""
    with serving(max_requests=8) as api:
        waiting = [api.send_assign() for _ in range(2)]
        try:
            wait_for(lambda: len(api.backend.calls) == 2)
            response = api.http.post("/v1/leases", json={"owner": "me"})
            assert (response.status_code, slug(response)) == (429, "too-many-requests")
            assert response.headers["retry-after"]
            assert api.http.get("/healthz").status_code == 200
        finally:
            for connection in waiting:
                connection.close()
