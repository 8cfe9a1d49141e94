"""Source packages as Debian's tools write them, for dput: a .dsc and a .changes that names it with its sums."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from .. import needs

_CHANGES = """\
Format: 1.8
Date: Wed, 25 Nov 2026 03:14:12 +0000
Source: {source}
Architecture: source
Version: {version}
Distribution: noble
Urgency: medium
Maintainer: Ann <ann@example.org>
Changed-By: Ann <ann@example.org>
Changes:
 {source} ({version}) noble; urgency=medium
 .
   * Version: of Source: none.
Checksums-Sha1:
 {sha1} {size} {dsc}
Checksums-Sha256:
 {sha256} {size} {dsc}
Files:
 {md5} {size} misc optional {dsc}
"""
_DSC = "Format: 3.0 (native)\nSource: {source}\nVersion: {version}\n"


def package(folder: Path, source: str = "hello", version: str = "1.0", name: str = "") -> Path:
    """A package to upload; its .changes is called `name`, by default as usual."""
    dsc = folder / f"{source}_{version.rpartition(':')[2]}.dsc"
    content = _DSC.format(source=source, version=version).encode()
    dsc.write_bytes(content)
    sums = {algorithm: hashlib.new(algorithm, content).hexdigest() for algorithm in ("md5", "sha1", "sha256")}
    changes = folder / (name or f"{dsc.stem}_source.changes")
    changes.write_text(_CHANGES.format(source=source, version=version, dsc=dsc.name, size=len(content), **sums))
    return changes


def signed(changes: Path, home: Path, header: str = "") -> None:
    """Sign it in the clear, with a key made for that; `header` stands in the signature's armour, as of old gpg."""
    gpg = [needs.program("gpg", "gnupg"), "--batch", "--homedir", str(home), "--pinentry-mode", "loopback"]
    quiet = {"capture_output": True, "timeout": 60, "check": True}
    if not (home / "pubring.kbx").exists():
        home.mkdir(mode=0o700, exist_ok=True)
        key = [*gpg, "--passphrase", "", "--quick-generate-key", "ann@example.org", "ed25519", "sign", "never"]
        subprocess.run(key, **quiet)  # type: ignore[call-overload]
    text = subprocess.run([*gpg, "--clearsign", "--output", "-", str(changes)], **quiet).stdout.decode()  # type: ignore[call-overload]
    end = [needs.program("gpgconf", "gpgconf"), "--homedir", str(home), "--kill", "gpg-agent"]
    subprocess.run(end, **quiet)  # type: ignore[call-overload]
    begin = "-----BEGIN PGP SIGNATURE-----\n"
    assert text.count(begin) == 1
    changes.write_text(text.replace(begin, begin + header))
