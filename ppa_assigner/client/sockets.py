"""Sockets that are connected to a daemon: over TCP, TLS or a Unix socket.

Rule: connecting takes no longer than the caller says.  That a socket could not be connected is told apart from all that
goes wrong later: no request has left then.  Nothing here knows HTTP.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""


class NotConnectedError(Exception):
    """Nothing listens there, or it cannot be reached; the text says why.  `late`: within the time that was given."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.late = isinstance(error, TimeoutError) and error.errno is None


class NotTrustedError(Exception):
    """The certificate that was shown is not trusted; the text says why."""


class NoCertificatesError(Exception):
    """A file that should have certificates has none, or cannot be read; the text says so."""


def tcp(host: str, port: int, within: float) -> socket.socket:
    """A TCP connection, opened within these seconds for each of the host's addresses.  Raises NotConnectedError."""
    name = host.replace("%25", "%").encode("ascii")  # bytes: a name that is ASCII needs no module for others
    try:
        opened = socket.create_connection((name, port), within)  # type: ignore[arg-type] # which takes bytes too
    except OSError as error:
        raise NotConnectedError(error) from error
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def tls(ca_file: str | None) -> Callable[[str, int, float], socket.socket]:
    """What opens the same with TLS, to who has a certificate that one in this file has signed, or the system trusts.

    Raises NoCertificatesError; what it returns raises NotTrustedError, and OSError where that is no TLS.
    """
    import ssl

    context = _trusting(ca_file)

    def connect(host: str, port: int, within: float) -> socket.socket:
        plain = tcp(host, port, within)
        try:
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException as error:
            plain.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise NotTrustedError(error.verify_message.lower()) from error
            raise

    return connect


def unix(path: str, within: float) -> socket.socket:
    """A connection to a socket in the file system, opened within these seconds.  Raises NotConnectedError."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.settimeout(within)
        opened.connect(path)
    except OSError as error:
        opened.close()
        raise NotConnectedError(error) from error
    except BaseException:
        opened.close()
        raise
    return opened


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        what = f"there are no certificates in PEM in {ca_file}, which should have those to trust"
        raise NoCertificatesError(what) from None
    except OSError as error:
        what = f"cannot read {ca_file}, which should have certificates to trust: {error.strerror}"
        raise NoCertificatesError(what) from None
    context.set_alpn_protocols(["http/1.1"])
    return context
