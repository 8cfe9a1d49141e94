"""What the `type` of a problem leads to: a page for people, JSON for programs, and no token for either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

import pytest

from ppa_assigner.api import errors
from ppa_assigner.client.errors import error_of
from ppa_assigner.problems import EXPLANATIONS, Kind

from .fakes import Served, serving, slug
from .test_auth import CLIENTS

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
JSON = {"Accept": "application/json"}
SAME = ("content-security-policy", "referrer-policy", "x-content-type-options", "cross-origin-opener-policy",
        "cross-origin-resource-policy", "cache-control")  # fmt: skip


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    """A daemon that has clients."""
    with serving(clients=CLIENTS) as served:
        yield served


def shown(text: str) -> str:
    """The words of a page, as people read them."""
    return re.sub(r"<[^>]*>", "", text)


@pytest.mark.parametrize("kind", Kind)
def test_a_type_leads_to_its_explanation(guarded: Served, kind: Kind) -> None:
    """Without a token, for browsers and for HEAD: what it means, what to do, and how the command line ends."""
    path = errors.type_of(kind)
    page = guarded.http.get(path, headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    told = EXPLANATIONS[kind]
    for text in (told.title, told.meaning, told.action, kind.value):
        assert escape(text.replace("`", "")) in shown(page.text)
    failed = error_of(errors.SHAPES[kind].status, {"type": path}, None, guarded.url)
    assert failed is not None
    assert f"Exit code{failed.exit_code}" in shown(page.text)
    head = guarded.http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(page.content))


def test_the_headers_are_those_of_the_status_page(guarded: Served) -> None:
    """Nothing is loaded from elsewhere, and nothing of it is kept."""
    status, page = guarded.http.get("/"), guarded.http.get("/problems/none-free")
    assert {name: page.headers[name] for name in SAME} == {name: status.headers[name] for name in SAME}
    assert not re.search(r"<script|style=|(?:src|href)=.https?://", page.text)


def test_programs_get_json(guarded: Served) -> None:
    """The same as the page."""
    answer = guarded.http.get("/problems/none-free", headers=JSON)
    told = EXPLANATIONS[Kind.NONE_FREE]
    assert answer.json() == {
        "type": "/problems/none-free", "title": told.title, "status": 409, "exit_code": 75, "retry": True,
        "meaning": told.meaning, "action": told.action,
    }  # fmt: skip
    assert answer.headers["content-type"] == "application/json"
    listed = guarded.http.get("/problems", headers=JSON).json()["items"]
    assert [each["type"] for each in listed] == [errors.type_of(kind) for kind in Kind]


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        (BROWSER, False), ("*/*", False), ("", False), ("text/plain", False), ("text/html, application/json", False),
        ("application/json", True), ("application/problem+json", True), ("APPLICATION/JSON;q=0.9, text/html;q=0", True),
        ("application/json;q=0.1, text/html;q=0.9", False), ("application/*", True),
        ("application/json, */*;q=0", True), ("text/html;q=0, */*", True), (";,;q=", False),
        ("application/json;q=much, text/html", False), ("application/json;q=0", False),
    ],
)  # fmt: skip
def test_what_is_liked_better_is_sent(guarded: Served, accept: str, json: bool) -> None:
    """HTML where nothing is said; caches are told that it depends."""
    answer = guarded.http.get("/problems/invalid", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/json" if json else "text/html")
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("path", ["/problems", "/problems/unauthorized", "/problems/nothing"])
def test_no_link_leads_to_what_needs_a_token(guarded: Served, path: str) -> None:
    """A browser has none to send: what it is led to is shown."""
    linked = set(re.findall(r'href="(/[^"]*)"', guarded.http.get(path, headers={"Accept": BROWSER}).text))
    assert {"/", "/problems"} < linked
    assert {guarded.http.get(each).status_code for each in linked} == {200}


def test_an_unknown_type_is_not_found(guarded: Served) -> None:
    """In the form that was asked for; what was asked for is not said back."""
    page = guarded.http.get("/problems/<b>nothing", headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "nothing" not in page.text
    answer = guarded.http.get("/problems/nothing", headers=JSON)
    assert (answer.status_code, slug(answer)) == (404, "not-found")
    assert slug(guarded.http.post("/problems/none-free")) == "method-not-allowed"


def test_a_real_error_leads_there_and_links_lead_on(api: Served) -> None:
    """From the answer of a call to the page, and from there to all problems, the status and the API."""
    told = api.http.get("/nothing").json()
    page = api.http.get(told["type"])
    assert escape(told["title"]) in page.text
    linked = set(re.findall(r'href="(/[^"]*)"', page.text))
    assert {"/", "/problems", "/docs"} < linked
    everything = api.http.get("/problems").text
    assert {errors.type_of(kind) for kind in Kind} < set(re.findall(r'href="(/[^"]*)"', everything))
    assert {api.http.get(path).status_code for path in linked} == {200}
    assert 'href="/problems"' in api.http.get("/").text
