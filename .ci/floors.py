"""Prints the lowest versions that a pyproject.toml allows, as constraints for pip: `python3 .ci/floors.py FILE`."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

FLOOR = re.compile(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)")
INSTALLABLE = {"httptools": "0.5"}
"""The lowest that PyPI has for Python 3.11, where the floor is that of Debian's packages, which are tested there."""
OF_ITS_TIME = ("click<8.2",)
"""Of what the libraries need themselves: typer before 0.15.4 did not bound click, whose 8.2 it cannot be used with."""


def floors(text: str) -> Iterator[str]:
    """Of what the program, its extras and its stand-in need; each dependency must have one."""
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    for dependency in (*project["dependencies"], *extras["oidc"], *extras["standin"]):
        found = FLOOR.match(dependency)
        if found is None:
            raise SystemExit(f"{dependency}: no lowest version")
        yield f"{found[1]}=={INSTALLABLE.get(found[1], found[2])}"
    yield from OF_ITS_TIME


if __name__ == "__main__":
    sys.stdout.write("\n".join(floors(Path(sys.argv[1]).read_text(encoding="utf-8"))) + "\n")
