"""A stand-in in a process of its own, and clients that are logged in to it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ppa_assigner.launchpad import LaunchpadClient, Timeouts, load_credentials
from ppa_assigner.launchpad.indexes import PRODUCTION
from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import credentials_text

from . import forked
from .processes import without_coverage

PATIENT = Timeouts(5, 20, 40)
END_S = 20.0


@dataclass(frozen=True)
class Apart:
    """Where it listens, and how it is driven."""

    service_root: str
    control: ControlClient

    def credentials(self, who: str = "ppa-bot") -> str:
        """A file's text with that person's newest token."""
        return credentials_text(cast("dict[str, str]", self.control.about()["credentials"][who]))


@contextmanager
def standin_apart(*arguments: str) -> Iterator[Apart]:
    """One that runs, until the block ends."""
    with forked.start_with_pipes("standin", arguments, without_coverage(os.environ)) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            control = ControlClient(told["control"])
            yield Apart(told["service_root"], control)
            control.close()
        finally:
            process.terminate()
            process.wait(END_S)


def logged_in(
    service: str,
    credentials: Path,
    cache: Path,
    timeouts: Timeouts = PATIENT,
    archive_root: str = PRODUCTION,
) -> LaunchpadClient:
    """A client that has connected."""
    client = LaunchpadClient(
        credentials=load_credentials(credentials),
        service_root=service,
        timeouts=timeouts,
        cache_dir=cache,
        archive_root=archive_root,
    )
    client.connect()
    return client
