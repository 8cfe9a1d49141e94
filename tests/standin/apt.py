"""The real apt, with a root folder of its own and without privileges."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ppa_assigner.standin.aptroot import make_root, sources_text

from .. import needs


@dataclass(frozen=True)
class Apt:
    """An apt that knows one archive."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run apt-get, to its end."""
        command = [needs.program("apt-get", "apt"), "-q", "-y", *arguments]
        env = {**os.environ, "APT_CONFIG": str(self.root / "apt.conf"), "LC_ALL": "C"}
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=60, check=False)

    def done(self, *arguments: str) -> str:
        """Run apt-get, which must succeed; what it printed."""
        ran = self.run(*arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert not [line for line in ran.stderr.splitlines() if line.startswith(("W:", "E:"))], ran.stderr
        return ran.stdout


def apt(root: Path, uri: str, key: str) -> Apt:
    """An apt below `root` that reads this archive, signed by that key."""
    make_root(root)
    (root / "etc/apt/sources.list.d/ppa.sources").write_text(sources_text(uri, key))
    return Apt(root)
