"""The door for uploads: files that `dput` puts, by HTTP, into `/upload/~OWNER/ubuntu/NAME/`, the .changes last.

Everything is taken; whether it becomes an upload is decided when the .changes is there, and told to nobody: Launchpad
says it by mail, here the control command `verdicts` does. Signatures are not checked; who signed is an option.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from debian import deb822

from .errors import RejectedError
from .packages import ANY, INDEPENDENT, PackageFile, WantedBinary, with_content
from .uploads import SourceUpload, dput, kept_file

if TYPE_CHECKING:
    from .model import ArchiveLike, WorldLike

ADDRESS = re.compile(r"/upload/(~[^/]+/[^/]+/[^/]+)(?:/([^/]+))?/([^/]+)")
KEPT = 10_000  # verdicts
SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
SUMS = {"Files": "md5sum", "Checksums-Sha1": "sha1", "Checksums-Sha256": "sha256"}
ALGORITHMS = {"md5sum": "md5", "sha1": "sha1", "sha256": "sha256"}


@dataclass
class Folder:
    """What lies in one folder of the door: for a PPA, and a series that was named in its path."""

    reference: str
    series: str | None
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Door:
    """Uploads on their way in. `signer` is who signs them (None: rights are not asked); `signed`: whether what has no
    signature is rejected; `waiting`: whether they wait for the script `uploads` instead of being judged at once."""

    signer: str | None = None
    signed: bool = False
    waiting: bool = False
    folders: dict[str, Folder] = field(default_factory=dict)
    arrived: list[tuple[str, str]] = field(default_factory=list)
    verdicts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))


def put(world: WorldLike, target: str, content: bytes) -> bool:
    """Take a file; False for an address that is not one of a folder's."""
    found = ADDRESS.fullmatch(unquote(target.partition("?")[0]))
    if found is None:
        return False
    reference, series, name = found.groups()
    key = target.rpartition("/")[0]
    folder = world.door.folders.setdefault(key, Folder(reference, series))
    folder.files[name] = content
    if name.endswith(".changes"):
        world.door.arrived.append((key, name))
        if not world.door.waiting:
            judge(world)
    return True


def judge(world: WorldLike) -> None:
    """Judge the uploads that have arrived, in their order."""
    door: Door = world.door
    arrived, door.arrived = door.arrived, []
    for key, name in arrived:
        folder = door.folders[key]
        try:
            told, named = _changes(folder, name, door.signed)
            reason = _judge(world, folder, told, named)
        except _MalformedError as error:
            told, named, reason = {}, [], str(error)
        except (KeyError, ValueError) as error:  # what python-debian says of lines that are not as they should be
            told, named, reason = {}, [], f"Unable to parse {name} or its .dsc: {type(error).__name__}"
        for each in (name, *named):
            folder.files.pop(each, None)
        record(world, folder.reference, str(told.get("Source")), str(told.get("Version")), reason)


def record(world: WorldLike, reference: str, source: str, version: str, reason: str | None) -> None:
    """Keep what became of an upload: the mail that Launchpad would send."""
    world.door.verdicts.append(
        {
            "ppa": reference,
            "source": source,
            "version": version,
            "accepted": reason is None,
            "reason": reason,
            "at": world.now().isoformat(),
        }
    )


class _MalformedError(Exception):
    """A .changes or .dsc that cannot be understood, or does not fit its files."""


def _judge(world: WorldLike, folder: Folder, told: Any, named: list[str]) -> str | None:
    archive = world.find(folder.reference)
    if archive is None:
        return f"Could not find a PPA named '{folder.reference}'."
    try:
        sent = _upload(archive, folder, told, named)
        signer = world.people.get(world.door.signer.lstrip("~")) if world.door.signer else None
        dput(archive, sent, signer)
    except (_MalformedError, RejectedError) as error:
        return str(error)
    return None


def _changes(folder: Folder, name: str, signed: bool) -> tuple[Any, list[str]]:
    text = folder.files[name]
    if signed and not text.startswith(SIGNED):
        raise _MalformedError(f"GPG verification of {name} failed: No signature")
    told = deb822.Changes(text)
    missing = [key for key in ("Source", "Version", "Distribution", "Architecture", "Files") if not told.get(key)]
    if missing:
        raise _MalformedError(f"Unable to find mandatory field '{missing[0]}' in the changes file {name}.")
    return told, [each["name"] for each in told["Files"]]


def _upload(archive: ArchiveLike, folder: Folder, told: Any, named: list[str]) -> SourceUpload:
    if told["Architecture"].split() != ["source"]:
        raise _MalformedError("Upload rejected because it contains binaries: only source uploads are taken.")
    _check_sums(folder, told)
    found = [name for name in named if name.endswith(".dsc")]
    if len(found) != 1:
        raise _MalformedError("Sourceful upload without exactly one .dsc.")
    dsc = deb822.Dsc(folder.files[found[0]])
    if (dsc.get("Source"), dsc.get("Version")) != (told["Source"], told["Version"]):
        raise _MalformedError(f"{found[0]} is not of the source and version that the changes file names.")
    files = (with_content(found[0], folder.files[found[0]]), *_files(archive, folder, dsc))
    series = folder.series or told["Distribution"]
    architectures = tuple(str(dsc.get("Architecture") or "any").split())
    return SourceUpload(told["Source"], told["Version"], series, files, architectures, binaries(dsc))


def _check_sums(folder: Folder, told: Any) -> None:
    for field_name, key in SUMS.items():
        for each in told.get(field_name, ()):
            content = folder.files.get(each["name"])
            if content is None:
                raise _MalformedError(f"Unable to find {each['name']} in the upload.")
            found = hashlib.new(ALGORITHMS[key], content, usedforsecurity=False).hexdigest()
            if (found, str(len(content))) != (each[key], each["size"]):
                raise _MalformedError(f"File {each['name']} mentioned in the changes has a checksum mismatch.")


def _files(archive: ArchiveLike, folder: Folder, dsc: Any) -> list[PackageFile]:
    """What the .dsc names: sent with it, or there already."""
    files = []
    for each in dsc.get("Files", ()):
        content = folder.files.get(each["name"])
        if content is not None:
            files.append(with_content(each["name"], content))
            continue
        kept = kept_file(archive, PackageFile(each["name"], 0, ""))
        if kept is None:
            raise _MalformedError(f"Unable to find {each['name']} in upload or distribution.")
        files.append(kept[1])
    return files


def binaries(dsc: Any) -> tuple[WantedBinary, ...]:
    """What a source makes, by its Package-List, or else by the names in `Binary`."""
    listed = [line for line in dsc.get("Package-List") or () if line["package-type"] == "deb"]
    if listed:
        return tuple(WantedBinary(line["package"], _architectures(str(line.get("_other")))) for line in listed)
    only = str(dsc.get("Architecture") or "").split() == [INDEPENDENT]
    names = [name.strip() for name in str(dsc.get("Binary") or "").split(",") if name.strip()]
    return tuple(WantedBinary(name, (INDEPENDENT,) if only else ANY) for name in names)


def _architectures(more: str) -> tuple[str, ...]:
    said = next((word for word in more.split() if word.startswith("arch=")), "arch=any")
    return tuple(said.removeprefix("arch=").split(","))
