"""The pages that people read: README.md and docs/, by their paths in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
README = "README.md"
DOCS = ROOT / "docs"


def pages() -> dict[str, str]:
    """The text of each page by its path."""
    paths = [ROOT / README, *sorted(DOCS.rglob("*.md"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}


def page(name: str) -> str:
    """The text of one page."""
    return (ROOT / name).read_text()


def table(head: str, name: str = "") -> list[list[str]]:
    """The rows of the table with that first line, cell by cell, without marks.  `name`: the page, where several have
    such a table.
    """
    (text,) = [text for path, text in pages().items() if f"\n{head}\n" in text and name in ("", path)]
    rows = []
    for line in text.partition(f"\n{head}\n")[2].splitlines()[1:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows
