"""The control interface: HTTP and JSON on a port of its own, for what happens to a Launchpad beside its web service.

`POST /NAME` with a JSON object, or `GET /NAME?…` with values that are JSON or text, calls the act of that name;
`/NAME/NUMBER` gives its `number`. The answer is JSON; 400 `{"error"}` for what makes no sense, 404 for unknown acts,
409 for a refused upload.
"""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .acts import Acts
from .errors import RejectedError
from .exchange import Outcome
from .service import Answer, Call

JSON = (("Content-Type", "application/json"),)


class Control:
    """Answers calls of the control interface."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    def handle(self, call: Call, client: socket.socket, number: int, send: Callable[[Outcome], None]) -> None:
        """Answer one call."""
        status, result = self._answer(call)
        send(Outcome(Answer(status, JSON, json.dumps(result).encode())))

    def _answer(self, call: Call) -> tuple[int, Any]:
        try:
            name, arguments = _parse(call)
            act = None if name.startswith("_") else getattr(self._acts, name, None)
            if not callable(act):
                return 404, {"error": f"no act {name}"}
            return 200, act(**arguments)
        except RejectedError as refusal:
            return 409, {"error": str(refusal)}
        except (KeyError, TypeError, ValueError) as mistake:
            return 400, {"error": f"{type(mistake).__name__}: {mistake}"}
        except Exception:  # what went wrong is told to who asked, and the interface goes on
            return 500, {"error": traceback.format_exc()}


def _parse(call: Call) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(call.target)
    name, _, rest = parts.path.strip("/").partition("/")
    arguments: dict[str, Any] = {key: _value(text) for key, text in parse_qsl(parts.query)}
    if call.body:
        arguments |= json.loads(call.body)
    if rest:
        arguments["number"] = int(unquote(rest))
    return name, arguments


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
