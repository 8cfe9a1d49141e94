"""Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty, nothing kept but in the PPAs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Client", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`Client` is imported when it is asked for: the daemon and `--version` do without."""
    if name == "Client":
        from .client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
