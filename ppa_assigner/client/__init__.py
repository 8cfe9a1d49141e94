"""Python client of the daemon's HTTP API.

    with Client().lease("build-77", wait=600) as held:
        run(["dput", "-f", held.dput, "changes"])

Rule: knows the daemon by its HTTP contract alone, and imports nothing of the daemon.
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
    from .client import Client
    from .lease import Holding
    from .types import (
        PPA,
        AptSource,
        Caller,
        Event,
        Lease,
        PastLease,
        Pool,
        Promotion,
        Source,
        SourceFile,
        UploadCheck,
        Uploads,
        Wish,
    )
    from .uploads import WantedUploads

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


def __getattr__(name: str) -> object:
    """All but the errors is imported when it is asked for: the command line's parser does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES.get(name, 'types')}", __name__), name)
