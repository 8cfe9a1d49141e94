"""`doctor`: looks at everything that the daemon needs, and says what to do.

Rule: reads only, here and at Launchpad; every look has a deadline, and after the first request that Launchpad does not
answer nothing more is asked there.  A finding is told as soon as it is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .. import output
from ..file_options import ConfigOption
from ..options import JsonOption

if TYPE_CHECKING:
    from ...config import Settings
    from .findings import Finding


def doctor(config: ConfigOption, json: JsonOption = False) -> int:
    """Look at everything that the daemon needs, and say what to do.

    The configuration, the credentials, Launchpad and its clock, rights on each PPA, records in them, systemd, and the
    daemon on this host.  Changes nothing.
    """
    from .findings import document, exit_code, show

    findings = []
    for finding in examined(config):
        findings.append(finding)
        if not json:
            show(finding)
    if json:
        output.document(document(findings))
    return exit_code(findings)


def examined(config: Path) -> Iterator[Finding]:
    """All findings, one after the other."""
    from ...config import ConfigError, load
    from . import host, launchpad
    from .findings import bad

    try:
        settings = load(config)
    except ConfigError as error:
        for mistake in str(error).splitlines():
            yield bad("configuration", mistake, "correct it; check-config tells the same", os.EX_CONFIG)
        yield from host.units()
        return
    yield host.configuration(config, settings)
    yield from host.access(settings)
    yield from host.issuers(settings)
    yield from host.credentials(settings)
    yield from launchpad.examined(settings)
    yield from _here(settings)


def _here(settings: Settings) -> Iterator[Finding]:
    """systemd and the daemon; one that systemd has stopped is not asked, for that would start it."""
    from . import host

    yield from host.units()
    if not host.stopped():
        yield host.daemon(settings)
