"""What the page shows and how one finds something on it: few and many PPAs, live, by keyboard, without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from ppa_assigner.api.page import words
from ppa_assigner.api.page.html import linked

from .. import test_selectors
from .browser import DESK, PHONE, looking
from .scene import HOSTILE, JOB, Site

LIVE = "#live.live"
CELLS = """() => [...document.querySelectorAll('#table tbody tr, #pools tbody tr, #lately li')].map((row) => {
  const copy = row.cloneNode(true);
  for (const acts of copy.querySelectorAll('.acts')) acts.remove();
  for (const time of copy.querySelectorAll('time')) time.replaceChildren(time.dateTime, time.dataset.form);
  return [row.dataset.ppa ?? row.dataset.pool, ...[...copy.children].map((cell) => cell.textContent)];
})"""
CARDS = 800
FITS_IN_ITS_PLACE = """() => {
  const place = document.querySelector(".scroll");
  return place.scrollWidth <= place.clientWidth;
}"""
FITS = "() => document.documentElement.scrollWidth <= window.innerWidth"
NAMES = "[...document.querySelectorAll('#table tbody tr:not([hidden])')].map((row) => row.dataset.ppa.split('/').pop())"


def live(page: Page) -> Page:
    """The page once it follows the events."""
    page.locator(LIVE).wait_for()
    return page


def row_of(page: Page, name: str) -> Locator:
    """The row of a PPA: looking for a name among hundreds of rows by their roles takes long."""
    return page.locator(f"[data-ppa$='/{name}']").first


def shown(page: Page) -> list[str]:
    """The names of the PPAs that are shown, in their order."""
    names: list[str] = page.evaluate(NAMES)
    return names


@pytest.mark.parametrize(("name", "count"), [("twenty", 21), ("many", 500)])
def test_few_and_many_fit(browser: Browser, daemons: dict[str, Site], name: str, count: int) -> None:
    """All are there, and nothing is wider than the screen; no complaint of the browser, and nobody else is called."""
    with looking(browser, daemons[name].url, size=PHONE) as page:
        expect(live(page).locator("#table tbody tr")).to_have_count(count)
        expect(page.locator("#shown")).to_have_text(str(count))
        free = daemons[name].http.get("/v1/pools").json()["items"][0]["counts"]["state"]["free"]
        expect(page.locator("#pools .number.free").first).to_have_text(f"{free} free")
        for width, height in (PHONE, (700, 800), (1000, 800), DESK):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(FITS)
            assert width > CARDS or page.evaluate(FITS_IN_ITS_PLACE)


def test_without_a_script_it_says_the_same(browser: Browser, daemons: dict[str, Site], reader: Page) -> None:
    """Every row and cell, word for word; it is read anew by itself, and offers nothing that would not work."""
    with looking(browser, daemons["twenty"].url, script=False) as page:
        assert_hostile_text_is_text(page)
        plain = page.evaluate(CELLS)
        assert page.locator("noscript meta[http-equiv=refresh]").get_attribute("content") == "30"
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.get_by_role("textbox")).to_have_count(0)
    rows = reader.evaluate(CELLS)
    assert len(plain) >= 21 + 2
    assert [row for row in rows if row[0]] == [row for row in plain if row[0]]


def assert_hostile_text_is_text(page: Page) -> None:
    """Markup is shown as it was written; only addresses of the web are links, and they tell nobody where from."""
    for text in (HOSTILE, "javascript:alert(1)"):
        expect(page.locator("#table").get_by_text(text)).to_be_visible()
    assert page.title() != "owned"
    assert page.locator("#table img, #table script").count() == 0
    kinds = page.locator("#table a").evaluate_all("all => all.map((a) => `${a.protocol} ${a.rel}`)")
    assert set(kinds) == {f"{scheme}: noopener noreferrer" for scheme in ("http", "https")}  # the stand-in's pages


PLACES = """(tail) => {
  const walker = document.createTreeWalker(tail, NodeFilter.SHOW_TEXT);
  const text = walker.nextNode();
  const place = (from, to) => {
    const range = document.createRange();
    range.setStart(text, from);
    range.setEnd(text, to);
    return range.getBoundingClientRect();
  };
  const box = tail.getBoundingClientRect();
  const [first, last] = [place(0, 1), place(text.length - 5, text.length)];
  return { first: first.left >= box.left - 1, last: last.left >= box.left - 1 && last.right <= box.right + 1 };
}"""


def test_of_an_owner_that_is_too_long_the_end_is_seen(reader: Page) -> None:
    """The number of a job stands there; what is too long ends at the beginning, and all of it can be had."""
    for size, whole in ((DESK, False), ((1100, 800), False), ((1000, 800), False), (PHONE, False)):
        reader.set_viewport_size({"width": size[0], "height": size[1]})
        for tail in reader.locator("#table .tail:visible", has_text=JOB).all():
            seen = tail.evaluate(PLACES)
            assert seen["last"], size
            assert seen["first"] is whole, size
    told = row_of(reader, "pool-008").locator(".who")
    expect(told).to_have_attribute("title", JOB)
    expect(told).to_have_text(JOB)


def test_what_is_in_quarantine_says_its_fault_once(reader: Page) -> None:
    """And nothing of a clean, for none goes on."""
    row = row_of(reader, "pool-016")
    expect(row.locator("td.state")).to_have_text("dirty quarantined")
    expect(row.locator("td.doing")).to_have_text("cleaning failed 5 times: HTTP 401: the PPA is not ours to edit")


def test_hostile_text_stays_text(reader: Page) -> None:
    """With a script too."""
    assert_hostile_text_is_text(reader)


def test_times_are_told_the_same_with_and_without_a_script(reader: Page) -> None:
    """They go on by themselves in the page; all else is said by the daemon alone."""
    times = [0, 0.9, 1, 59, 60, 61, 3599, 3600, 3661, 7200, 86399, 86400, 90000, 10**7, -5]
    told = reader.evaluate(
        """async (times) => {
          const { FORMS } = await import("/static/words.js");
          const told = (form) => times.flatMap((each) => [form(each), form(-each)]);
          return Object.fromEntries(Object.entries(FORMS).map(([name, form]) => [name, told(form)]));
        }""",
        times,
    )
    assert told == {
        name: [form(since) for each in times for since in (each, -each)] for name, form in words.FORMS.items()
    }


def test_addresses_of_the_web_are_links_and_nothing_else() -> None:
    """None that names a user before its host, which looks like another host's."""
    texts = [JOB, HOSTILE, "http://a", "HTTPS://A/b?c#d", "javascript:alert(1)", "https://", "https://u@h/", "data:x",
             "https://a b", " https://a", "https:/a", "ftp://a", "https://a\\@b", "http://a?x@y", "//a"]  # fmt: skip
    assert [text for text in texts if linked(text).name == "a"] == [JOB, "http://a", "HTTPS://A/b?c#d", "http://a?x@y"]


def test_a_change_is_seen_without_reloading(browser: Browser, daemons: dict[str, Site]) -> None:
    """The row, the counts, the log and those who only hear the page; only that PPA is sent, and no other row is made
    anew.
    """
    site = daemons["many"]
    with looking(browser, site.url) as page:
        live(page).evaluate("() => { for (const row of document.querySelectorAll('#table tr')) row.known = true; }")
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer) if "/page/changes" in answer.url else None)
        lease = site.assign(owner="https://ci.example/77", ppa="~many/ubuntu/pool-001", wait=20).json()
        row = row_of(page, "pool-001")
        expect(row.get_by_role("link", name="https://ci.example/77")).to_be_visible()
        expect(row.locator("td.state")).to_have_text("used")
        expect(row.locator("td.left")).to_have_text(re.compile("^(7 h 59 min|8 h) left$"))
        expect(page.locator("#said")).to_have_text("pool-001 is used")
        expect(page.locator("#lately li").first).to_contain_text("pool-001 used assigned: https://ci.example/77")
        assert page.evaluate("() => [...document.querySelectorAll('#table tr')].every((row) => row.known)")
        assert {row["facts"]["ppa"] for answer in answers for row in answer.json()["ppas"]} == {"~many/ubuntu/pool-001"}
    assert site.http.delete(f"/v1/leases/{lease['id']}").status_code == 200


def test_the_field_takes_a_selector(browser: Browser, daemons: dict[str, Site]) -> None:
    """It means what it means to the daemon; a text without an operator is words, which find labels too."""
    site = daemons["twenty"]
    with looking(browser, site.url) as page:
        field = live(page).get_by_role("searchbox", name="Filter", exact=True)
        for text in ("size=big", "size!=big", "size in (small,)", "!size,lp/private=false", "lp/owner notin (ci-pool)"):
            field.fill(text)
            wanted = {ppa["ppa"].rpartition("/")[2] for ppa in site.ppas(select=text)}
            expect(page.locator("#table tbody tr:visible")).to_have_count(len(wanted))
            assert set(shown(page)) == wanted
            assert page.evaluate("() => new URLSearchParams(location.hash.slice(1)).get('q')") == text
        big = len(site.ppas(select="size"))
        field.fill("size")
        expect(page.locator("#shown")).to_have_text(f"{big} of 21")
        expect(page.locator("#table tbody tr:visible td.pool").first).to_have_text("release")


def test_the_page_reads_selectors_as_the_daemon_does(reader: Page) -> None:
    """The same texts are selectors, and the same labels match."""
    texts = [*test_selectors.MATCHES, *test_selectors.DIFFERS, *test_selectors.WRONG]
    told = reader.evaluate(
        """async ([texts, labels]) => {
          const { parse } = await import("/static/selectors.js");
          return texts.map((text) => parse(text)?.(labels) ?? null);
        }""",
        [texts, test_selectors.LABELS],
    )
    assert told == [
        *[True for _ in test_selectors.MATCHES],
        *[False for _ in test_selectors.DIFFERS],
        *[None for _ in test_selectors.WRONG],
    ]


def test_filter_and_sort_by_keyboard(browser: Browser, daemons: dict[str, Site]) -> None:
    """Words, states and order, all with keys; the address keeps them over a reload."""
    with looking(browser, daemons["twenty"].url) as page:
        live(page).keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the PPAs")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="PPAs")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("searchbox", name="Filter", exact=True)).to_be_focused()
        page.keyboard.type("CI-POOL ubuntu")
        expect(page.locator("#shown")).to_have_text("19 of 21")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="used 8")).to_be_focused()
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="used 8", pressed=True)).to_be_focused()
        assert shown(page) == [f"pool-{number:03}" for number in range(8, 16)]
        head = page.get_by_role("columnheader", name="Time left")
        for order, first in (("ascending", "pool-008"), ("descending", "pool-015")):
            head.get_by_role("button").press("Enter")
            assert head.get_attribute("aria-sort") == order
            assert shown(page)[0] == first
        assert page.url.endswith("#q=CI-POOL+ubuntu&show=used&sort=left&order=down")
        page.reload()
        live(page)
        assert shown(page)[0] == "pool-015"
        assert page.locator("[aria-sort]").count() == 1


def test_no_match_says_so(reader: Page) -> None:
    """And one key shows all again; the address may be changed by hand."""
    reader.evaluate("() => { location.hash = 'q=nobody+has+this'; }")
    reader.get_by_role("button", name="Show all").press("Enter")
    expect(reader.locator("#shown")).to_have_text("21")
    expect(reader.get_by_role("searchbox")).to_be_focused()


def test_a_tab_of_another_version_is_loaded_again_once(browser: Browser, daemons: dict[str, Site]) -> None:
    """After the daemon was replaced its rows may need another script and style; what was filtered by is kept.  Daemons
    of two versions at one address do not have it load for ever.
    """
    answers: list[Response] = []
    with looking(browser, daemons["few"].url) as page:
        live(page).locator("#words").fill("pool")
        page.route("/", lambda route: route.fulfill(
            response=(answer := route.fetch()), body=re.sub('data-files="[^"]*"', 'data-files="older"', answer.text())
        ))  # fmt: skip
        page.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/") else None)
        page.evaluate("document.documentElement.dataset.files = 'older'")
        with page.expect_event("load"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(live(page).locator("#words")).to_have_value("pool")
        assert page.evaluate("document.documentElement.dataset.files") == "older"
        assert len(answers) == 1


def test_the_focus_stays_over_changes(browser: Browser, daemons: dict[str, Site]) -> None:
    """A row that moves and is filled anew keeps it, also where the very button is gone."""
    site = daemons["few"]
    with looking(browser, f"{site.url}/#sort=state") as page:
        row = row_of(live(page), "pool-003")
        link = row.locator(".name a")
        link.focus()
        before = shown(page).index("pool-003")
        lease = site.assign(owner="focus", ppa="~few/ubuntu/pool-003", wait=20).json()
        expect(row).to_contain_text("focus")
        assert shown(page).index("pool-003") < before
        expect(link).to_be_focused()
        row.get_by_role("button", name="Release pool-003").focus()
        assert site.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
        expect(row.locator("td.state")).not_to_contain_text("used")
        expect(link).to_be_focused()
