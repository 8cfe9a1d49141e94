"""From the words of a command line to what it asks for, done.

Rule: the parser is loaded only for a line that is not plain.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import plain
from .commands import RUNS_OTHERS

_FILES, _END = "--upload", ".changes"


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and give its exit code; what the command raises is the caller's."""
    arguments = several_files(arguments)
    asked = plain.read(arguments)
    if asked is None:
        from . import app

        read = app.read(arguments)
        if isinstance(read, int):
            return read
        asked = read
    code = asked()
    return code if isinstance(code, int) else 0


def several_files(arguments: Sequence[str]) -> list[str]:
    """The words with `--upload` before each .changes file that follows one: a shell writes them in a row."""
    if arguments[:1] != [RUNS_OTHERS]:
        return list(arguments)
    found: list[str] = []
    for position, word in enumerate(arguments):
        if word == "--":
            return [*found, *arguments[position:]]
        after_file = found[-2:-1] == [_FILES] or found[-1].startswith(f"{_FILES}=") if found else False
        if after_file and word.endswith(_END) and not word.startswith("-"):
            found.append(_FILES)
        found.append(word)
    return found
