"""A stand-in for Launchpad, a daemon with a client's token, and what a CI job has around it: for tests of the recipes.

dput is a program that uploads to the stand-in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ppa_assigner.record import State, parse

from ..ports import free_port
from ..processes import Daemon, Launchpad, configure, running, start_launchpad

ROOT = Path(__file__).parent.parent.parent
RECIPES = ROOT / "config" / "recipes"
PATIENCE_S = 60.0
TOKEN = "0123456789abcdef" * 4
PPAS = 4
CHANGES = "Format: 1.8\nSource: hello\nArchitecture: source\nVersion: {version}\n"
DPUT = """\
#!{python}
# dput -f PPA CHANGES...: uploads what a changes file names
import json, sys, urllib.request
assert sys.argv[1] == "-f"
for name in sys.argv[3:]:
    fields = dict(line.rstrip().split(": ", 1) for line in open(name))
    body = {{"ppa": sys.argv[2], "source": fields["Source"], "version": fields["Version"]}}
    urllib.request.urlopen("{control}dput", json.dumps(body).encode(), timeout=30).close()
"""
TEST = """\
#!/bin/sh
# test-packages PPA: notes what it was told
echo "$1 $PPA_LEASE_ID" >> tested
exit "${CODE:-0}"
"""


@dataclass
class Site:
    """A running daemon, and what a job has around it."""

    launchpad: Launchpad
    daemon: Daemon
    folder: Path
    open_port: int
    """Where a daemon without clients may listen."""

    @property
    def url(self) -> str:
        return f"unix:{self.daemon.address}"

    def workspace(self, path: Path, version: str) -> Path:
        """A job's folder, with something to upload."""
        (path / f"hello_{version}_source.changes").write_text(CHANGES.format(version=version))
        script = path / "test-packages"
        script.write_text(TEST)
        script.chmod(0o755)
        return path

    def variables(self, **more: str) -> dict[str, str]:
        """A job's environment: our command and dput are on its path."""
        path = f"{self.folder}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
        ours = {"PATH": path, "PPA_ASSIGNER_URL": self.url, "PPA_ASSIGNER_TOKEN": TOKEN, "PYTHONWARNINGS": "ignore"}
        return {**{k: v for k, v in os.environ.items() if not k.startswith("PPA")}, **ours, **more}

    def sh(self, script: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a step as CI does."""
        return subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S, env=self.variables(**more), check=False,
        )  # fmt: skip

    def had(self, owner: str) -> list[str]:
        """The PPAs that this owner had, by the records that were ever written."""
        found = []
        for ppa in self.ppas:
            records = [parse(each["description"]).record for each in self.launchpad.control.descriptions(ppa)]
            if any(r is not None and r.state is State.USED and r.owner == owner for r in records):
                found.append(ppa)
        return found

    def given_back(self, owner: str) -> bool:
        """Nothing is lent to this owner any more."""
        items = self.daemon.http.get("/v1/leases", params={"owner": owner}).json()["items"]
        return bool(items == [])

    @property
    def ppas(self) -> list[str]:
        return [f"~ci-pool/ubuntu/pool-{n:03}" for n in range(1, PPAS + 1)]


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """It runs until the block ends."""
    launchpad = start_launchpad("--ppas", str(PPAS))
    try:
        daemon = configure(folder, launchpad, ppas=("~ci-pool/ubuntu/pool-{001..004}",), settle="300ms")
        document = json.loads(daemon.config.read_text())
        client = {"name": "ci", "token_sha256": sha256(TOKEN.encode()).hexdigest(), "role": "operator"}
        document["api"]["clients"] = [client]
        daemon.config.write_text(json.dumps(document))
        daemon.http.headers["Authorization"] = f"Bearer {TOKEN}"
        (folder / "bin").mkdir()
        dput = folder / "bin" / "dput"
        dput.write_text(DPUT.format(python=sys.executable, control=launchpad.control_url))
        dput.chmod(0o755)
        with running(daemon):
            daemon.start().wait_for_states(free=PPAS)
            yield Site(launchpad, daemon, folder, free_port())
    finally:
        launchpad.stop()
