"""Where the configuration and the files that it names are, and whether this user can read them.

Rule: nothing here judges what is in them.  The first configuration that is there is the one, whether or not it can be
read: nobody is served by another than was meant.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

PLACES = (Path("config/ppas.yaml"), Path("/etc/ppa-assigner/ppas.yaml"))
"""Where the configuration is looked for when nobody names one, in this order; the first below the working directory."""


def find_config(places: Sequence[Path] = PLACES) -> Path:
    """The first of these files that is there; the first of all, for the error to name, if none is."""
    return next((path for path in places if _is_there(path)), places[0])


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:  # what this user may not look at is there: that is said when it is read
        return not isinstance(error, FileNotFoundError | NotADirectoryError)
    return True


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
