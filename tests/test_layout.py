"""The shape of the code: imports go one way, and one module knows launchpadlib."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ppa_assigner"

LAYERS = [
    {"times", "strict_json", "backoff"},
    {"record", "reference", "options", "problems", "access", "systemd", "journal", "mailbox"},
    {"port", "views", "config", "client"},
    {"automaton", "launchpad"},
    {"clock"},
    {"worker"},
    {"supervisor"},
    {"api"},
    {"cli"},
]
"""From the leaves up: a module imports only from the layers below its own, or from its own part."""


def modules() -> Iterator[Path]:
    """All modules of the package but the stand-in's, which is a product of its own."""
    return (path for path in PACKAGE.rglob("*.py") if "standin" not in path.parts)


def part(path: Path) -> str:
    """The module or sub-package right below ours."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """What a module imports, by absolute name, wherever in it."""
    found: set[str] = set()
    package = ["ppa_assigner", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            found |= {name} | {f"{name}.{alias.name}" for alias in node.names}
    return found


def layer(name: str) -> int | None:
    """Which layer a part is in."""
    return next((i for i, names in enumerate(LAYERS) if name in names), None)


@pytest.mark.parametrize("path", sorted(modules()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    """cli -> api -> supervisor -> worker -> automaton -> record; nobody imports what is above."""
    own = part(path)
    if own == "__init__":
        return
    below = layer(own)
    assert below is not None, f"{own} has no layer"
    for name in imported(path):
        other = name.removeprefix("ppa_assigner.").split(".")[0]
        if name.startswith("ppa_assigner.") and other not in (own, "__version__"):
            above = layer(other)
            allowed = (own, other) == ("cli", "standin") or (above is not None and above < below)
            assert allowed, f"{own} imports {name}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_adapter_knows_launchpadlib(path: Path) -> None:
    """launchpadlib, lazr.restfulclient and httplib2 are imported by `launchpad.client` alone."""
    foreign = {"launchpadlib", "httplib2"}
    users = {n.split(".")[0] for n in imported(path)} & foreign | {n for n in imported(path) if "restfulclient" in n}
    assert not users or path == PACKAGE / "launchpad" / "client.py"


def test_no_module_is_too_long() -> None:
    """A module is read in one go: about 300 lines, 400 at the very most."""
    long = {
        str(p.relative_to(PACKAGE)): n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long
