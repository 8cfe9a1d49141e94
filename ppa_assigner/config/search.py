"""Where the configuration is looked for when nobody names one.

Rule: the first that is there is the one, whether or not it can be read: nobody is served by another than was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PLACES = (Path("config/ppas.yaml"), Path("/etc/ppa-assigner/ppas.yaml"))
"""In this order; the first below the working directory."""


def find_config(places: Sequence[Path] = PLACES) -> Path:
    """The first of these files that is there; the first of all, for the error to name, if none is."""
    return next((path for path in places if _is_there(path)), places[0])


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # this user may not look: that is said when it is read
        return True
    return True
