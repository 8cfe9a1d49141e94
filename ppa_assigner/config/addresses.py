"""Where Launchpad is and where the API listens: addresses, parsed and checked.

Rule: nothing is looked up and nothing is connected to; ValueError holds one sentence for people.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from .parsers import did_you_mean, plain_text, quote_value
from .settings import Listen

SERVICES = {
    # Launchpad's own, as launchpadlib resolves them (docs/explanation/launchpad.md#service-roots)
    "production": "https://api.launchpad.net/",
    "staging": "https://api.staging.launchpad.net/",
    "qastaging": "https://api.qastaging.launchpad.net/",
}
PRODUCTION_ARCHIVES = "https://ppa.launchpadcontent.net/"
_PRIVATE_ARCHIVES = {PRODUCTION_ARCHIVES: "https://private-ppa.launchpadcontent.net/"}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")
_VERSION_TAIL = re.compile(r"/(devel|beta|[0-9]+\.[0-9]+)/*$")
_PORT = re.compile(r"[0-9]{1,5}")
_HOW = "write it like 127.0.0.1:8020, [::1]:8020 or unix:/path"
_SOCKET_PATH_BYTES = 107  # sun_path of Linux, without its closing NUL
SNAPSHOTS = "https://snapshot.ppa.launchpadcontent.net/{owner}/{name}/ubuntu/{at}"
"""Where production keeps what its publisher wrote."""


def parse_service(text: str) -> str:
    """The root of a web service, ending in `/`: of one of Launchpad's own by name, or of any by address."""
    if text in SERVICES:
        return SERVICES[text]
    if not _is_http(text):
        names = ", ".join(SERVICES)
        raise ValueError(f"{quote_value(text)} is neither {names} nor an http(s) address{did_you_mean(text, SERVICES)}")
    if match := _VERSION_TAIL.search(text):
        raise ValueError(f"{quote_value(text)} ends in a version; write it without /{match[1]}")
    scheme, rest = _address(text).split("://", 1)
    return f"{scheme.lower()}://{rest.rstrip('/')}/"


def parse_archive_root(text: str) -> str:
    """The address of the indexes of PPAs, ending in `/`."""
    return _address(text).rstrip("/") + "/"


def parse_snapshots(text: str) -> str:
    """The address of a PPA as it was at a time."""
    _address(text)
    if missing := [name for name in ("owner", "name", "at") if f"{{{name}}}" not in text]:
        raise ValueError(f"{quote_value(text)} lacks {{{missing[0]}}}; write it like {SNAPSHOTS}")
    return text


def default_archive_root(service: str) -> str:
    """Where a service's PPAs are published: production's own host, elsewhere below the service itself."""
    return PRODUCTION_ARCHIVES if service == SERVICES["production"] else service


def private_archive_root(root: str) -> str:
    """Where private PPAs are published, if public ones are at `root`: production has a host for them
    (docs/explanation/launchpad.md#what-apt-reads).
    """
    return _PRIVATE_ARCHIVES.get(root, root)


def _address(text: str) -> str:
    if not _is_http(text):
        raise ValueError(f"{quote_value(text)} is not an http(s) address")
    try:
        parts = urlsplit(text)
        whole_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole_address = False
    if not whole_address or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{quote_value(text)} is not an http(s) address of a host")
    if parts.query or parts.fragment or "@" in parts.netloc or text.endswith(("?", "#")):
        raise ValueError(f"{quote_value(text)} must be an address without user, '?' and '#'")
    return text


def _is_http(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def is_launchpad(root: str) -> bool:
    """Whether this root belongs to Launchpad itself, whatever name or address it was given by."""
    return f".{(urlsplit(root).hostname or '').rstrip('.')}".endswith(".launchpad.net")


def parse_listen(value: object) -> Listen:
    """`HOST:PORT`, `[IPv6]:PORT` or `unix:/path`."""
    text = plain_text(value)
    if text.startswith("unix:"):
        return Listen(path=_socket_path(text))
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > 65535:
        raise ValueError(f"{quote_value(text)} has no port; {_HOW}")
    return Listen(host=_host(host, text), port=int(port))


def _socket_path(text: str) -> str:
    path = text.removeprefix("unix:")
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(f"{quote_value(text)} needs an absolute path, like unix:/run/ppa-assigner/api.sock")
    if len(path.encode()) > _SOCKET_PATH_BYTES:
        raise ValueError(f"{quote_value(text)} is too long for a Unix socket; at most {_SOCKET_PATH_BYTES} bytes")
    return path


def _host(host: str, text: str) -> str:
    bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if bracketed else host
    if isinstance(_ip(bare), ipaddress.IPv6Address):
        if not bracketed:
            raise ValueError(f"{quote_value(text)} needs brackets around the IPv6 address, like [::1]:8020")
        return bare
    is_number = host.replace(".", "").isdigit()
    if bracketed or not _HOST.fullmatch(host) or (is_number and _ip(host) is None):
        raise ValueError(f"{quote_value(text)} has no host; {_HOW}")
    return host


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_local(where: Listen) -> bool:
    """Whether only this host can connect: a Unix socket, 127.0.0.0/8, ::1 or localhost."""
    if where.path is not None or (where.host or "").lower() == "localhost":
        return True
    address = _ip(where.host or "")
    return address == ipaddress.IPv6Address("::1") or (
        isinstance(address, ipaddress.IPv4Address) and address.is_loopback
    )
