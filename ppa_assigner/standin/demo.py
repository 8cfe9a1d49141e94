"""The demo's Launchpad: how fast it publishes and builds; the door for dput, a package, a PPA to copy it to.

Everything is below one folder, and goes with it. Nothing here starts a program.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .aptroot import make_root, sources_text
from .openpgp import signing_key
from .sources import write_source

if TYPE_CHECKING:
    from .standin import Standin

OWNER, SIGNER, STABLE = "ci-pool", "ppa-bot", "stable"
PACKAGE, VERSION = "hello-ppa", "1.0-1"
DPUT = """\
[{name}]
method = http
fqdn = {host}
login = anonymous
incoming = /upload/{ppa}
allow_unsigned_uploads = 1

"""
INSTALL = """\
#!/bin/sh
# Installs {package} from the PPA that $PPA names: below {root}, with an apt of its own.
set -eu
export APT_CONFIG={configuration}
cp "${{PPA_SOURCES:-{folder}/${{PPA##*/}}.sources}}" {root}/etc/apt/sources.list.d/ppa.sources
apt-get -q update
apt-get -q -y --reinstall --download-only install {package}
for deb in {root}/var/cache/apt/archives/*.deb; do dpkg-deb --extract "$deb" {root}; done
cat {root}/usr/share/doc/{package}/changelog
"""
TEST_AND_PROMOTE = """\
#!/bin/sh
# Installs {package} from the PPA that $PPA names, and copies it to {stable}.
set -eu
{install}
ppa-assigner promote --to ppa:{owner}/{stable}
"""


@dataclass(frozen=True)
class DemoPackage:
    """A package to upload: its .changes, the configuration of dput that knows each PPA by its name alone, and the
    script that installs it from the PPA in $PPA."""

    changes: Path
    dput: Path
    install: Path

    door: str
    """Where uploads go."""
    whole_way: Path
    """The script that installs it and copies it to a PPA that stays."""


def prepare(standin: Standin, folder: Path) -> DemoPackage:
    """Have things happen by themselves, within seconds, and write the package below `folder`."""
    commands = standin.commands
    commands.automatic(publisher=5, death_row=10, copies=5)
    commands.building(queue=1, take=2, upload=1)
    door = commands.door(SIGNER)
    commands.ppas(OWNER, [STABLE])
    commands.signing_key(OWNER)
    ppas = [archive.reference for archive in standin.service.world.archives()]
    host = urlsplit(standin.service_root).netloc
    configuration = folder / "dput.cf"
    configuration.write_text("".join(DPUT.format(name=_name(ppa), host=host, ppa=ppa) for ppa in ppas))
    for ppa in ppas:
        uri = f"{standin.service_root}{OWNER}/{_name(ppa)}/ubuntu"
        (folder / f"{_name(ppa)}.sources").write_text(sources_text(uri, signing_key(OWNER).armored))
    install = _installer(folder)
    whole_way = _program(
        folder / "install-and-promote",
        TEST_AND_PROMOTE.format(package=PACKAGE, owner=OWNER, stable=STABLE, install=shlex.quote(str(install))),
    )
    return DemoPackage(write_source(folder, PACKAGE, VERSION), configuration, install, door, whole_way)


def _installer(folder: Path) -> Path:
    root = folder / "root"
    quoted = {"configuration": make_root(root), "root": root, "folder": folder}
    text = INSTALL.format(package=PACKAGE, **{name: shlex.quote(str(path)) for name, path in quoted.items()})
    return _program(folder / "install-hello", text)


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _name(ppa: str) -> str:
    return ppa.rpartition("/")[2]
