"""A folder in which apt works by itself: no privileges, no sources of the host's, nothing written elsewhere."""

from __future__ import annotations

from pathlib import Path

CONFIGURATION = """\
Dir "{root}";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Bin::Methods "/usr/lib/apt/methods";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::http::Proxy "DIRECT";
Acquire::Retries "0";
"""
FOLDERS = (
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "etc/apt/trusted.gpg.d",
    "var/lib/apt/lists/partial",
    "var/lib/dpkg/info",
    "var/lib/dpkg/triggers",
    "var/lib/dpkg/updates",
    "var/cache/apt/archives/partial",
    "var/log/apt",
)
SOURCES = """\
Types: deb
URIs: {uri}
Suites: {suite}
Components: main
Signed-By:
{key}
"""


def make_root(root: Path, arch: str = "amd64") -> Path:
    """Make it in an empty folder or one that is not there; returns what APT_CONFIG is to be."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    for file in ("status", "available"):
        (root / "var/lib/dpkg" / file).touch()
    configuration = root / "apt.conf"
    configuration.write_text(CONFIGURATION.format(root=root, arch=arch))
    return configuration


def sources_text(uri: str, key: str, suite: str = "noble") -> str:
    """A source for apt, with the key that signs it in it."""
    return SOURCES.format(uri=uri, suite=suite, key="\n".join(f" {line or '.'}" for line in key.splitlines()))
