"""dput, with a configuration that is ours alone: whatever it, or a person, did before in that folder changes nothing.

Rule: it is forced, since it remembers by host what it uploaded, and all PPAs are one host: it would do nothing, and say
that all is well.  It leaves no such note either.  Debian's dput and dput-ng read the same file.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ..client.errors import UsageError
from ..reference import Reference

PROGRAM = "dput"
VARIABLE = "PPA_ASSIGNER_UPLOAD_TO"
LAUNCHPAD = "ftp://anonymous@ppa.launchpad.net/"
METHODS = ("ftp", "sftp", "http", "https")
_HOST = "ppa-assigner"
_SAFE = re.compile(r"[A-Za-z0-9._~@:/\[\]-]+")
_CONFIGURATION = """\
[{host}]
method = {place.method}
fqdn = {place.fqdn}
login = {place.login}
incoming = {incoming}
allow_unsigned_uploads = {unsigned}
allow_dcut = 0
check_version = 0
run_lintian = 0
run_dinstall = 0
passive_ftp = 1
progress_indicator = 0
pre_upload_command =
post_upload_command =
"""


class UploadPlace(NamedTuple):
    """Where uploads go: a folder for each PPA below `path`.  Only Launchpad's own surely wants what is signed, so that
    dput need not look elsewhere.
    """

    method: str
    fqdn: str
    login: str
    path: str
    unsigned: bool


def place_at(text: str | None, option: str = "--upload-to") -> UploadPlace:
    """The one that is meant by an address, by default Launchpad's.  Raises UsageError."""
    parts = _parts(text or LAUNCHPAD)
    if parts is None:
        raise UsageError(f"{option}: {text!r} is not an address like {LAUNCHPAD}; it may be of {', '.join(METHODS)}")
    if parts.password is not None:
        raise UsageError(f"{option}: an address with a password would be seen by others: dput asks for none here")
    user, _, host = parts.netloc.rpartition("@")
    unsigned = parts.hostname != urlsplit(LAUNCHPAD).hostname
    return UploadPlace(parts.scheme, host, user or "anonymous", parts.path.strip("/"), unsigned)


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if whole and parts.scheme in METHODS and _SAFE.fullmatch(text) else None


def missing() -> str | None:
    """Why nothing can be uploaded from here; None where dput is there."""
    if shutil.which(PROGRAM) is None:
        return f"{PROGRAM}: command not found; --upload needs it: install the package dput or dput-ng"
    return None


def command(folder: Path, place: UploadPlace, ppa: str, changes: Sequence[Path]) -> list[str]:
    """The command that uploads these files to a PPA; its configuration is written into the folder."""
    reference = Reference.parse(ppa)
    folder_there = f"~{reference.owner}/{reference.distribution}/{reference.name}"
    incoming = f"/{place.path}/{folder_there}" if place.path else folder_there
    configuration = folder / "dput.cf"
    configuration.write_text(
        _CONFIGURATION.format(host=_HOST, place=place, incoming=incoming, unsigned=int(place.unsigned))
    )
    files = [str(path.absolute()) for path in changes]
    return [PROGRAM, "-c", str(configuration), "--force", "--no-upload-log", _HOST, *files]
