"""The operator's acts: only possible ones are offered, each is confirmed, and hits the lease that was shown."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from .browser import PHONE, looking
from .scene import Site
from .test_page import FITS, live, row_of

POSSIBLE = {
    "pool-001": ["Quarantine"],
    "pool-009": ["Release", "Hold", "Quarantine"],
    "pool-016": ["Resume"],
    "pool-017": ["Quarantine"],
    "pool-018": [],
    "pool-404": [],
}
"""Free, used, quarantined, dirty, unmanaged, missing."""


def asked(page: Page, row: Locator, act: str) -> Locator:
    """The question that the button of this row opens."""
    row.get_by_role("button", name=act).click()
    return page.get_by_role("dialog")


def state(site: Site, ppa: str) -> dict[str, object]:
    """The PPA as the daemon knows it."""
    known: dict[str, object] = site.http.get(f"/v1/ppas/{ppa}").json()
    return known


def test_only_what_is_possible_is_offered(reader: Page) -> None:
    """By state and condition."""
    offered = {name: row_of(reader, name).get_by_role("button").all_inner_texts() for name in POSSIBLE}
    assert offered == POSSIBLE


def test_nothing_happens_without_confirmation(daemons: dict[str, Site], reader: Page) -> None:
    """The dialog says which PPA, whose lease and what becomes of it; the focus returns to where it was."""
    site, ppa = daemons["twenty"], "~ci-pool/ubuntu/pool-009"
    before = state(site, ppa)
    reader.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    row = row_of(reader, "pool-009")
    for answer in ("Enter", "Escape"):
        dialog = asked(reader, row, "Release")
        expect(dialog).to_have_accessible_name("Release pool-009?")
        for shown in (ppa, "ann", str(before["lease"]), "is deleted before it is lent again"):
            expect(dialog).to_contain_text(shown)
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        assert reader.evaluate(FITS)
        reader.keyboard.press(answer)
        expect(dialog).to_have_count(0)
        expect(row.get_by_role("button", name="Release")).to_be_focused()
    assert state(site, ppa) == {**before, "seen": state(site, ppa)["seen"]}


def test_release(browser: Browser, daemons: dict[str, Site]) -> None:
    """The lease ends, the PPA is cleaned, and the row goes along: used, dirty, free."""
    with looking(browser, daemons["few"].url) as page:
        row = row_of(live(page), "pool-002")
        asked(page, row, "Release").get_by_role("button", name="Release").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(row.locator(".name a")).to_be_focused()
        expect(row.locator("td.state")).to_have_text("free")
        expect(page.locator("#lately")).to_contain_text("pool-002 dirty released; was: ann")
        expect(page.locator("#lately li").filter(has_text="pool-002").first).to_contain_text("free proved clean")


def test_a_lease_that_is_over_is_not_confused_with_the_next(browser: Browser, daemons: dict[str, Site]) -> None:
    """What was shown is what is released: else it is refused, in words."""
    site, ppa = daemons["few"], "~few/ubuntu/pool-006"
    site.assign(owner="first", ppa=ppa, wait=30)
    with looking(browser, site.url) as page:
        row = row_of(live(page), "pool-006")
        expect(row).to_contain_text("first")
        dialog = asked(page, row, "Release")
        assert site.http.delete(f"/v1/leases/{state(site, ppa)['lease']}").status_code == 200
        second = site.assign(owner="second", ppa=ppa, wait=60)
        assert second.status_code == 201
        expect(row).to_contain_text("second")
        dialog.get_by_role("button", name="Release").click()
        expect(dialog.get_by_role("alert")).not_to_be_empty()
        assert state(site, ppa)["lease"] == second.json()["id"]
        assert any("409" in said for said in page.complaints.clear())  # type: ignore[attr-defined]  # looking's
        dialog.get_by_role("button", name="Cancel").click()
    assert site.http.delete(f"/v1/leases/{second.json()['id']}").status_code == 200


def test_hold_quarantine_and_resume(browser: Browser, daemons: dict[str, Site]) -> None:
    """By keyboard; a reason is needed, and what an act changed is offered no more."""
    site, ppa = daemons["few"], "~few/ubuntu/pool-004"
    with looking(browser, site.url) as page:
        row = row_of(live(page), "pool-004")
        dialog = asked(page, row, "Hold")
        expect(dialog.get_by_label("Longer by")).to_be_focused()
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        expect(row.locator("td.left")).to_contain_text("2 d")
        dialog = asked(page, row, "Quarantine")
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        page.keyboard.type("kept <b>for</b> #42")
        page.keyboard.press("Enter")
        expect(row).to_contain_text("in quarantine when the lease ends: kept <b>for</b> #42")
        expect(page.locator("#said")).to_contain_text("pool-004 was put in quarantine")
        assert row.get_by_role("button").all_inner_texts() == ["Release", "Hold", "Resume"]
        assert state(site, ppa)["quarantined"] == "kept <b>for</b> #42"
        asked(page, row, "Resume").get_by_role("button", name="Resume").click()
        expect(row).not_to_contain_text("quarantine when")
        dialog = asked(page, row, "Hold")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("it was held before; a lease can be held only once")
        assert any("409" in said for said in page.complaints.clear())  # type: ignore[attr-defined]  # looking's
        page.keyboard.press("Escape")
