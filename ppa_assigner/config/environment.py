"""What the environment says instead of the file: for containers, whose file is often the same for several daemons.

Rule: a variable is judged like the option that it stands for, and is named when it is wrong; one that is empty is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .document import Document, Place

_WHOLE = "write it from the root on"
CONFIG = "PPA_ASSIGNER_CONFIG"
"""The file itself."""
VARIABLES: Mapping[str, Place] = {
    "PPA_ASSIGNER_LISTEN": ("api", "listen"),
    "PPA_ASSIGNER_SERVICE": ("launchpad", "service"),
    "PPA_ASSIGNER_CREDENTIALS": ("launchpad", "credentials"),
    "PPA_ASSIGNER_NAME": ("name",),
}
"""Which option each of them replaces.  A relative path starts at the working directory."""


def override(document: Document, environ: Mapping[str, str]) -> None:
    """Put in what the environment says."""
    for variable, place in VARIABLES.items():
        if text := environ.get(variable):
            document.names[place] = f"${variable}"
            is_path = variable == "PPA_ASSIGNER_CREDENTIALS"
            _put(document, place, _absolute(document, place, text) if is_path else text)


def _absolute(document: Document, place: Place, text: str) -> str:
    """The working directory of a daemon may have been taken away since it started."""
    if Path(text).is_absolute():
        return text
    try:
        return str(Path.cwd() / text)
    except OSError as error:
        document.blame(place, f"{text} is relative to a working directory that is gone ({error.strerror}); {_WHOLE}")
        return text


def _put(document: Document, place: Place, value: str) -> None:
    """A section that is something else is blamed as that, by whoever judges the shape."""
    *sections, key = place
    data = document.data
    for name in sections:
        if isinstance(data, dict) and data.get(name) is None:
            data[name] = {}
        data = data.get(name) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data[key] = value
