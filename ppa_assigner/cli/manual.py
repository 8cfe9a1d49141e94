"""The manual pages of this program: `python -m ppa_assigner.cli.manual FOLDER` (`make man`) writes them.

Rule: what is in them is made by `manual_pages`, of the parser; the same program gives the same pages, byte for byte.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .manual_pages import ENVIRONMENT, EXIT_CODES, Roff, pages_of

__all__ = ["ENVIRONMENT", "EXIT_CODES", "Roff", "pages", "write"]


def pages(group: Any = None) -> Mapping[str, str]:
    """The pages by file name: one of the program, one of each command.  `group`: the parser, by default ours."""
    return pages_of(_parser() if group is None else group)


def write(folder: Path) -> list[Path]:
    """Write them there, and tell which."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="ascii")
        written.append(folder / name)
    return written


def _parser() -> Any:
    from .app import parser

    return parser()


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
