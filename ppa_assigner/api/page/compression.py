"""Answers to a browser, compressed where it takes that: rows of PPAs are much alike, so a twentieth of them is left.

Rule: only for answers without a secret of the daemon in them.
"""

from __future__ import annotations

import gzip
import re

from starlette.requests import Request
from starlette.responses import Response

SMALLEST_BYTES = 4096
"""Less is sent as it is."""
_LEVEL = 3  # as quick as the first, here
_REFUSED = re.compile(r"q=0(\.0*)?")


def compressed(response: Response, request: Request) -> Response:
    """The response as this browser gets it.  Takes some time where it is long."""
    response.headers["Vary"] = "Accept-Encoding"
    if len(response.body) >= SMALLEST_BYTES and _takes_gzip(",".join(request.headers.getlist("accept-encoding"))):
        response.body = gzip.compress(bytes(response.body), _LEVEL, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response


def _takes_gzip(accepted: str) -> bool:
    for coding in accepted.split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() == "gzip":
            return not _REFUSED.fullmatch(weight.strip().lower())
    return False
