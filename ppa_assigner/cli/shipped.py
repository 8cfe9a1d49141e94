"""The files that come with the program besides its code: configuration, schema, units, monitoring, recipes.

Rule: they are read as they stand, from the package, or from `config/` of the checkout that runs; what else an operator
keeps in `config/`, credentials above all, is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILES = ("ppas.yaml", "ppas.schema.json", "example.credentials", "ppa-assigner.service", "ppa-assigner.socket")
FOLDERS = ("monitoring", "recipes")


@dataclass(frozen=True)
class ShippedFile:
    """A file, by its name below the folder that it is copied to."""

    name: str
    content: bytes
    executable: bool = False


def shipped_files() -> Iterator[ShippedFile]:
    """All of them, the configuration first."""
    top = _top()
    inner = (path for folder in FOLDERS for path in sorted((top / folder).rglob("*")) if path.is_file())
    for path in (*(top / name for name in FILES), *inner):
        if "__pycache__" not in path.parts:  # pip compiles what is a script of ours
            executable = bool(path.stat().st_mode & 0o100)
            yield ShippedFile(path.relative_to(top).as_posix(), path.read_bytes(), executable)


def _top() -> Path:
    package = Path(__file__).parents[1]
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent / "config"
