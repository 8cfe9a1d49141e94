"""What a `.changes` file says is to be uploaded: the source package, its version, its series and its files.

Rule: loaded only where such a file is read, for python-debian takes as long to load as a whole command.  Signatures are
not checked here: nobody but Launchpad knows whose keys count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from debian import deb822

if TYPE_CHECKING:
    from ..documents import Source, SourceFile

MAX_BYTES = 4 * 1024 * 1024
BINARIES = (".deb", ".udeb", ".ddeb")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.~_-]{0,254}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
NOT_COMPARED = (*BINARIES, ".buildinfo", ".changes")


def read_changes(path: Path) -> Source:
    """Return the source package that this `.changes` file uploads, signed or not.  Its files are those that it names
    and, where the `.dsc` lies beside it, those that this one names, for an upload may leave out what the archive has.

    Raises ValueError, with a sentence that names the file, for what cannot be uploaded to a PPA; OSError as `open`.
    """
    fields = deb822.Changes(_lines(path))
    name, version, series = (_word(path, fields, field) for field in ("Source", "Version", "Distribution"))
    named = list(_sums(path, fields))
    if not named:
        raise ValueError(f"{path}: it has no field Checksums-Sha256, so its files cannot be compared")
    if binary := next((file["name"] for file in named if file["name"].endswith(BINARIES)), None):
        raise ValueError(f"{path}: it has {binary}, and a PPA takes source packages alone: build it with -S")
    dsc = next((file["name"] for file in named if file["name"].endswith(".dsc")), None)
    if dsc is None:
        raise ValueError(f"{path}: it names no .dsc file, so there is no source package in it")
    beside = path.parent / dsc
    more = _sums(beside, deb822.Dsc(_lines(beside))) if beside.is_file() else ()
    files = {file["name"]: file for file in [*more, *named] if not file["name"].endswith(NOT_COMPARED)}
    return {"name": name, "version": version, "series": series, "files": [files[key] for key in sorted(files)]}


def _lines(path: Path) -> list[str]:
    """The lines of the file, without the carriage returns that some mailers and editors leave."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path}: it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    return content.decode(errors="replace").replace("\r\n", "\n").splitlines()


def _word(path: Path, fields: Mapping[str, Any], field: str) -> str:
    words = str(fields.get(field, "")).split()
    if not words:
        raise ValueError(f"{path}: it has no field {field}, so it is not a whole .changes file")
    return words[0]


def _sums(path: Path, fields: Mapping[str, Any]) -> Iterator[SourceFile]:
    listed = fields.get("Checksums-Sha256", ())
    if not isinstance(listed, list | tuple):  # all on the line of the field's name: one, or a text
        listed = [listed] if isinstance(listed, Mapping) else [{}]
    for one in listed:
        name, sha256 = one.get("name"), one.get("sha256", "").lower()
        if not name or not _NAME.fullmatch(name) or not _SHA256.fullmatch(sha256):
            raise ValueError(f"{path}: a line of Checksums-Sha256 is not a sum, a size and a file name")
        yield {"name": name, "sha256": sha256}
