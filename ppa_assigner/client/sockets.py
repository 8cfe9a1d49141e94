"""Sockets that are connected to a daemon: over TCP, TLS or a Unix socket.

Rule: connecting takes no longer than the caller says, over all addresses of a host and with what TLS asks for; sending
and receiving end by a deadline.  That a socket could not be connected is told apart from all that goes wrong later: no
request has left then.  Nothing here knows HTTP.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""


_PIECE_BYTES = 1 << 16
_LONGEST_S = 86400.0 * 20  # what systems take as a time-out is not without end
_MOMENT_S = 0.01  # as a time-out, 0 would mean not to wait at all, and to fail otherwise
_LEAST_S = 1.0  # for one of several addresses, if there is that much: a lost packet is sent again after a second


class NotConnectedError(Exception):
    """Nothing listens there, or it cannot be reached; the text says why.  `late`: within the time that was given."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.late = isinstance(error, TimeoutError) and error.errno is None


class NotEncryptedError(Exception):
    """What listens there did not come to TLS; the text says why."""

    def __init__(self, error: OSError) -> None:
        reason: str | None = getattr(error, "reason", None)
        late = "the handshake did not end in time"
        super().__init__(reason.lower().replace("_", " ") if reason else error.strerror or late)


class NotTrustedError(Exception):
    """The certificate that was shown is not trusted; the text says why."""


class NoCertificatesError(Exception):
    """A file that should have certificates has none, or cannot be read; the text says so."""


def tcp(host: str, port: int, within: float) -> socket.socket:
    """A TCP connection to one of the host's addresses, which are looked up within the same time.  Raises
    NotConnectedError.
    """
    deadline = time.monotonic() + within
    name = host.replace("%25", "%").encode("ascii")  # bytes: a name that is ASCII needs no module for others
    try:
        opened = first_of(_addresses(name, port, within), deadline)
    except OSError as error:
        raise NotConnectedError(error) from error
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _addresses(name: bytes, port: int, within: float) -> list[Any]:
    """Those of a host; nothing is waited for where it is an address itself, or this host.  Raises OSError."""
    try:
        flags = 0 if name == b"localhost" else socket.AI_NUMERICHOST
        return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError:
        from . import names

        return names.addresses(name, port, within)


def first_of(addresses: list[Any], deadline: float) -> socket.socket:
    """A connection to the first of them that answers; each leaves time for those after it.  Raises OSError."""
    last: OSError = TimeoutError()
    for left, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            break
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(min(remaining, max(remaining / left, _LEAST_S)))
            opened.connect(address)
        except OSError as error:
            opened.close()
            last = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise last


def tls(ca_file: str | None) -> Callable[[str, int, float], socket.socket]:
    """What opens the same with TLS, to who has a certificate that one in this file has signed, or the system trusts.

    Raises NoCertificatesError; what it returns raises NotTrustedError, and NotEncryptedError where that is no TLS.
    """
    import ssl

    context = _trusting(ca_file)

    def connect(host: str, port: int, within: float) -> socket.socket:
        deadline = time.monotonic() + within
        plain = tcp(host, port, within)
        try:
            plain.settimeout(max(_MOMENT_S, deadline - time.monotonic()))
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException as error:
            plain.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise NotTrustedError(error.verify_message.lower()) from error
            if isinstance(error, OSError):
                raise NotEncryptedError(error) from error
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


def send(opened: socket.socket, data: bytes, deadline: float) -> None:
    """Send all of it by this time of the monotonic clock.  Raises OSError; TimeoutError where it is over."""
    rest = memoryview(data)
    while rest:
        opened.settimeout(_left(deadline))
        rest = rest[opened.send(rest) :]


def receive(opened: socket.socket, deadline: float) -> bytes:
    """What comes next by this time of the monotonic clock; nothing at the end of the connection.  Raises OSError;
    TimeoutError where the time is over.
    """
    opened.settimeout(_left(deadline))
    return opened.recv(_PIECE_BYTES)


def _left(deadline: float) -> float:
    """The seconds that are left, which is not without end.  Raises TimeoutError where none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for the whole answer is over")
    return min(left, _LONGEST_S)


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
