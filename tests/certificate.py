"""Certificates for tests, each signed by itself: made by openssl, which few machines lack."""

from __future__ import annotations

import ipaddress
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import needs

_COMMAND = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the certificate, its key, and one that holds both."""

    certificate: Path
    key: Path
    both: Path


def certified(folder: Path, host: str, name: str = "host") -> Certificate:
    """A new one for this host name or address; the files in `folder` are called `name`."""
    openssl = needs.program("openssl", "openssl")
    made = Certificate(*(folder / f"{name}{ending}" for ending in (".pem", ".key", ".both.pem")))
    arguments = ["-subj", f"/CN={host}", "-addext", f"subjectAltName={_kind(host)}:{host}"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run([openssl, *_COMMAND.split(), *arguments, *files], capture_output=True, timeout=60, check=True)
    made.both.write_bytes(made.key.read_bytes() + made.certificate.read_bytes())
    return made


def _kind(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "DNS"
    return "IP"
