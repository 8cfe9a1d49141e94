"""One browser, one stand-in and four daemons for all tests of the page, which run on one worker: `xdist_group`.

Each test has a browser session of its own, and changes only PPAs that no other test looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from .browser import CHROMIUM, DEADLINE_MS, chromium
from .scene import Site, sites


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On one worker, if tests are spread with `--dist loadgroup`."""
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
        pytest.skip(f"there is no {CHROMIUM}; Debian's package chromium brings it")
    expect.set_options(timeout=DEADLINE_MS)
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def daemons(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """Those of `scene.sites`."""
    with sites(tmp_path_factory.mktemp("web"), "few", "twenty", "many", "guarded") as made:
        yield made
