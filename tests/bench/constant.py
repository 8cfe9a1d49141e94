"""A server that answers every request with the same bytes: `python -m tests.bench.constant SOCKET SIZE`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn


def main() -> None:
    """Serve until killed."""
    path, size = sys.argv[1], int(sys.argv[2])
    body = b"x" * size
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(app, uds=path, loop="asyncio", http="httptools", ws="none", lifespan="off", access_log=False,
                log_level="error")  # fmt: skip


if __name__ == "__main__":
    main()
