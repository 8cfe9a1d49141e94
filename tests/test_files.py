"""What a contributor is told holds: `.editorconfig`, the hooks of pre-commit, the map of the packages."""

from __future__ import annotations

import configparser
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
MADE = re.compile(r"\.git|\.venv.*|\..*_cache|\.hypothesis|\.coverage.*|.*\.egg-info|__pycache__|node_modules|build")
"""Names of what nobody wrote."""


def files() -> Iterator[Path]:
    """The files of the repository."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not MADE.fullmatch(name)]
        yield from (Path(folder, name) for name in names if not MADE.fullmatch(name))


def sections() -> list[tuple[str, Mapping[str, str]]]:
    """Those of `.editorconfig`: the names that each is for, and what it says."""
    parser = configparser.ConfigParser()
    parser.read_string("[root]\n" + (ROOT / ".editorconfig").read_text())
    return [(name, parser[name]) for name in parser.sections() if name != "root"]


def matches(name: str, pattern: str) -> bool:
    """Whether a section is for this name: `*`, and words between braces."""
    head, brace, rest = pattern.partition("{")
    words, _, tail = rest.partition("}")
    return any(fnmatch(name, head + word + tail) for word in words.split(",")) if brace else fnmatch(name, pattern)


def wrong(data: bytes, rules: Mapping[str, str]) -> Iterator[str]:
    """What a file of this content has against these rules; the length of lines is for ruff to judge."""
    text = data.decode("utf-8")  # charset: the only one that is used
    lines = text.split("\n")
    if "\r" in text:
        yield "end_of_line"
    if data and not text.endswith("\n"):
        yield "insert_final_newline"
    if any(line != line.rstrip() for line in lines):
        yield "trim_trailing_whitespace"
    if rules["indent_style"] == "space" and any(re.match(r" *\t", line) for line in lines):
        yield "indent_style"


def test_every_file_is_as_the_editor_is_told() -> None:
    """Those that an editor never saw, too."""
    found = {}
    for path in files():
        rules: dict[str, str] = {}
        for pattern, told in sections():
            rules |= dict(told) if matches(path.name, pattern) else {}
        if problems := list(wrong(path.read_bytes(), rules)):
            found[str(path.relative_to(ROOT))] = problems
    assert found == {}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a\r\n", "end_of_line"),
        (b"a", "insert_final_newline"),
        (b"a \n", "trim_trailing_whitespace"),
        (b"\ta\n", "indent_style"),
    ],
)
def test_what_an_editor_would_not_write_is_found(data: bytes, problem: str) -> None:
    """By the rules of a Python file."""
    rules = {key: value for pattern, told in sections() if matches("a.py", pattern) for key, value in told.items()}
    assert problem in list(wrong(data, rules))
    assert list(wrong(b"    a\n", rules)) == []


def hooks() -> list[dict[str, Any]]:
    """Those of pre-commit."""
    configured = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [each["repo"] for each in configured["repos"]] == ["local"], "others have versions of their own"
    found: list[dict[str, Any]] = configured["repos"][0]["hooks"]
    return found


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert rule is not None
    return [line.strip().lstrip("@") for line in rule[1].splitlines()]


def test_a_commit_is_judged_by_the_tools_of_make_lint() -> None:
    """By all of them, where `make lint` has them."""
    entries = [shlex.split(hook["entry"]) for hook in hooks() if hook["language"] == "system"]
    made = [shlex.split(line.replace("$(BIN)", ".venv/bin")) for line in recipe("lint")]
    told = [[word for word in words if word not in (".", "--check")] for words in made]
    assert len(told) == 3
    assert all(any(entry[: len(words)] == words for entry in entries) for words in told)
    assert ["make", "lint-js"] in entries


def test_each_hook_can_be_read() -> None:
    """What pre-commit wants of one, and each pattern is one."""
    for hook in hooks():
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] in ("system", "pygrep")
        re.compile(hook["entry"] if hook["language"] == "pygrep" else hook.get("files", ""))


@pytest.mark.parametrize(
    ("message", "right"),
    [
        ("Keep one next try of a release that was put off\n\nWhy.\n", True),
        ("a" * 72 + "\n", True),
        ("a" * 73 + "\n", False),
        ("Fix it.\n", False),
        ("Fix it.", False),
        ("Fix it\n\nIt was broken.\n", True),
    ],
)
def test_the_subject_of_a_commit_is_held(message: str, right: bool) -> None:
    """As pre-commit looks for it: in the whole message."""
    (entry,) = (hook["entry"] for hook in hooks() if hook["id"] == "subject")
    assert (re.search(entry, message, re.MULTILINE) is None) == right


def test_the_map_names_each_part_of_the_package() -> None:
    """A newcomer finds what every module right below the package is for, and nothing that is not there."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    told = set(re.findall(r"`(ppa_assigner/[\w/]+(?:\.py|/))`", text))
    package = ROOT / "ppa_assigner"
    parts = {f"ppa_assigner/{path.name}" for path in package.glob("*.py") if path.stem != "__init__"}
    parts |= {f"ppa_assigner/{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert told == parts


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_the_forms_for_issues_can_be_read(path: Path) -> None:
    """Each field of a form has a name of its own, and says what it is for."""
    form = yaml.safe_load(path.read_text())
    fields = [field for field in form.get("body", ()) if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
