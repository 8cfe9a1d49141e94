"""Python client of the daemon's HTTP API.

    with Client().lease("build-77", wait=600) as held:
        run(["dput", "-f", held.dput, "changes"])

Rule: knows the daemon by its HTTP contract alone, and imports nothing of the daemon but, for its types, the
shapes of the documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import (
    AssignerError,
    Bug,
    LeaseOver,
    NoneFree,
    NotAccepted,
    NotPermitted,
    Unavailable,
    UnknownLease,
    UsageError,
)

if TYPE_CHECKING:
    from ..documents import (
        AptSource,
        Caller,
        Event,
        Lease,
        PastLease,
        Pool,
        Ppa,
        Promotion,
        Source,
        SourceFile,
        UploadCheck,
        Uploads,
        Wish,
    )
    from .client import Client
    from .lease import Holding
    from .uploads import WantedUploads

    PPA = Ppa

__all__ = [
    "PPA",
    "AptSource",
    "AssignerError",
    "Bug",
    "Caller",
    "Client",
    "Event",
    "Holding",
    "Lease",
    "LeaseOver",
    "NoneFree",
    "NotAccepted",
    "NotPermitted",
    "PastLease",
    "Pool",
    "Promotion",
    "Source",
    "SourceFile",
    "Unavailable",
    "UnknownLease",
    "UploadCheck",
    "Uploads",
    "UsageError",
    "WantedUploads",
    "Wish",
]


_MODULES = {"Client": "client", "Holding": "lease", "WantedUploads": "uploads"}
_SHAPES = {"PPA": "Ppa"}
"""The documents that have another name here than in the API's schema."""


def __getattr__(name: str) -> object:
    """All but the errors is imported when it is asked for: the command line's parser does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in _MODULES:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return getattr(import_module("..documents", __name__), _SHAPES.get(name, name))
