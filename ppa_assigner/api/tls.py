"""TLS: the server's certificate, which may be renewed while connections are served.

Rule: files that cannot be used change nothing; whether HTTPS is spoken is decided once, at the start.
"""

from __future__ import annotations

import ssl

from ..config import Tls
from .sockets import ListenError


class Certificate:
    """The certificate for new connections.  `context` stays the same object, into which a renewal is loaded."""

    def __init__(self, files: Tls) -> None:
        """Raises ListenError for files that are not a certificate with its key."""
        self.context = _context(files)

    def renew(self, files: Tls) -> None:
        """Use these files for new connections.  Raises ListenError, and then nothing is changed."""
        _context(files)  # a context into which half was loaded would be of no use
        self.context.load_cert_chain(files.certificate, files.key)


def _context(files: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        where = f"{files.certificate} and {files.key}"
        raise ListenError(f"api.tls: {where} are not a certificate with its key: {reason}") from error
    return context


def _no_password() -> str:
    """Called for the passphrase of an encrypted key, which nobody is there to enter."""
    raise ValueError("the key is encrypted")
