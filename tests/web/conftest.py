"""One browser, one stand-in and four daemons for all tests of the page, which run on one worker: `xdist_group`.

A test has a browser session of its own, or only reads; it changes only PPAs that no other test looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from .. import needs
from .browser import CHROMIUM, DEADLINE_MS, DESK, chromium, looking
from .scene import Site, sites


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On one worker, if tests are spread with `--dist loadgroup`: before pytest-xdist looks for groups."""
    for item in items:
        if item.path.parent.name == "web":
            item.add_marker(pytest.mark.xdist_group("web"))


@pytest.fixture(autouse=True)
def _counted(record_property: Callable[[str, object], None]) -> None:
    record_property("browser checks", 1)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser."""
    if not CHROMIUM.exists():
        needs.lacking(f"needs {CHROMIUM}, of Debian's package chromium")
    expect.set_options(timeout=DEADLINE_MS)
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def daemons(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """Those of `scene.sites`."""
    with sites(tmp_path_factory.mktemp("web"), "few", "twenty", "many", "guarded") as made:
        yield made


@pytest.fixture(scope="package")
def _reading(browser: Browser, daemons: dict[str, Site]) -> Iterator[Page]:
    with looking(browser, daemons["twenty"].url) as page:
        page.locator("#live.live").wait_for()
        yield page


@pytest.fixture
def reader(_reading: Page) -> Iterator[Page]:
    """Twenty PPAs in one session for all tests that only read: a session of its own costs a second of a processor."""
    _reading.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    _reading.emulate_media(color_scheme="light")
    _reading.evaluate("() => { location.hash = ''; }")
    yield _reading
    assert _reading.complaints.clear() == []  # type: ignore[attr-defined]  # looking's
