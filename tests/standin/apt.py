"""The real apt, with a root folder of its own and without privileges."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .. import needs

_CONFIGURATION = """\
Dir "{root}";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Bin::Methods "/usr/lib/apt/methods";
Dir::Bin::dpkg "{dpkg}";
Dir::Bin::apt-key "/usr/bin/apt-key";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::http::Proxy "DIRECT";
Acquire::Retries "0";
"""
_SOURCES = """\
Types: deb
URIs: {uri}
Suites: {suite}
Components: main
Signed-By:
{key}
"""


@dataclass(frozen=True)
class Apt:
    """An apt that knows one archive."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run apt-get, to its end."""
        command = [needs.program("apt-get", "apt"), "-c", str(self.root / "apt.conf"), "-q", "-y", *arguments]
        env = {**os.environ, "APT_CONFIG": str(self.root / "apt.conf"), "LC_ALL": "C"}
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=60, check=False)

    def done(self, *arguments: str) -> str:
        """Run apt-get, which must succeed; what it printed."""
        ran = self.run(*arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert not [line for line in ran.stderr.splitlines() if line.startswith(("W:", "E:"))], ran.stderr
        return ran.stdout


def apt(root: Path, uri: str, key: str, suite: str = "noble", arch: str = "amd64") -> Apt:
    """An apt below `root` that reads this archive, signed by that key."""
    for folder in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d"):
        (root / folder).mkdir(parents=True)
    for folder in ("var/lib/dpkg", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"):
        (root / folder).mkdir(parents=True)
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir()
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    dpkg = needs.program("dpkg", "dpkg")
    (root / "apt.conf").write_text(_CONFIGURATION.format(root=root, arch=arch, dpkg=dpkg))
    indented = "\n".join(f" {line or '.'}" for line in key.splitlines())
    sources = root / "etc/apt/sources.list.d/ppa.sources"
    sources.write_text(_SOURCES.format(uri=uri, suite=suite, key=indented))
    return Apt(root)
