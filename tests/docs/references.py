"""What documents, code and tests say of other files: links, anchors, paths, names of tests, of mutants, of constants.

Rule: plain text is read as GitHub and Sphinx read it, so a heading's anchor is its slug.  Nothing here judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CODE = ("ppa_assigner", "tests", "config", ".ci", ".github")
READ = {".py", ".js", ".html", ".css", ".yaml", ".yml", ".toml", ".sh", ".conf", ".service", ".socket", ".md", ""}
FENCE = re.compile(r"^(```+|~~~+|:::+).*?^\1[`~:]*$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
TARGET = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
CITED = re.compile(r"\bdocs/[\w./-]+\.(?:md|svg)(?:#[\w-]+)?")
PATH = re.compile(r"(?:ppa_assigner|tests|docs|config|\.ci|\.github)/[\w./-]*")
TEST = re.compile(r"(tests/[\w./-]+\.py)::(\w+)")
MUTANT = re.compile(r"\bmutant\s+`([^`]+)`", re.IGNORECASE)
INVARIANT = re.compile(r"\bI[0-9]\b")
CLASS = re.compile(r"(?:[A-Z][a-z]+)+(?:\.\w+)*")
CONSTANT = re.compile(r"\b_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


class Reference(NamedTuple):
    """That `file` (from the root) says `what`."""

    file: str
    what: str


def documents() -> list[Path]:
    """All Markdown of the repository that is written by hand."""
    return sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")})


def sources() -> list[Path]:
    """All text that is neither a document nor what somebody installed or built."""
    found = (path for top in CODE for path in (ROOT / top).rglob("*") if path.is_file() and path.suffix in READ)
    return sorted({*found, ROOT / "Makefile", ROOT / "pyproject.toml"} - set(documents()))


@cache
def text_of(path: Path) -> str:
    """A file's text; nothing of what is none."""
    return path.read_text(errors="replace")


def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return FENCE.sub("", text_of(path))


def slug(heading: str) -> str:
    """The anchor that GitHub and MyST give a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


@cache
def anchors(path: Path) -> tuple[str, ...]:
    """All anchors of a document."""
    text = prose(path)
    return (*(slug(one) for one in HEADING.findall(text)), *TARGET.findall(text))


def named(path: Path) -> str:
    """Its name from the root on."""
    return path.relative_to(ROOT).as_posix()


def dangling(source: Path, target: str, base: Path) -> bool:
    """Whether a link or a citation leads nowhere."""
    name, _, anchor = target.partition("#")
    file = (base / name).resolve() if name else source
    return not file.exists() or bool(anchor and file.suffix == ".md" and anchor not in anchors(file))


def links() -> Iterator[Reference]:
    """Links between documents that lead nowhere."""
    for path in documents():
        for target in LINK.findall(INLINE.sub("", prose(path))):
            if not re.match(r"[a-z]+:|/", target) and dangling(path, target, path.parent):
                yield Reference(named(path), target)


def citations() -> Iterator[Reference]:
    """Citations of documents, in code and elsewhere, that lead nowhere."""
    for path in [*sources(), *documents()]:
        for target in CITED.findall(text_of(path)):
            if dangling(path, target, ROOT):
                yield Reference(named(path), target)


def code_in(path: Path) -> Iterator[str]:
    """What stands between backticks."""
    return (" ".join(one.split()) for one in INLINE.findall(prose(path)))


def paths() -> Iterator[Reference]:
    """Files, directories and tests that documents name and that are not there."""
    for path in documents():
        for code in code_in(path):
            file, _, test = code.partition("::")
            if PATH.fullmatch(file) and not (ROOT / file).exists():
                yield Reference(named(path), file)
            elif test and TEST.fullmatch(code) and f"def {test}(" not in text_of(ROOT / file):
                yield Reference(named(path), code)


def invariants() -> Iterator[Reference]:
    """All invariants that code, tests and documents name by number."""
    for path in [*sources(), *documents()]:
        yield from (Reference(named(path), number) for number in INVARIANT.findall(text_of(path)))


def mutants() -> Iterator[Reference]:
    """All mutants that documents name."""
    for path in documents():
        yield from (Reference(named(path), " ".join(name.split())) for name in MUTANT.findall(prose(path)))


def constants() -> Iterator[Reference]:
    """All constants and variables that documents name."""
    for path in documents():
        yield from (Reference(named(path), name) for code in code_in(path) for name in CONSTANT.findall(code))


def classes() -> Iterator[Reference]:
    """All classes that the explanations, and the guides to adding something, name, and what of them."""
    for path in (path for path in documents() if "explanation" in path.parts or path.name.startswith("add-")):
        found = (code.split(".") for code in code_in(path) if CLASS.fullmatch(code))
        yield from (Reference(named(path), name) for names in found for name in names)
