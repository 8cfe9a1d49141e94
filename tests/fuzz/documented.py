"""Answers held against the OpenAPI document, and a book of those that were seen."""

from __future__ import annotations

from typing import Any

import httpx
import jsonschema_rs

Call = tuple[str, str]
"""Method and path, as the document has them."""


class Documented:
    """One document, and which of its statuses were seen."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.all = {
            (method.upper(), path, int(status))
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            for status in operation["responses"]
        }
        self.seen: set[tuple[str, str, int]] = set()

    def look(self, call: Call, answer: httpx.Response) -> httpx.Response:
        """Note the answer.  Fails when the document does not know its status, content type or form."""
        method, path = call
        key = (method, path, answer.status_code)
        assert key in self.all, (key, answer.text)
        told = self._document["paths"][path][method.lower()]["responses"][str(answer.status_code)]
        if "content" not in told:  # an answer without a body
            assert answer.content == b"", key
            self.seen.add(key)
            return answer
        media = answer.headers["content-type"].split(";")[0]
        assert media in told["content"], (key, media)
        for name in told.get("headers", {}):
            assert name in answer.headers, (key, name)
        if media.endswith("json"):
            schema = {**told["content"][media]["schema"], "components": self._document["components"]}
            jsonschema_rs.validate(schema, answer.json())
        self.seen.add(key)
        return answer

    @property
    def unseen(self) -> list[tuple[str, str, int]]:
        """What nothing was answered of."""
        return sorted(self.all - self.seen)
