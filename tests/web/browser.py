"""Debian's Chromium, driven by Playwright; what it complains about is kept.

Rule: nothing is downloaded; a browser that is not there is said so, and looked for where the distribution puts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-features=SpareRendererForSitePerProcess",  # a process for each session that is not used
)  # fmt: skip
PHONE, DESK = (360, 740), (1280, 800)
DEADLINE_MS = 30_000
Scheme = Literal["light", "dark"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=60_000)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Complaints:
    """What a browser said against a page, and whom the page called."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def listen(self, page: Page) -> None:
        """Note all of this page."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(message.text)

    def clear(self) -> list[str]:
        """What was said so far; it no longer counts."""
        said = [*self.console, *self.errors]
        self.console.clear()
        self.errors.clear()
        return said


@contextmanager
def looking(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESK,
    scheme: Scheme = "light",
    script: bool = True,
    **options: Any,
) -> Iterator[Page]:
    """A page in a session of its own.  At the end there is no complaint: no error, and nobody else was called."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=script, base_url=url,
        reduced_motion="reduce", **options,
    )  # fmt: skip
    context.set_default_timeout(DEADLINE_MS)
    try:
        page, complaints = context.new_page(), Complaints()
        complaints.listen(page)
        page.complaints = complaints  # type: ignore[attr-defined]  # goes along with the page
        page.goto(url)
        yield page
        assert complaints.clear() == []
        assert complaints.hosts == {urlsplit(url).netloc}
    finally:
        context.close()
