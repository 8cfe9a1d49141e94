"""That everybody can read it: contrast in both schemes, roles and names, more than colour alone."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from .browser import DESK, PHONE, Scheme

AA = 4.5
KINDS = ("free", "used", "dirty", "discarded", "quarantined", "missing", "unreadable", "unmanaged")
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


def test_everything_can_be_read(reader: Page) -> None:
    """AA for all text in both schemes, states and conditions first, in the page and in a dialog."""
    schemes: tuple[Scheme, ...] = ("light", "dark")
    reader.get_by_role("button", name="Release pool-008").click()
    reader.mouse.move(0, 0)  # a row below the pointer has a ground of its own, which is translucent
    for scheme in schemes:
        reader.emulate_media(color_scheme=scheme)
        ground = reader.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert (luminance(ground) > 0.5) == (scheme == "light")
        pairs = [tuple(pair) for pair in reader.evaluate(PAIRS)]
        seen = {kind for kind, _, _ in pairs}
        for kind in KINDS:
            assert f"chip {kind}" in seen
        assert {(kind, *pair, contrast(*pair)) for kind, *pair in pairs if contrast(*pair) < AA} == set()
    reader.keyboard.press("Escape")


def test_states_differ_in_more_than_colour(reader: Page) -> None:
    """Each has its word, and a mark whose shape is its own."""
    shape = """all => all.map((mark) => { const { borderRadius, borderStyle, borderWidth, backgroundImage, clipPath,
        backgroundColor } = getComputedStyle(mark);
      return [borderRadius, borderStyle, borderWidth, clipPath, backgroundImage.split("(")[0] + backgroundImage.length,
        backgroundColor === "rgba(0, 0, 0, 0)"].join(); })"""
    chips = reader.locator("#chips .chip:has(.mark)")
    names = [text.split()[0] for text in chips.filter(visible=True).all_inner_texts()]
    shapes = reader.locator("#chips .chip:visible .mark").evaluate_all(shape)
    assert tuple(names) == KINDS
    assert len(set(shapes)) == len(names)


def test_roles_and_names(reader: Page) -> None:
    """A table stays one for a screen reader, also where its rows look like cards."""
    for width, height in (DESK, PHONE):
        reader.set_viewport_size({"width": width, "height": height})
        table = reader.get_by_role("table", name="PPAs")
        expect(table.get_by_role("row")).to_have_count(22)
        expect(table.get_by_role("rowheader", name="~ci-pool/ubuntu/pool-016", exact=True)).to_be_visible()
        expect(reader.get_by_role("table", name="Pools").get_by_role("rowheader", name="release")).to_be_visible()
        row = table.get_by_role("row", name="pool-016")
        expect(row.get_by_role("cell").nth(1)).to_have_text("dirty quarantined")
        expect(row.locator("time").first).to_have_attribute("title", EXACT)
    for role in LANDMARKS:
        expect(reader.get_by_role(role)).to_have_count(1)
    assert reader.locator("html").get_attribute("lang") == "en"
