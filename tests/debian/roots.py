"""Debian systems of their own for tests: made by mmdebstrap, booted with systemd, and reached by apt.

Rule: what is installed in one is gone with it; the folder that it was made in stays as mmdebstrap made it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .. import needs
from ..docs.pages import ROOT
from ..systemd.layouts import of_root
from ..systemd.machine import Machine, lacking

_APT = ('APT::Get::Assume-Yes "true"', 'APT::Install-Recommends "false"', 'Dpkg::Progress-Fancy "false"')
"""As a person would answer, and no more than is needed."""
MAKE_S = 600.0
APT_S = 600.0
SEES = "/root"
"""Where a test puts what it installs, and the working directory of its commands."""
TRUSTED = "/etc/host.crt"
_HOST_TRUSTS = Path(os.environ.get("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt"))
_PASSED_ON = (
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"),
)
"""As .ci/deb does."""


def made_root(place: Path, suite: str, *packages: str) -> Path:
    """A folder with a Debian that has systemd and these packages, and whose apt knows what there is."""
    needs.program("mmdebstrap", "mmdebstrap")
    if (reason := lacking()) is not None:
        needs.lacking(reason)
    done = subprocess.run(
        [ROOT / ".ci" / "root", suite, place, "--mode=root", "--variant=minbase", "--skip=cleanup/apt",
         f"--include={','.join(('systemd', *packages))}", *(f"--aptopt={option}" for option in _APT),
         "--customize-hook=rm -f $1/var/cache/apt/archives/*.deb"],
        capture_output=True, text=True, timeout=MAKE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if _HOST_TRUSTS.exists():
        (place / TRUSTED.lstrip("/")).write_bytes(_HOST_TRUSTS.read_bytes())
    return place


def environment() -> dict[str, str]:
    """Of commands in it: as after a login, with the host's way to registries."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {"PATH": "/root/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    trusted = {"PIP_CERT": TRUSTED} if _HOST_TRUSTS.exists() else {}
    return own | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"} | trusted | passed_on


class Debian:
    """One that runs.  `close` ends it."""

    def __init__(self, root: Path, log: Path) -> None:
        self.machine = Machine(of_root(root), log, environment())

    def put(self, files: Sequence[Path], folder: str = SEES) -> None:
        """Copy files of the host into one of its folders."""
        self.machine.path(folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            (self.machine.path(folder) / file.name).write_bytes(file.read_bytes())

    def shell(self, script: str, code: int = 0) -> str:
        """What a script prints that has the machine's network; it must end with this code."""
        return _ended(self.machine.run("sh", "-euc", f"cd {SEES}\n{script}"), code)

    def online(self, script: str) -> str:
        """The same for one that fetches what it installs."""
        return _ended(self.machine.online("sh", "-euc", f"cd {SEES}\n{script}", timeout=APT_S), 0)

    def close(self) -> None:
        """End it, with all that it wrote."""
        self.machine.close()


def _ended(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr
