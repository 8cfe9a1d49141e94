"""Where the API listens and who is let in, seen together.

Rule: nobody becomes operator by being able to connect from elsewhere; what is wrong by itself is passed over here.
"""

from __future__ import annotations

from pathlib import Path

from .addresses import listen, local
from .document import Document, Place
from .files import fault, placed
from .settings import Listen
from .values import maybe, plain_text

_TLS = ("certificate", "key")


def check(document: Document, folder: Path) -> None:
    """Blame what does not go together.  `folder` is where relative paths start."""
    _clients(document)
    given = document.section("api")
    where = maybe(listen, given.get("listen", "127.0.0.1:8020"))
    if where is not None:
        _doors(document, where)
    _tls(document, where, folder)


def _clients(document: Document) -> None:
    clients = document.section("api").get("clients")
    seen: dict[tuple[str, str], Place] = {}
    for index, client in enumerate(clients if isinstance(clients, list) else ()):
        for key in ("name", "token_sha256"):
            place: Place = ("api", "clients", index, key)
            value = client.get(key) if isinstance(client, dict) else None
            first = (
                seen.setdefault((key, value.lower() if key != "name" else value), place)
                if isinstance(value, str)
                else place
            )
            if first is not place:
                document.blame(place, f"another client has the same in line {document.line(first)}; each needs its own")


def _doors(document: Document, where: Listen) -> None:
    if not local(where) and not document.section("api").get("clients"):
        document.blame(
            ("api", "listen"),
            f"{where} can be reached by others and there are no clients, so that anybody were operator; "
            "add api.clients (see `ppa-assigner token`), or listen on 127.0.0.1 or a Unix socket",
        )


def _tls(document: Document, where: Listen | None, folder: Path) -> None:
    place: Place = ("api", "tls")
    given = {key: value for key, value in document.section(*place).items() if value is not None and key in _TLS}
    if not given:
        return
    if where is not None and where.path is not None:
        document.blame(place, f"is for an address, not for {where}; take it away")
    for key in _TLS:
        if key not in given:
            document.blame((*place, key), "is missing; certificate and key go together")
        elif (text := maybe(plain_text, given[key])) is not None and (wrong := fault(placed(text, folder))):
            document.blame((*place, key), f"{placed(text, folder)} {wrong}; name a file that this user can read")
