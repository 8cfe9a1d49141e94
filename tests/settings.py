"""Settings for tests, made without a file."""

from __future__ import annotations

from pathlib import Path

from ppa_assigner.config import ApiSettings, LaunchpadSettings, Listen, Pool, Settings
from ppa_assigner.options import PoolOptions
from ppa_assigner.reference import Reference


def settings(
    *ppas: str | Reference,
    options: PoolOptions | None = None,
    pools: dict[str, Pool] | None = None,
    retire: tuple[Reference, ...] = (),
    total: float = 5.0,
    look_every: float = 60.0,
    service: str = "http://127.0.0.1:1/",
    credentials: Path | None = None,
) -> Settings:
    """One pool called default with these PPAs, or the pools given."""
    names = tuple(ppa if isinstance(ppa, Reference) else Reference.parse(ppa) for ppa in ppas)
    default = {"default": Pool("default", names, options or PoolOptions(settle=0.0))}
    launchpad = LaunchpadSettings(service, "devel", credentials, look_every, 1.0, 3.0, total, 16)
    return Settings(pools or default, retire, launchpad, ApiSettings(Listen("127.0.0.1", 0), ()), "test")
