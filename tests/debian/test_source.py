"""What debian/ says is what the rest of the checkout says."""

from __future__ import annotations

import re
import tomllib

from ppa_assigner.version import VERSION

from ..docs.pages import ROOT

FLOOR = re.compile(r"([\w.-]+) ?\(?>= ?([\d.]+)")
CONTROL = (ROOT / "debian" / "control").read_text()
OF_CLIENT = {"typer", "urllib3"}


def asked_for(field: str, package: str) -> dict[str, str]:
    """The lowest versions of Python libraries in a field of debian/control, by the names that Python has for them."""
    (paragraph,) = [each for each in CONTROL.split("\n\n") if each.startswith(package)]
    (listed,) = re.findall(rf"^{field}:\n((?: .*\n)+)", paragraph, re.MULTILINE)
    names = {name.removeprefix("python3-"): version for name, version in FLOOR.findall(listed)}
    return {{"yaml": "pyyaml", "debian": "python-debian"}.get(name, name): version for name, version in names.items()}


def test_the_packages_ask_for_the_versions_that_the_program_does() -> None:
    """Daemon and client together for all of them, and nothing builds with less than that."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needs = project["project"]["dependencies"]
    wanted = {name.lower(): version for each in needs for name, version in FLOOR.findall(each)}
    client = asked_for("Depends", "Package: python3-ppa-assigner")
    assert client.keys() == OF_CLIENT
    assert client | asked_for("Depends", "Package: ppa-assigner") == wanted
    tools = {name: version for each in project["build-system"]["requires"] for name, version in FLOOR.findall(each)}
    builds = asked_for("Build-Depends", "Source:")
    assert {name: builds[name] for name in tools} == tools
    assert all(wanted[name] == version for name, version in builds.items() if name not in tools)


def test_the_changelog_has_the_version_that_is_being_made() -> None:
    """As Debian writes it; a build replaces it with that of the tag."""
    first = (ROOT / "debian" / "changelog").read_text().splitlines()[0]
    assert first.startswith(f"ppa-assigner ({VERSION.replace('.dev', '~dev')}) ")
