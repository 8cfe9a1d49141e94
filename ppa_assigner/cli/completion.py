"""What a shell offers for words that only the daemon knows: PPAs, pools, leases.

Rule: a shell that waits for this is a person who waits: it is over in a second, and says nothing when the daemon is
away.  Shells run what they are offered (zsh's `eval`, or a person's Enter), and ids may be anybody's text: only plain
words are offered, and beside them plain text.  Importing this loads nothing of the client's connections.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PATIENCE_S = 1.0
Offered = list[tuple[str, str]]
"""Words, each with what is shown beside it."""
_LIKE_A_PPA = ("~", "ppa:")
# Whatever a shell gives a meaning to.  Compiled when it is needed: commands declare their completion, and do not do it.
_NOT_HARMLESS = r"[^A-Za-z0-9~._:/+@,= -]"
_WIDTH = 44  # what a terminal of 80 columns has room for beside a lease's id
_LEAST = 12
_PLAIN = r"[A-Za-z0-9~][A-Za-z0-9~._:/+-]*"


def ppas(ctx: Any, incomplete: str) -> Offered:
    """The PPAs that complete a word, in the form that it began with; beside each, its state or who has it."""
    return _begun(incomplete, ((_form(each, incomplete), _holder(each)) for each in _items(ctx, "/v1/ppas")))


def pools(ctx: Any, incomplete: str) -> Offered:
    """The names of pools that complete a word."""
    return _begun(incomplete, ((each.get("pool"), "") for each in _items(ctx, "/v1/pools")))


def leases(ctx: Any, incomplete: str) -> Offered:
    """The ids of leases in use that complete a word; beside each, its PPA and owner."""
    return _begun(incomplete, ((each.get("id"), _told(each)) for each in _items(ctx, "/v1/leases")))


def leases_or_ppas(ctx: Any, incomplete: str) -> Offered:
    """The ids of leases that complete a word, or, where it begins like a PPA, the PPAs that are lent."""
    items = _items(ctx, "/v1/leases")
    if incomplete.startswith(_LIKE_A_PPA):
        return _begun(incomplete, ((_form(each, incomplete), _end(each.get("owner"), _WIDTH)) for each in items))
    return _begun(incomplete, ((each.get("id"), _told(each)) for each in items))


def ppas_or_leases(ctx: Any, incomplete: str) -> Offered:
    """All PPAs that complete a word, or, where it begins otherwise, the ids of leases."""
    begun_otherwise = incomplete and not incomplete.startswith(_LIKE_A_PPA)
    return leases(ctx, incomplete) if begun_otherwise else ppas(ctx, incomplete)


def requests(ctx: Any, incomplete: str) -> Offered:
    """The ids of requests that have a lease; beside each, its PPA and owner."""
    return _begun(incomplete, ((each.get("request_id"), _told(each)) for each in _items(ctx, "/v1/leases")))


def _begun(incomplete: str, values: Iterable[tuple[Any, str]]) -> Offered:
    plain = {value: help_ for value, help_ in values if isinstance(value, str) and re.fullmatch(_PLAIN, value)}
    return [
        (value, re.sub(_NOT_HARMLESS, "?", plain[value])) for value in sorted(plain) if value.startswith(incomplete)
    ]


def _told(lease: Mapping[str, Any]) -> str:
    ppa = str(lease.get("ppa"))
    return f"{ppa} {_end(lease.get('owner'), _WIDTH - len(ppa) - 1)}"


def _holder(ppa: Mapping[str, Any]) -> str:
    state = str(ppa.get("state") or ppa.get("condition"))
    return f"{state} {_end(ppa.get('owner'), _WIDTH - len(state) - 1)}" if state == "used" else state


def _end(text: object, room: int) -> str:
    """Of a text that is too long the end, where the number of a job stands."""
    shown, most = str(text or ""), max(_LEAST, room)
    return shown if len(shown) <= most else f"...{shown[3 - most :]}"


def _form(item: Mapping[str, Any], incomplete: str) -> str | None:
    from ..reference import Reference

    try:
        ppa = Reference.parse(str(item.get("ppa")))
    except ValueError:
        return None
    return ppa.dput if incomplete.startswith("ppa:") else str(ppa)


def _items(context: Any, path: str) -> list[dict[str, Any]]:
    """What the daemon lists there, that the rest of the line and the environment mean; nothing when it does not say."""
    given = getattr(context, "params", None) or {}
    answered: list[list[dict[str, Any]]] = []
    _in_time(lambda: answered.append(_listed(given, path)))
    return answered[0] if answered else []


def _listed(given: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    from ..client.errors import AssignerError
    from ..client.transport import DEFAULT_URL, ApiTransport
    from .parsing import token_in

    url, token_file, ca_file = (given.get(name) for name in ("url", "token_file", "ca_file"))
    environment = os.environ.get
    try:
        token = environment("PPA_ASSIGNER_TOKEN") if token_file is None else token_in(token_file)
        transport = ApiTransport(
            url or environment("PPA_ASSIGNER_URL") or DEFAULT_URL,
            token or None,
            ca_file or environment("PPA_ASSIGNER_CA") or None,
        )
        items = transport.send("GET", path, None, read=PATIENCE_S).document.get("items")
    except AssignerError:
        return []
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def _in_time(ask: Callable[[], None]) -> None:
    """What takes longer is left behind: names and connections may take their time."""
    import threading

    thread = threading.Thread(target=ask, name="completing", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
