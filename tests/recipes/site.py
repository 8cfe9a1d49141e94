"""A stand-in for Launchpad, a daemon with a client's token, and what a CI job has around it: for tests of recipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ppa_assigner.record import State, parse

from ..ports import free_port
from ..processes import Daemon, Launchpad, configure, running, start_launchpad
from . import dputs
from .packages import package

ROOT = Path(__file__).parent.parent.parent
RECIPES = ROOT / "config" / "recipes"
PATIENCE_S = 60.0
TOKEN = "0123456789abcdef" * 4
PPAS = 4
TEST = """\
#!/bin/sh
# test-packages: notes what it was told
grep -q "^Signed-By:" "$PPA_SOURCES" || exit 99
echo "$PPA $PPA_LEASE_ID" >> tested
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
    _dputs: dict[str, Path] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"unix:{self.daemon.address}"

    def workspace(self, path: Path, version: str) -> Path:
        """A job's folder, with something to upload."""
        package(path, version=version)
        program(path / "test-packages", TEST)
        return path

    def variables(self, dput: str = "dput", **more: str) -> dict[str, str]:
        """A job's environment: our command and this dput are on its path."""
        if dput not in self._dputs:
            home = self.folder / "dputs" / dput
            self._dputs[dput] = dputs.install(dput, home, self.ppas, self.launchpad.control_url, published=True)
        ours = {
            "PATH": dputs.path(self._dputs[dput]),
            "PPA_ASSIGNER_URL": self.url,
            "PPA_ASSIGNER_TOKEN": TOKEN,
            "PPA_ASSIGNER_UPLOAD_TO": f"{self.launchpad.service_root}upload/",
            "PYTHONWARNINGS": "ignore",
        }
        return {**{k: v for k, v in os.environ.items() if not k.startswith("PPA")}, **ours, **more}

    def sh(self, script: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a step as CI does."""
        return subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S, env=self.variables(**more), check=False,
        )  # fmt: skip

    @contextmanager
    def step(self, command: list[str], cwd: Path, stdin: str = "", **more: str) -> Iterator[subprocess.Popen[str]]:
        """A step that runs, as the leader of a group of its own; killed with the group when the block ends."""
        (cwd / "stdin").write_text(stdin)
        with (cwd / "stdin").open() as given, (cwd / "said").open("w") as said:
            process = subprocess.Popen(
                command, cwd=cwd, stdin=given, stdout=said, stderr=said, text=True, env=self.variables(**more),
                start_new_session=True,
            )  # fmt: skip
        with process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def arrived(self, version: str) -> list[str]:
        """To which PPAs dput uploaded this version, in order."""
        return [one["ppa"] for one in self.launchpad.control.verdicts() if one["version"] == version]

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


def program(path: Path, text: str) -> None:
    """A program with that text."""
    path.write_text(text)
    path.chmod(0o755)


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """It runs until the block ends."""
    launchpad = start_launchpad("--ppas", str(PPAS))
    try:
        launchpad.control.building(queue=0, take=0, upload=0, every=0.05)
        launchpad.control.signing_key("ci-pool")
        daemon = configure(folder, launchpad, ppas=("~ci-pool/ubuntu/pool-{001..004}",), settle="300ms")
        document = json.loads(daemon.config.read_text())
        client = {"name": "ci", "token_sha256": sha256(TOKEN.encode()).hexdigest(), "role": "operator"}
        document["api"]["clients"] = [client]
        daemon.config.write_text(json.dumps(document))
        daemon.http.headers["Authorization"] = f"Bearer {TOKEN}"
        with running(daemon):
            daemon.start().wait_for_states(free=PPAS)
            yield Site(launchpad, daemon, folder, free_port())
    finally:
        launchpad.stop()
