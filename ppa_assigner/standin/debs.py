"""The .deb files of binary packages: real ones, with a changelog below /usr/share/doc and nothing else.

The same package gives the same bytes wherever and whenever it is asked for, so none is kept for long.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from functools import lru_cache
from typing import TYPE_CHECKING

from .packages import PackageFile, with_content

if TYPE_CHECKING:
    from .packages import BinaryPackageRelease

MADE = 1_577_836_800  # the date in all of them
KEPT = 1024


def deb_name(package: BinaryPackageRelease) -> str:
    """The name of its file: a version is written without its epoch there."""
    kind = "ddeb" if package.debug else "deb"
    return f"{package.name}_{package.version.rpartition(':')[2]}_{package.arch}.{kind}"


def control_fields(package: BinaryPackageRelease) -> str:
    """What the package says of itself, as in its file and in the indexes."""
    source = package.release
    fields = {
        "Package": package.name,
        "Source": "" if (source.name, source.version) == (package.name, package.version) else _source(package),
        "Version": package.version,
        "Architecture": package.arch,
        "Maintainer": f"{source.creator.display_name} <{source.creator.name}@example.org>",
        "Installed-Size": "1",
        "Depends": package.depends,
        "Section": "debug" if package.debug else "misc",
        "Priority": "optional",
        "Description": f"{package.name}, built from {source.name}",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


@lru_cache(maxsize=KEPT)
def deb(package: BinaryPackageRelease) -> PackageFile:
    """The package's file."""
    source = package.release
    changelog = f"{source.name} ({source.version}) unstable; urgency=medium\n\n  * Built by the stand-in.\n"
    control = _tar({"control": control_fields(package).encode()})
    data = _tar({f"usr/share/doc/{package.name}/changelog": changelog.encode()})
    members = {"debian-binary": b"2.0\n", "control.tar.gz": control, "data.tar.gz": data}
    return with_content(deb_name(package), b"!<arch>\n" + b"".join(_member(*each) for each in members.items()))


def _source(package: BinaryPackageRelease) -> str:
    source = package.release
    return source.name if source.version == package.version else f"{source.name} ({source.version})"


def _member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{MADE:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return head.encode() + content + b"\n" * (len(content) % 2)


def _tar(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            for folder in _folders(name):
                tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
            tar.addfile(_entry(f"./{name}", tarfile.REGTYPE, 0o644, len(content)), io.BytesIO(content))
    return gzip.compress(whole.getvalue(), 1, mtime=0)


def _folders(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["./", *(f"./{'/'.join(parts[: end + 1])}/" for end in range(len(parts)))]


def _entry(name: str, kind: bytes, mode: int, size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.mtime = kind, mode, size, MADE
    entry.uname = entry.gname = "root"
    return entry
