"""Sockets to listen on: opened by address or path, or inherited from the service manager.

Rule: every obstacle is a ListenError with one clear sentence.  A socket file that nobody listens on is replaced, one in
use never; only a file that was made here is removed.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import socket
import stat
from collections.abc import Sequence

from ..config import Listen
from .acceptor import BACKLOG
from .auth import loopback_name

_ASK_S = 1.0


class ListenError(OSError):
    """The daemon cannot listen there; the text says where and why."""

    @property
    def in_use(self) -> bool:
        """Whether it is because something else listens there."""
        return isinstance(self.__cause__, OSError) and self.__cause__.errno == errno.EADDRINUSE


class Listeners:
    """Open listening sockets, and the socket file that belongs to them."""

    def __init__(self, sockets: Sequence[socket.socket], path: str | None = None, scheme: str = "http") -> None:
        self.sockets = list(sockets)
        self.local = all(_is_local(one) for one in sockets)
        """Whether only this host can connect."""
        self.addresses = [_url(one, scheme) for one in sockets]
        """As URLs; `unix:/path` for a Unix socket."""
        self._path = path
        self._file = os.stat(path) if path is not None else None

    def remove_file(self) -> None:
        """Remove the socket file, unless a successor has put its own there."""
        path, made = self._path, self._file
        if path is None or made is None:
            return
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(path), made):
                os.unlink(path)

    def close(self) -> None:
        """Listen no more."""
        self.remove_file()
        for one in self.sockets:
            one.close()


def inherit(sockets: Sequence[socket.socket], scheme: str = "http") -> Listeners:
    """The sockets that the service manager opened.  Raises ListenError for one that does not listen for streams."""
    for one in sockets:
        if one.type is not socket.SOCK_STREAM or not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise ListenError(f"the inherited socket {one.fileno()} does not listen for streams")
        one.setblocking(False)
    return Listeners(sockets, scheme=scheme)


def listen(where: Listen, scheme: str = "http") -> Listeners:
    """Open sockets at an address or a path.  Raises ListenError."""
    try:
        if where.path is not None:
            return Listeners([_unix(where.path, where.mode, where.group)], where.path)
        return Listeners(_tcp(where.host or "127.0.0.1", where.port or 0), scheme=scheme)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: {error.strerror or error}") from error


def _tcp(host: str, port: int) -> list[socket.socket]:
    """One socket per address of the host; of a host with several, those that this machine has."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        at = (address[0], sockets[0].getsockname()[1], *address[2:]) if sockets and not port else address
        try:
            sockets.append(_bound(family, at))
        except OSError as error:
            failure = error
    if not sockets:
        raise failure or OSError(f"{host} has no address")
    return sockets


def _bound(family: int, address: object) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets no TCP_NODELAY without the last
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)  # type: ignore[arg-type] # as getaddrinfo gave it
        one.listen(BACKLOG)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def _unix(path: str, mode: int, group: str | None) -> socket.socket:
    """Nobody can connect before `listen`, so nobody does before the file has its mode."""
    gid = None if group is None else _group(group)
    _make_room(path)
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        one.bind(path)
        if gid is not None:  # a hardened unit allows no chown at all
            os.chown(path, -1, gid)
        os.chmod(path, mode)
        one.listen(BACKLOG)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise OSError(f"there is no group {name}") from None


def _make_room(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError("there is something else than a socket")
    if _in_use(path):
        raise OSError(errno.EADDRINUSE, "somebody listens there already")
    os.unlink(path)


def _in_use(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ASK_S)
        try:
            asking.connect(path)
        except ConnectionRefusedError:
            return False
        except OSError:  # its backlog is full, so somebody listens
            return True
    return True


def _is_local(one: socket.socket) -> bool:
    if one.family == socket.AF_UNIX:
        return True
    host: str = one.getsockname()[0]
    return loopback_name(f"[{host}]" if one.family == socket.AF_INET6 else host)


def _url(one: socket.socket, scheme: str) -> str:
    name = one.getsockname()
    if one.family == socket.AF_UNIX:
        return f"unix:{name}"
    return f"{scheme}://[{name[0]}]:{name[1]}" if one.family == socket.AF_INET6 else f"{scheme}://{name[0]}:{name[1]}"
