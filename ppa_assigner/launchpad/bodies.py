"""The body of an answer: read and unpacked piece by piece, and no more of it than whoever asked takes.

Rule: a few bytes may unpack to no end, so nothing is unpacked but here, and memory is bounded by what is kept.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass

import urllib3

from .unpacking import Gzip, Plain, Unpacking

LARGEST_BYTES = 8 * 1024 * 1024
"""Of an answer: a page of 300 PPAs has less than one million, whatever stands in their descriptions some."""
CHUNK_BYTES = 64 * 1024
Take = Callable[[bytes], object]
"""Gets the pieces of a body as they come; ValueError ends the reading."""


class LongerError(ValueError):
    """There is more of it than is taken."""


@dataclass(frozen=True, slots=True)
class Body:
    """How the body of an answer is read: unpacked here, piece by piece, for a few bytes may unpack to no end."""

    most: int
    take: Take | None

    def read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """All of it, or what `take` left of it: nothing.  Raises ValueError and what urllib3 raises."""
        content = bytearray()
        try:
            self._refuse(response.headers.get("content-length", ""))
            keep = content.extend if self.take is None or response.status != http.client.OK else self.take
            self._give(response, keep)
        except BaseException:
            response.close()  # a connection with half an answer in it must not be used again
            raise
        finally:
            response.release_conn()
        return bytes(content)

    def _refuse(self, declared: str) -> None:
        if declared.isdigit() and (len(declared) > len(str(self.most)) or int(declared) > self.most):
            raise self._too_long()

    def _give(self, response: urllib3.BaseHTTPResponse, keep: Take) -> None:
        packing, read = _unpacking(response.headers.get("content-encoding", "")), 0
        for piece in response.stream(CHUNK_BYTES, decode_content=False):
            for plain in packing.take(piece):
                read += len(plain)
                if read > self.most:
                    raise self._too_long()
                keep(plain)
        packing.finish()

    def _too_long(self) -> LongerError:
        return LongerError(f"the answer is longer than {self.most} bytes")


def _unpacking(encoding: str) -> Unpacking:
    """Only what was asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Gzip()
    raise ValueError(f"an answer packed as {encoding[:40]!r}, which was not asked for")
