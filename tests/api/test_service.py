"""The calls about the daemon itself: health, readiness, metrics, pages."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from prometheus_client.parser import text_string_to_metric_families

from ppa_assigner.problems import Kind, Problem
from ppa_assigner.views import Condition, LaunchpadStatus, Snapshot

from .fakes import LENT, NOW, ONE, USED, Served, slug


def test_alive_and_ready_are_two_things(api: Served) -> None:
    """Before the first look the daemon is alive and says why it is not ready."""
    api.backend.reason = "Launchpad did not answer: time-out"
    assert api.http.get("/healthz").json() == {"alive": True}
    unready = api.http.get("/readyz")
    assert (unready.status_code, slug(unready)) == (503, "launchpad-unavailable")
    assert unready.json()["detail"] == "Launchpad did not answer: time-out"
    assert unready.headers["retry-after"]
    api.backend.reason = None
    assert (api.http.get("/readyz").status_code, api.http.get("/readyz").json()) == (
        200,
        {"ready": True, "launchpad": {"ok": True, "since": "2026-11-25T03:14:12Z", "why": None}},
    )


def test_launchpad_away_is_told_and_is_no_reason_to_be_unready(api: Served) -> None:
    """200 with the reason in the body; 503 for who asks for it; Prometheus and the page are told too."""
    away = {"ok": False, "since": "2026-11-25T03:14:12Z", "why": "Launchpad refuses our credentials: Expired token"}
    api.backend.reachable = LaunchpadStatus(False, NOW, str(away["why"]))
    assert api.http.get("/readyz").json() == {"ready": True, "launchpad": away}
    for value, status in (("1", 503), ("true", 503), ("0", 200), ("maybe", 422)):
        assert api.http.get("/readyz", params={"launchpad": value}).status_code == status
    asked = api.http.get("/readyz?launchpad=1")
    assert slug(asked) == "launchpad-unavailable"
    assert asked.json()["launchpad"] == away
    assert "Expired token" in asked.json()["detail"]
    assert "\nppa_assigner_launchpad_up 0.0\n" in api.http.get("/metrics").text
    for path in ("/", "/page/changes"):
        assert "Launchpad is away since 2026-11-25 03:14:12 UTC" in api.http.get(path).text
    api.backend.reason = "the first look at the PPAs is not over"
    assert api.http.get("/readyz").json()["launchpad"] == away
    assert "Nothing can be lent yet: the first look" in api.http.get("/").text


def test_the_page_links_to_where_launchpads_pages_are(api: Served) -> None:
    """As Launchpad told of a PPA; production's until it has."""
    api.backend.known = [Snapshot(ONE, "default", USED, Condition.OK, NOW)]
    assert f'href="{ONE.web}"' in api.http.get("/").text
    assert ONE.web in api.http.get("/page/changes").text
    web = f"https://staging.example/{ONE.path}"
    api.backend.known = [Snapshot(ONE, "default", USED, Condition.OK, NOW, web=web)]
    assert f'href="{web}"' in api.http.get("/").text
    assert web in api.http.get("/page/changes").text


def test_metrics_tell_pools_line_and_traffic(api: Served) -> None:
    """In Prometheus' format, by pool; answers are counted by the route's pattern, not by what was asked for."""
    api.backend.answer = Problem(Kind.NONE_FREE, "none")
    api.http.post("/v1/leases", json={"owner": "me"})
    api.backend.answer = LENT
    api.http.get("/v1/ppas/~nobody/ubuntu/nothing")
    api.http.get("/whatever/else")
    text = api.http.get("/metrics").text
    samples = {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["ppa_assigner_ppas", frozenset({"default", "used"})] == 2
    assert samples["ppa_assigner_conditions", frozenset({"default", "ok"})] == 3
    assert samples["ppa_assigner_waiting", frozenset({"default"})] == 4
    assert samples["ppa_assigner_oldest_wait_seconds", frozenset({"default"})] == 12.5
    assert samples["ppa_assigner_ready", frozenset()] == 1
    assert samples["ppa_assigner_http_requests_total", frozenset({"POST", "/v1/leases", "409"})] >= 1
    assert samples["ppa_assigner_http_requests_total", frozenset({"GET", "other", "404"})] >= 1
    assert "nobody" not in text
    assert any(name == "process_open_fds" for name, _ in samples)


def test_pages_load_nothing_from_elsewhere(api: Served) -> None:
    """A policy that forbids it, and all that is not a file of our own; and links that lead somewhere."""
    foreign = r"<script>|style=| on[a-z]+=|@import|url\(|(?:src|href)=.https?://(?!launchpad\.net)"
    for path, policy in (("/", "script-src 'self'; style-src 'self'"), ("/docs", "style-src 'sha256-")):
        page = api.http.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-security-policy"].startswith(f"default-src 'none'; {policy}")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert not re.search(foreign, page.text)
    for link in re.findall(r'(?:href|src)="(/[^"]*)"', api.http.get("/").text):
        assert api.http.get(link).status_code == 200


def test_the_page_without_clients_has_the_data(api: Served) -> None:
    """Who reaches the daemon is operator then, so the page needs no script to show it; text of others is escaped."""
    hostile = replace(USED, owner='"><img src=x onerror=alert(1)>', note="<b>", fault="&amp;", tries=1)
    api.backend.known = [Snapshot(ONE, "<default>", hostile, Condition.OK, NOW, fault="&amp;")]
    page = api.http.get("/").text
    for text in ("<default>", '"><img src=x onerror=alert(1)>', "<b>", "&amp;"):
        assert escape(text) in page
    assert not re.search(r"<img|<b>[^p]|<default>", page)


def test_files_of_the_page_and_nothing_else(api: Served) -> None:
    """No path reaches the file system."""
    assert api.http.get("/static/page.css").headers["content-type"].startswith("text/css")
    for path in ("/static/page.html", "/static/__init__.py", "/static/..%2froutes.py", "/static/", "/static/../app.py"):
        assert api.http.get(path).status_code == 404


def test_the_documentation_shows_every_call(api: Served) -> None:
    """With its statuses, and documents to jump to."""
    page = api.http.get("/docs").text
    for path in api.http.get("/openapi.json").json()["paths"]:
        assert f"{path}</code>" in page
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


def test_answers_are_not_kept_by_anybody(api: Served) -> None:
    """What was true a moment ago may be another's PPA now."""
    for path in ("/v1/ppas", "/v1/leases", "/v1/pools", "/readyz", "/nothing", "/"):
        assert api.http.get(path).headers["cache-control"] == "no-store"
    assert "server" not in api.http.get("/").headers
