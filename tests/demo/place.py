"""A newcomer's machine: the demo as `make demo` starts it, in a network of its own, and folders to work in."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import needs
from ..commandline import Done
from ..docs.blocks import block
from ..docs.pages import ROOT
from ..network import Network, network
from ..processes import environment, without_coverage
from ..recipes import dputs
from ..shells import run
from ..waiting import until

URL = "http://127.0.0.1:8020"
READY_S = 120.0
COMMAND_S = 120.0


@dataclass
class Place:
    """A demo that lends, and where a newcomer works."""

    network: Network
    folder: Path
    process: subprocess.Popen[str]

    @property
    def printed(self) -> str:
        """What the demo said."""
        return (self.folder / "printed").read_text()

    @property
    def control(self) -> str:
        """Where its stand-in is driven, as the demo says it."""
        found = re.search(r"curl -s (http://\S+/)(?:upload|verdicts)", self.printed)
        assert found is not None, self.printed
        return found[1]

    @property
    def configuration(self) -> Path:
        """The demo's."""
        (found,) = self.folder.glob("tmp/ppa-assigner-demo-*/ppas.yaml")
        return found

    def variables(self, **more: str) -> dict[str, str]:
        """A newcomer's: nothing of ours but what is said."""
        given = without_coverage(environment(self.folder))
        return {**given, "TMPDIR": str(self.folder / "tmp"), "PYTHONWARNINGS": "ignore", **more}

    def path(self, dput: str = "") -> str:
        """PATH with our command, and with the real dput of that package."""
        ours = str(Path(sys.executable).parent)
        if not dput:
            return f"{ours}:/usr/bin:/bin"
        home = self.folder / dput
        if not home.exists():
            ppas = [f"~ci-pool/ubuntu/pool-{number:03}" for number in range(1, 6)]
            dputs.install(dput, home, ppas, self.control)
        return f"{home}/bin:{ours}:/usr/bin:/bin"

    def run(self, script: str, shell: str = "bash", cwd: Path | None = None, **more: str) -> Done:
        """A script, in the demo's network."""
        env = self.variables(**{"PATH": self.path(), **more})
        return run(shell, script, env, cwd or self.folder, self.network.enter)

    def asked(self, path: str) -> Any:
        """What the daemon answers."""
        done = self.run(f"curl -sf {URL}{path}")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def all_free(self) -> bool:
        """Whether every PPA may be lent."""
        answer = self.asked("/v1/ppas")
        return answer is not None and {each["state"] for each in answer["items"]} == {"free"}

    def wait(self) -> None:
        """Until that is so."""
        until(self.all_free, lambda: f"{self.asked('/v1/ppas')}\n{self.printed}", READY_S, every=0.2)


def virtual_environment(folder: Path) -> Path:
    """This one, in the state in which `make` has just made it."""
    folder.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name not in (".demo", ".dev"):
            (folder / entry.name).symlink_to(entry)
    for mark in (".demo", ".dev"):
        (folder / mark).touch()
    return folder


@contextmanager
def made(folder: Path) -> Iterator[Place]:
    """`make demo`, as the tutorial says it, until the block ends; then Ctrl-C."""
    needs.program("make", "make")
    needs.program("curl", "curl")
    (folder / "tmp").mkdir()
    venv = virtual_environment(folder / ".venv")
    line = block("make demo\n")
    with network() as place, (folder / "printed").open("w") as out:
        env = {**without_coverage(environment(folder)), "MAKEFLAGS": f"VENV={venv}", "TMPDIR": str(folder / "tmp")}
        process = subprocess.Popen(
            [*place.enter, "sh", "-c", line], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True,
            env=env, start_new_session=True,
        )  # fmt: skip
        try:
            demo = Place(place, folder, process)
            demo.wait()
            yield demo
            os.killpg(process.pid, signal.SIGINT)
            process.wait(COMMAND_S)
            assert not list((folder / "tmp").glob("ppa-assigner-demo-*")), "the demo left something behind"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
