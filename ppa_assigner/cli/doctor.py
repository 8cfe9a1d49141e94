"""`doctor`: looks at everything that the daemon needs, and says what to do.

Rule: reads only, here and at Launchpad; every look has a deadline, and after the first request that Launchpad does not
answer nothing more is asked there.  A finding is told as soon as it is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import CONFIGURATION, output
from .daemon import DEFAULT_CONFIG, Config
from .options import Json

if TYPE_CHECKING:
    from ..config import Settings
    from .doctor_findings import Finding


def doctor(config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """Look at everything that the daemon needs, and say what to do.

    The configuration, the credentials, Launchpad and its clock, rights on each PPA, records in them, systemd, and the
    daemon on this host.  Changes nothing.
    """
    from . import doctor_findings

    findings = []
    for finding in examined(config):
        findings.append(finding)
        if not json:
            doctor_findings.show(finding)
    if json:
        output.document(doctor_findings.document(findings))
    return doctor_findings.exit_code(findings)


def examined(config: Path) -> Iterator[Finding]:
    """All that is found, one after the other."""
    from ..config import ConfigError, load
    from . import doctor_host, doctor_launchpad
    from .doctor_findings import bad

    try:
        settings = load(config)
    except ConfigError as error:
        for mistake in str(error).splitlines():
            yield bad("configuration", mistake, "correct it; check-config tells the same", CONFIGURATION)
        yield from doctor_host.units()
        return
    yield doctor_host.configuration(config, settings)
    yield from doctor_host.access(settings)
    yield from doctor_host.credentials(settings)
    yield from doctor_launchpad.examined(settings)
    yield from _here(settings)


def _here(settings: Settings) -> Iterator[Finding]:
    """systemd and the daemon; one that systemd has stopped is not asked, for that would start it."""
    from . import doctor_host

    yield from doctor_host.units()
    if not doctor_host.stopped():
        yield doctor_host.daemon(settings)
