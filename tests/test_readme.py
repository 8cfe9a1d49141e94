"""The README is short, and what it refers to is there."""

from __future__ import annotations

import re

from .docs.pages import README, ROOT, page

LINES = 150


def test_it_is_read_in_minutes() -> None:
    """All else is in docs/."""
    assert len(page(README).splitlines()) <= LINES


def test_its_links_lead_somewhere() -> None:
    """Those of docs/ are checked where the site is built."""
    linked = re.findall(r"\]\(([^)#]+)", page(README))
    assert len(linked) > 10
    assert [name for name in linked if "://" not in name and not (ROOT / name).is_file()] == []


def test_every_page_for_users_is_in_it() -> None:
    """But lists of pages, and pages about changing the code."""
    paths = {
        path.relative_to(ROOT).as_posix()
        for kind in ("how-to", "reference")
        for path in (ROOT / "docs" / kind).glob("*")
    }
    wanted = {path for path in paths if not re.search(r"/(index\.md$|add-)", path)}
    assert wanted <= set(re.findall(r"\]\(([^)#]+)", page(README)))
