"""From the words of a command line to what it asks for, done.

Rule: the parser is loaded only for a line that is not plain.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import plain


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and give its exit code; what the command raises is the caller's."""
    asked = plain.read(arguments)
    if asked is None:
        from . import app

        read = app.read(arguments)
        if isinstance(read, int):
            return read
        asked = read
    code = asked()
    return code if isinstance(code, int) else 0
