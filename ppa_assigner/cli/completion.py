"""What a shell offers for words that only the daemon knows: PPAs, pools, leases.

Rule: a shell that waits for this is a person who waits: it is over in a second, and says nothing when the daemon is
away.  Shells run what they are offered (zsh's `eval`, or a person's Enter), and ids may be anybody's text: only plain
words are offered.  Importing this loads nothing of the client's connections.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

PATIENCE_S = 1.0
_PLAIN = re.compile(r"[A-Za-z0-9~][A-Za-z0-9~._:/+-]*")


def ppas(ctx: Any, incomplete: str) -> list[str]:
    """The PPAs that complete a word, in the form that it began with."""
    form = "dput" if incomplete.startswith("ppa:") else "ppa"
    return _begun(incomplete, (_form(each, form) for each in _items(ctx, "/v1/ppas")))


def pools(ctx: Any, incomplete: str) -> list[str]:
    """The names of pools that complete a word."""
    return _begun(incomplete, (each.get("pool") for each in _items(ctx, "/v1/pools")))


def leases(ctx: Any, incomplete: str) -> list[str]:
    """The ids of leases in use that complete a word."""
    return _begun(incomplete, (each.get("id") for each in _items(ctx, "/v1/leases")))


def _begun(incomplete: str, values: Any) -> list[str]:
    plain = {value for value in values if isinstance(value, str) and _PLAIN.fullmatch(value)}
    return sorted(value for value in plain if value.startswith(incomplete))


def _form(item: dict[str, Any], form: str) -> str | None:
    from ..reference import Reference

    try:
        ppa = Reference.parse(str(item.get("ppa")))
    except ValueError:
        return None
    return ppa.dput if form == "dput" else str(ppa)


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
    thread = threading.Thread(target=ask, name="completing", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
