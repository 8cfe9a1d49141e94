"""`python -m tests.web.screenshots FOLDER`: the page at phone and desktop width, light and dark, few and many PPAs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from .browser import DESK, PHONE, Scheme, chromium, looking
from .scene import TOKENS, Site, sites

SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def shoot(page: Page, folder: Path, name: str, whole: bool) -> None:
    """Write a picture."""
    page.screenshot(path=folder / f"{name}.png", full_page=whole)


def tables(browser: Browser, made: dict[str, Site], folder: Path) -> None:
    """Every number of PPAs in every width and scheme."""
    for name in ("one", "twenty", "many"):
        for size in (PHONE, DESK):
            for scheme in SCHEMES:
                with looking(browser, made[name].url, size=size, scheme=scheme) as page:
                    page.get_by_text("Live", exact=True).wait_for()
                    shoot(page, folder, f"{name}-{size[0]}-{scheme}", name != "many")


def details(browser: Browser, made: dict[str, Site], folder: Path) -> None:
    """Asking for a token, a filter, each question, no script."""
    for size in (PHONE, DESK):
        with looking(browser, made["guarded"].url, size=size) as page:
            shoot(page, folder, f"token-{size[0]}", True)
            page.get_by_label("Token").fill(TOKENS["ci"])
            page.keyboard.press("Enter")
            page.get_by_text("ci, client").wait_for()
            shoot(page, folder, f"client-{size[0]}", True)
        with looking(browser, made["twenty"].url, size=size, scheme="dark" if size == PHONE else "light") as page:
            for act in ("Release", "Hold", "Quarantine", "Resume"):
                page.get_by_role("button", name=f"{act} pool").first.click()
                shoot(page, folder, f"{act.lower()}-{size[0]}", False)
                page.keyboard.press("Escape")
        with looking(browser, f"{made['many'].url}/#q=mia&show=used&sort=left", size=size) as page:
            page.get_by_text("Live", exact=True).wait_for()
            shoot(page, folder, f"filtered-{size[0]}", False)
        with looking(browser, made["twenty"].url, size=size, script=False) as page:
            shoot(page, folder, f"without-script-{size[0]}", True)
        with looking(browser, made["guarded"].url, size=size, script=False) as page:
            shoot(page, folder, f"token-without-script-{size[0]}", True)


def main() -> None:
    """All of them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        sites(Path(place), "one", "twenty", "many", "guarded") as made,
        chromium() as browser,
    ):
        tables(browser, made, folder)
        details(browser, made, folder)


if __name__ == "__main__":
    main()
