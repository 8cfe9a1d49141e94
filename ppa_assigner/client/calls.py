"""How a call is sent and, where that is right, sent again, and what an answer must be to be one of the API.

Rule: a call is sent again only where that cannot do harm; nothing here knows what a call is about.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..backoff import CALL_PATIENCE_S
from .addresses import query
from .errors import Bug, Document, Unavailable, error_of
from .retry import RetryBudget
from .transport import ApiResponse, ApiTransport


class ApiCalls:
    """Sends calls to one daemon; `answer_s` is how long each may take beyond what it asks to wait."""

    def __init__(self, transport: ApiTransport, answer_s: float) -> None:
        self._transport = transport
        self._answer_s = answer_s

    def _items(self, path: str, *names: str, **wanted: str | None) -> list[Document]:
        items = self._persist("GET", path + query(wanted.items())).get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Bug("the daemon's answer is not a list")
        return [naming(item, *names) for item in items]

    def _tries(self, within: float | None) -> RetryBudget:
        return RetryBudget(
            CALL_PATIENCE_S if within is None else within, read=self._answer_s, bounded=within is not None
        )

    def _persist(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        budget: RetryBudget | None = None,
        resend: bool = True,
    ) -> Document:
        budget = budget or self._tries(None)
        while True:
            try:
                return self._once(method, path, body, read=budget.read)
            except Unavailable as error:
                budget.maybe_done |= error.maybe_done
                given_up = (error.maybe_done and not resend) or error.pending or error.permanent
                if given_up or not budget.pause(error.retry_after):
                    raise

    def _once(self, method: str, path: str, body: Mapping[str, object] | None, *, read: float) -> Document:
        return self._sent(method, path, body, read=read).document

    def _sent(self, method: str, path: str, body: Mapping[str, object] | None, *, read: float) -> ApiResponse:
        response = self._transport.send(method, path, body, read=read)
        if error := error_of(response.status, response.document, response.retry_after, self._transport.url):
            raise error
        return response


def naming(document: Document, *members: str) -> Document:
    """Return the document, which says by these members what it is of: one that does not is none of the daemon's."""
    for member in members:
        if not isinstance(document.get(member), str):
            raise Bug(f"the daemon's answer is not one of its API: it has no {member!r}")
    return document
