"""The site is built as `make docs` builds it: every warning is an error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .. import needs
from ..demo.place import virtual_environment
from ..processes import environment
from .pages import ROOT

BUILD_S = 120.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    needs.program("make", "make")
    folder = tmp_path_factory.mktemp("site")
    variables = {"MAKEFLAGS": f"VENV={virtual_environment(folder / 'venv')} DOCS={folder / 'docs'}"}
    done = subprocess.run(
        ["make", "docs"], cwd=ROOT, env={**environment(folder), **variables}, capture_output=True, text=True,
        timeout=BUILD_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "docs"


def test_every_page_is_built_without_a_warning(site: Path) -> None:
    """A link that leads nowhere or a page that no list names would have been one."""
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert len(pages) > 5
    assert all((site / page).is_file() for page in pages)


def test_it_has_search_and_dark_mode(site: Path) -> None:
    """Both work from the built files alone: nothing is loaded from another host."""
    page = (site / "index.html").read_text()
    assert 'action="search.html"' in page
    assert "theme-toggle" in page
    assert (site / "searchindex.js").stat().st_size > 1000
    loaded = [line for line in page.splitlines() if ("<script" in line or "<link" in line) and "://" in line]
    assert loaded == []
