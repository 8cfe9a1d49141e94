"""Who sees and does what: the token, the roles; and what the page makes of a daemon that does not answer."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Browser, Page, Route, expect

from ..waiting import until
from .browser import DESK, PHONE, looking
from .scene import TOKENS, Site
from .test_page import FITS, live, row_of


def enter(page: Page, token: str) -> None:
    """Type a token."""
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def complaints(page: Page) -> list[str]:
    """What the browser said of refused requests, which are meant here."""
    said: list[str] = page.complaints.clear()  # type: ignore[attr-defined]  # looking's
    return said


def test_a_token_is_asked_for_once_a_session(browser: Browser, daemons: dict[str, Site]) -> None:
    """A wrong one is told so; a right one is kept by this tab alone, in no cookie, and can be forgotten."""
    url = daemons["guarded"].url
    with looking(browser, url) as page:
        expect(page.get_by_label("Token")).to_be_focused()
        assert "pool-001" not in page.content()
        enter(page, "gelöst")  # cannot be sent in a header
        expect(page.get_by_role("alert").filter(visible=True)).to_have_text("That is not a token.")
        enter(page, "wrong")
        expect(page.get_by_role("alert").filter(visible=True)).to_have_text("This token is not known here.")
        assert all("401" in said for said in complaints(page))
        enter(page, TOKENS["ann"])
        live(page)
        expect(page.locator("#who")).to_contain_text("ann, operator")
        expect(page.get_by_role("button", name="Quarantine pool-001")).to_be_visible()
        expect(page.locator("#shown")).to_have_text("1")
        page.reload()
        live(page)
        assert page.context.cookies() == []
        assert page.evaluate("() => localStorage.length") == 0
        other = page.context.new_page()
        other.goto(url)
        expect(other.get_by_label("Token")).to_be_visible()
        page.get_by_role("button", name="Forget the token").click()
        expect(page.get_by_label("Token")).to_be_visible()
        assert "pool-001" not in page.content()
        assert page.evaluate("() => sessionStorage.length") == 0


def test_an_operator_acts_with_the_token(browser: Browser, daemons: dict[str, Site]) -> None:
    """Quarantine and back, over the stream of events with the token too."""
    with looking(browser, daemons["guarded"].url) as page:
        enter(page, TOKENS["ann"])
        row = row_of(live(page), "pool-001")
        row.get_by_role("button", name="Quarantine").click()
        page.keyboard.type("looked at")
        page.keyboard.press("Enter")
        expect(row).to_contain_text("looked at")
        row.get_by_role("button", name="Resume").click()
        page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        expect(row).not_to_contain_text("looked at")


def test_a_client_only_looks(browser: Browser, daemons: dict[str, Site]) -> None:
    """No acts are offered; one that is tried all the same is refused, and says so."""
    with looking(browser, daemons["guarded"].url) as page:
        enter(page, TOKENS["ci"])
        row = row_of(live(page), "pool-001")
        expect(page.locator("#who")).to_contain_text("ci, client")
        for width, height in (PHONE, DESK):
            page.set_viewport_size({"width": width, "height": height})
            expect(row.get_by_role("button")).to_have_count(0)
        page.evaluate("() => document.documentElement.classList.add('operator')")
        row.get_by_role("button", name="Quarantine").click()
        page.keyboard.type("no")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(
            "Not permitted: only an operator may do that"
        )
        assert all("403" in said for said in complaints(page))
        page.keyboard.press("Escape")


def test_a_token_and_no_script(browser: Browser, daemons: dict[str, Site]) -> None:
    """The page says that it cannot, and what can."""
    with looking(browser, daemons["guarded"].url, script=False) as page:
        expect(page.locator("noscript code")).to_have_text(re.compile("^ppa-assigner status "))
        expect(page.locator("noscript code")).to_be_visible()
        expect(page.get_by_role("textbox")).to_have_count(0)
        assert "pool-001" not in page.content()


def test_without_the_stream_it_asks_again_and_again(browser: Browser, daemons: dict[str, Site]) -> None:
    """A proxy that lets no stream through makes it slower, not wrong; and the page says so."""
    site = daemons["few"]
    with looking(browser, site.url) as page:
        live(page)
        page.clock.install()
        page.route("**/v1/events", lambda route: route.abort())
        page.reload()
        expect(page.locator("#live")).to_have_text("Asking every 10 s")
        lease = site.assign(owner="polled", ppa="~few/ubuntu/pool-010", wait=30).json()
        row = row_of(page, "pool-010")
        expect(row).not_to_contain_text("polled")
        page.clock.run_for(11_000)
        expect(row).to_contain_text("polled")
        assert all("ERR_FAILED" in said for said in complaints(page))
    assert site.http.delete(f"/v1/leases/{lease['id']}").status_code == 200


def test_the_line_is_seen(browser: Browser, daemons: dict[str, Site]) -> None:
    """Who waits, since when, and when the next lease ends; nothing tells when somebody leaves, so it is looked at."""
    site = daemons["twenty"]
    with ThreadPoolExecutor() as pool, looking(browser, site.url) as page:
        waiting = pool.submit(site.assign, "in-line", pool="release", wait=600)
        until(lambda: site.http.get("/v1/pools").json()["items"][1]["waiting"] == 1, "the line", 30)
        page.clock.install()
        page.reload()
        line = live(page).locator("#pools [data-pool=release] .line")
        expect(line).to_have_text(re.compile(r"^1 waiting, the first for \d+ s; next lease ends in 5 h \d+ min$"))
        (one,) = page.locator("#waiting li").all()
        expect(one).to_have_text(re.compile(r"^\d+ s 1 in release tester: no PPA of pool 'release' is free; the next "))
        expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
        for width, height in (PHONE, DESK):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(FITS)
        assert site.http.delete("/v1/leases", params={"request_id": "in-line"}).status_code == 200
        page.clock.run_for(11_000)
        expect(line).to_have_text(re.compile("^nobody waits; "))
        expect(page.get_by_role("heading", name="Waiting")).to_be_hidden()
        assert waiting.result(30).status_code >= 400


def test_it_goes_on_after_a_restart(browser: Browser, daemons: dict[str, Site]) -> None:
    """While the daemon is away the page says so and keeps what it knew; then it is live again."""
    site, ppa = daemons["few"], "~few/ubuntu/pool-012"
    with looking(browser, site.url) as page:
        row = row_of(live(page), "pool-012")
        site.kill()
        expect(page.locator("#live")).not_to_have_text("Live")
        expect(row).to_be_visible()
        site.start()
        live(page)
        lease = site.http.get(f"/v1/ppas/{ppa}").json()["lease"]
        assert site.http.delete(f"/v1/leases/{lease}").status_code == 200
        expect(row.locator("td.state")).to_have_text("free")
        assert all("ERR_" in said for said in complaints(page))


def test_a_tab_that_is_hidden_before_it_knows_anything_wakes_when_it_is_seen(
    browser: Browser, daemons: dict[str, Site]
) -> None:
    """Its first question was given up; it asks again."""
    with looking(browser, daemons["guarded"].url) as page:
        enter(page, TOKENS["ann"])
        live(page)
        page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => Boolean(window.unseen) })")
        held: list[Route] = []
        page.route("**/page/changes?*", lambda route: held.append(route))
        with page.expect_request("**/page/changes?*"):
            page.reload()
        page.evaluate("() => { window.unseen = true; document.dispatchEvent(new Event('visibilitychange')) }")
        page.unroute("**/page/changes?*")
        page.evaluate("() => { window.unseen = false; document.dispatchEvent(new Event('visibilitychange')) }")
        live(page)
