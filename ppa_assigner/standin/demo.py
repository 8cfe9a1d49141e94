"""What the demo's Launchpad has beside PPAs to lend: quick builds, the door for dput, a package, a PPA to copy it to.

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
WHOLE_WAY = """\
#!/bin/sh
# Uploads {package} to the PPA that $PPA names, waits until apt can install it, installs it, and copies it to {stable}.
set -eu
dput -f -c {dput} "${{PPA##*/}}" {changes}
told=
while case $told in *'"final":true'*) false ;; esac; do
    told=$(curl -sSf {api}"/v1/leases/$PPA_LEASE_ID/uploads?source={package}={version}&for=installable&wait=60")
    echo "$told"
done
case $told in *'"reached":true'*) ;; *) exit 65 ;; esac
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

    def whole_way(self, api: str) -> Path:
        """Write the script that goes from the upload to the installation; `api` is how curl reaches the daemon."""
        script = self.changes.parent / "upload-and-install"
        paths = {name: shlex.quote(str(getattr(self, name))) for name in ("changes", "dput", "install")}
        names = {"package": PACKAGE, "version": VERSION, "owner": OWNER, "stable": STABLE}
        script.write_text(WHOLE_WAY.format(api=api, **names, **paths))
        script.chmod(0o755)
        return script


def prepare(standin: Standin, folder: Path) -> DemoPackage:
    """Have things happen by themselves, within seconds, and write the package below `folder`."""
    commands = standin.commands
    commands.automatic(publisher=5, death_row=10, copies=5)
    commands.building(queue=1, take=2, upload=1)
    commands.door(SIGNER)
    commands.ppas(OWNER, [STABLE])
    commands.signing_key(OWNER)
    ppas = [archive.reference for archive in standin.service.world.archives()]
    host = urlsplit(standin.service_root).netloc
    configuration = folder / "dput.cf"
    configuration.write_text("".join(DPUT.format(name=_name(ppa), host=host, ppa=ppa) for ppa in ppas))
    for ppa in ppas:
        uri = f"{standin.service_root}{OWNER}/{_name(ppa)}/ubuntu"
        (folder / f"{_name(ppa)}.sources").write_text(sources_text(uri, signing_key(OWNER).armored))
    return DemoPackage(write_source(folder, PACKAGE, VERSION), configuration, _installer(folder))


def _installer(folder: Path) -> Path:
    root = folder / "root"
    quoted = {"configuration": make_root(root), "root": root, "folder": folder}
    script = folder / "install-hello"
    script.write_text(
        INSTALL.format(package=PACKAGE, **{name: shlex.quote(str(path)) for name, path in quoted.items()})
    )
    script.chmod(0o755)
    return script


def _name(ppa: str) -> str:
    return ppa.rpartition("/")[2]
