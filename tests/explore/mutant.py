"""One way to break the code on purpose: what is replaced, the scene that shows it, and what must be found there.

Rule: only a copy of the package is ever broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .scene import Scene


@dataclass(frozen=True)
class Edit:
    """One replacement in one file of the package."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """`rule` is what is left out, and `where` it is explained.  `finds` begins what the exploration of `scene` says."""

    name: str
    rule: str
    where: str
    edits: tuple[Edit, ...]
    scene: Scene
    finds: str
    lively: bool = False

    def make(self, package: Path) -> None:
        """Break the copy of the package that is there."""
        for edit in self.edits:
            path = package / edit.file
            text = path.read_text()
            if text.count(edit.old) != 1:
                raise ValueError(f"stale: {edit.file} has {text.count(edit.old)} times {edit.old!r}")
            path.write_text(text.replace(edit.old, edit.new))
