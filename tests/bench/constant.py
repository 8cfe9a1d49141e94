"""A server with nothing behind it: `python -m tests.bench.constant SOCKET SIZE`.

It answers a GET with the same bytes each time, and a POST never.  With SIZE 0 the bytes say how many POSTs wait.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn


def main() -> None:
    """Serve until killed."""
    path, size = sys.argv[1], int(sys.argv[2])
    same, waiting = b"x" * size, 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal waiting
        if scope["method"] == "POST":
            await receive()
            waiting += 1
            await asyncio.Event().wait()
        body = same or str(waiting).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(app, uds=path, loop="asyncio", http="httptools", ws="none", lifespan="off", access_log=False,
                log_level="error")  # fmt: skip


if __name__ == "__main__":
    main()
