"""Files that a configuration names: where they are, and whether this user can read them.

Rule: nothing here judges what is in them.
"""

from __future__ import annotations

import stat
from pathlib import Path


def resolve(given: str, folder: Path) -> Path:
    """The file that a text means: relative to the folder; `~` is the home of the user."""
    try:
        return folder / Path(given).expanduser()
    except RuntimeError:  # this user has no home
        return folder / given


def unreadable_reason(file: Path) -> str | None:
    """Why a file cannot be read, to be said after its name; None if it can."""
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            return "is a directory"
        if stat.S_ISREG(status.st_mode):  # opening a pipe would take what is going to be read
            file.open("rb").close()
            return None if status.st_size else "is empty"
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    return None
