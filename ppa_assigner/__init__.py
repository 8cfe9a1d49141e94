"""Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty, nothing kept but in the PPAs.

Rule: the names of the Python client are here too, and each is imported when it is asked for: the daemon and
`--version` do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .version import VERSION

if TYPE_CHECKING:
    from .client import (
        PPA,
        AptSource,
        AssignerError,
        Bug,
        Caller,
        Client,
        Event,
        Holding,
        Lease,
        LeaseOver,
        NoneFree,
        NotAccepted,
        NotPermitted,
        PastLease,
        Pool,
        Promotion,
        Source,
        SourceFile,
        Unavailable,
        UnknownLease,
        UploadCheck,
        Uploads,
        UsageError,
        WantedUploads,
        Wish,
    )

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
    "__version__",
]
__version__ = VERSION


def __getattr__(name: str) -> object:
    if name in __all__:
        from . import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
