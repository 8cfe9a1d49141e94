"""What a clean install brings is what was tested: each package that any of ours asks for has a version in the list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from ppa_assigner.api import server
from ppa_assigner.api.connection import HttpConnection

CONSTRAINTS = Path(__file__).parent.parent / ".ci" / "constraints.txt"
EXTRAS = frozenset({"oidc", "standin", "dev", "docs"})


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
    """All that `pip install -e .[oidc,standin,dev,docs]` brings."""
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


OVERRIDDEN = {
    HttpConnection: "connection_made connection_lost eof_received data_received on_message_begin on_headers_complete "
    "on_message_complete on_response_complete send_400_response shutdown",
    server.UvicornServer: "startup shutdown main_loop on_tick capture_signals",
    server.UvicornConfig: "load",
}
"""What is replaced of uvicorn, most of it private: a version that has no such method would never call ours."""


def test_uvicorn_is_a_version_whose_inside_is_known() -> None:
    """A newer one than pyproject.toml allows is allowed once the tests of the API pass with it."""
    (wanted,) = (each for each in asked_for("ppa-assigner", frozenset()) if each.name == "uvicorn")
    assert any(each.operator == "<" for each in wanted.specifier), "its methods are replaced: it needs an upper bound"
    installed = metadata.version("uvicorn")
    assert installed in wanted.specifier, f"uvicorn {installed} was not tried: {wanted.specifier} in pyproject.toml"
    for ours, names in OVERRIDDEN.items():
        theirs = ours.__mro__[1]
        known = {name for name in vars(ours) if not name.startswith("__") and hasattr(theirs, name)}
        assert known >= set(names.split()), f"{theirs} has no {set(names.split()) - known} any more"
        assert set(names.split()) >= {name for name in known if callable(vars(ours)[name])}, "name what is replaced"
