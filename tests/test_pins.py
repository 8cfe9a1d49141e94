"""What a clean install brings is what was tested: each package that any of ours asks for has a version in the list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

CONSTRAINTS = Path(__file__).parent.parent / ".ci" / "constraints.txt"
EXTRAS = frozenset({"standin", "dev", "docs"})


def canonical(name: str) -> str:
    """As indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """The version of each package."""
    lines = (line.partition("==") for line in CONSTRAINTS.read_text().split())
    return {canonical(name): version for name, _, version in lines}


def asked_for(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What this package needs here."""
    for text in metadata.requires(name) or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield wanted


def closure() -> set[str]:
    """All that `pip install -e .[standin,dev,docs]` brings."""
    found, open_ = set[tuple[str, frozenset[str]]](), [("ppa-assigner", EXTRAS)]
    while open_:
        for wanted in asked_for(*open_.pop()):
            one = (canonical(wanted.name), frozenset(wanted.extras))
            if one not in found:
                found.add(one)
                open_.append(one)
    return {name for name, _ in found}


def test_each_package_that_is_installed_is_pinned() -> None:
    """By the Python that runs this; the gate runs the oldest and the newest."""
    versions = pinned()
    assert closure() - set(versions) == set()
