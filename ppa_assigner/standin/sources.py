"""Tiny source packages, as Debian's tools write them: for the demo and for tests that upload something real.

The same arguments give the same bytes. A version with a revision has an upstream tarball, one without is native.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

MADE = 1_577_836_800
DATE = "Wed, 01 Jan 2020 00:00:00 +0000"
MAINTAINER = "The ppa-assigner developers <demo@example.org>"
ALGORITHMS = {"Checksums-Sha1": "sha1", "Checksums-Sha256": "sha256", "Files": "md5"}
RULES = "#!/usr/bin/make -f\n%:\n\tdh $@\n"


def write_source(
    folder: Path,
    name: str = "hello-ppa",
    version: str = "1.0-1",
    series: str = "noble",
    binaries: Sequence[tuple[str, str]] = (),
    upstream: str = "Hello from a PPA.\n",
) -> Path:
    """Write a source package into `folder`; returns its .changes. `binaries` are names with their `Architecture`; none:
    one of its name for all. `upstream` is what the upstream tarball holds."""
    made = binaries or [(name, "all")]
    plain = version.rpartition(":")[2]
    tarballs = _tarballs(name, plain, {**_debian(name, version, series, made)}, upstream)
    dsc_name = f"{name}_{plain}.dsc"
    dsc = _dsc(name, version, made, tarballs).encode()
    files = {dsc_name: dsc, **tarballs}
    for each, content in files.items():
        (folder / each).write_bytes(content)
    changes = folder / f"{name}_{plain}_source.changes"
    changes.write_text(_changes(name, version, series, files))
    return changes


def _debian(name: str, version: str, series: str, made: Sequence[tuple[str, str]]) -> dict[str, str]:
    control = [
        f"Source: {name}\nSection: misc\nPriority: optional\nMaintainer: {MAINTAINER}\n"
        "Build-Depends: debhelper-compat (= 13)\nStandards-Version: 4.6.2\n"
    ]
    control += [
        f"Package: {each}\nArchitecture: {arch}\nDescription: a package to try a PPA with\n" for each, arch in made
    ]
    what = f"{name} ({version}) {series}; urgency=medium\n\n  * Try a PPA."
    return {
        "debian/changelog": f"{what}\n\n -- {MAINTAINER}  {DATE}\n",
        "debian/control": "\n".join(control),
        "debian/rules": RULES,
        "debian/source/format": f"3.0 ({'quilt' if '-' in version else 'native'})\n",
    }


def _tarballs(name: str, plain: str, debian: dict[str, str], upstream: str) -> dict[str, bytes]:
    source, _, revision = plain.rpartition("-")
    top = f"{name}-{source if revision and source else plain}"
    if not source:
        whole = {f"{top}/README": upstream, **{f"{top}/{path}": text for path, text in debian.items()}}
        return {f"{name}_{plain}.tar.gz": _tarball(whole)}
    return {
        f"{name}_{source}.orig.tar.gz": _tarball({f"{top}/README": upstream}),
        f"{name}_{plain}.debian.tar.gz": _tarball(debian),
    }


def _tarball(files: dict[str, str]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime = len(text.encode()), MADE
            entry.mode = 0o755 if path.endswith("/rules") else 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(whole.getvalue(), mtime=0)


def _dsc(name: str, version: str, made: Sequence[tuple[str, str]], files: dict[str, bytes]) -> str:
    packages = "".join(f" {each} deb misc optional arch={','.join(arch.split())}\n" for each, arch in made)
    return (
        f"Format: 3.0 ({'quilt' if '-' in version else 'native'})\n"
        f"Source: {name}\nBinary: {', '.join(each for each, _ in made)}\n"
        f"Architecture: {' '.join(sorted({one for _, arch in made for one in arch.split()}))}\n"
        f"Version: {version}\nMaintainer: {MAINTAINER}\nStandards-Version: 4.6.2\n"
        f"Build-Depends: debhelper-compat (= 13)\nPackage-List:\n{packages}{_sums(files)}"
    )


def _changes(name: str, version: str, series: str, files: dict[str, bytes]) -> str:
    return (
        f"Format: 1.8\nDate: {DATE}\nSource: {name}\nArchitecture: source\nVersion: {version}\nDistribution: {series}\n"
        f"Urgency: medium\nMaintainer: {MAINTAINER}\nChanged-By: {MAINTAINER}\n"
        f"Changes:\n {name} ({version}) {series}; urgency=medium\n .\n   * Try a PPA.\n{_sums(files, 'misc optional ')}"
    )


def _sums(files: dict[str, bytes], section: str = "") -> str:
    lines = []
    for field, algorithm in ALGORITHMS.items():
        lines.append(f"{field}:")
        for name, content in files.items():
            found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
            lines.append(f" {found} {len(content)} {section if field == 'Files' else ''}{name}")
    return "\n".join(lines) + "\n"
