"""That everybody can read it: contrast in both schemes, roles and names, more than colour alone."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from .browser import DESK, PHONE, Scheme, looking
from .scene import Site
from .test_page import live

AA = 4.5
LANDMARKS: tuple[Literal["banner", "main", "contentinfo", "search"], ...] = ("banner", "main", "contentinfo", "search")
EXACT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
PAIRS = """() => {
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const ground = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$|transparent/.test(ground)) return ground;
    }
    return "rgb(255, 255, 255)";
  };
  const wanted = ".chip, .path, .note, .fault, .reason, .soon, a, h1, h2, th, td, dt, dd, p, label, button, #lately li";
  return [...document.querySelectorAll(wanted)].filter((node) => node.checkVisibility() && node.textContent.trim())
    .map((node) => [node.className || node.tagName, getComputedStyle(node).color, behind(node)]);
}"""


def luminance(color: str) -> float:
    """Of `rgb(r, g, b)`, as WCAG reckons it."""
    parts = [float(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_right() -> None:
    """Known pairs."""
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


def test_everything_can_be_read(browser: Browser, daemons: dict[str, Site]) -> None:
    """AA for all text in both schemes, states and conditions first, in the page and in a dialog."""
    schemes: tuple[Scheme, ...] = ("light", "dark")
    with looking(browser, daemons["twenty"].url) as page:
        live(page).get_by_role("button", name="Release pool-008").click()
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
            assert (luminance(ground) > 0.5) == (scheme == "light")
            pairs = [tuple(pair) for pair in page.evaluate(PAIRS)]
            seen = {kind for kind, _, _ in pairs}
            for kind in ("free", "used", "dirty", "quarantined", "missing", "unreadable", "unmanaged"):
                assert f"chip {kind}" in seen
            assert {(kind, *pair, contrast(*pair)) for kind, *pair in pairs if contrast(*pair) < AA} == set()
        page.keyboard.press("Escape")


def test_states_differ_in_more_than_colour(browser: Browser, daemons: dict[str, Site]) -> None:
    """Each has its word, and a mark whose shape is its own."""
    shape = """all => all.map((mark) => { const { borderRadius, borderStyle, borderWidth, backgroundImage, clipPath,
        backgroundColor } = getComputedStyle(mark);
      return [borderRadius, borderStyle, borderWidth, clipPath, backgroundImage.split("(")[0] + backgroundImage.length,
        backgroundColor === "rgba(0, 0, 0, 0)"].join(); })"""
    with looking(browser, daemons["twenty"].url) as page:
        chips = live(page).locator("#chips .chip:has(.mark)")
        names = [text.split()[0] for text in chips.filter(visible=True).all_inner_texts()]
        shapes = page.locator("#chips .chip:visible .mark").evaluate_all(shape)
    assert names == ["free", "used", "dirty", "quarantined", "missing", "unreadable", "unmanaged"]
    assert len(set(shapes)) == len(names)


def test_roles_and_names(browser: Browser, daemons: dict[str, Site]) -> None:
    """A table stays one for a screen reader, also where its rows look like cards."""
    with looking(browser, daemons["twenty"].url) as page:
        live(page)
        for width, height in (DESK, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            table = page.get_by_role("table", name="PPAs")
            expect(table.get_by_role("row")).to_have_count(22)
            expect(table.get_by_role("rowheader", name="~ci-pool/ubuntu/pool-016", exact=True)).to_be_visible()
            expect(page.get_by_role("table", name="Pools").get_by_role("rowheader", name="release")).to_be_visible()
            row = table.get_by_role("row", name="pool-016")
            expect(row.get_by_role("cell").nth(1)).to_have_text("dirty quarantined")
            expect(row.locator("time").first).to_have_attribute("title", EXACT)
        for role in LANDMARKS:
            expect(page.get_by_role(role)).to_have_count(1)
        assert page.locator("html").get_attribute("lang") == "en"
