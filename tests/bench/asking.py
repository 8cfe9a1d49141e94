"""Many clients of a daemon in one thread: HTTP/1.1, kept alive, so light that they are not what is measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from ..processes import Daemon

LARGEST = 16 * 1024 * 1024
T = TypeVar("T")


@dataclass
class Asker:
    """One connection.  One request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body."""
        await self.send(method, path, body)
        return await self.answer()

    async def send(self, method: str, path: str, body: Any = None) -> None:
        """The request alone."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self.writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Its answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return int(head.split(None, 2)[1]), await self.reader.readexactly(length)

    async def assign(self, **wish: Any) -> float:
        """Seconds until there is a lease."""
        start = perf_counter()
        status, body = await self.ask("POST", "/v1/leases", {"owner": "bench", **wish})
        if status != 201:
            raise RuntimeError(f"{status} {body!r}")
        return perf_counter() - start


async def at(address: Path) -> Asker:
    """A connection to this socket."""
    return Asker(*await asyncio.open_unix_connection(str(address), limit=LARGEST))


def with_askers(daemon: Daemon, count: int, act: Callable[[list[Asker]], Coroutine[Any, Any, T]]) -> T:
    """What an act on so many connections gives; they are closed afterwards."""
    return with_askers_at(daemon.address, count, act)


def with_askers_at(address: Path, count: int, act: Callable[[list[Asker]], Coroutine[Any, Any, T]]) -> T:
    """The same for whoever listens there."""

    async def run() -> T:
        askers = [await at(address) for _ in range(count)]
        try:
            return await act(askers)
        finally:
            for asker in askers:
                asker.writer.close()

    return asyncio.run(run())


async def burst(askers: Iterable[Asker], **wish: Any) -> float:
    """Seconds until each has its lease; all ask at once."""
    start = perf_counter()
    await asyncio.gather(*(asker.assign(**wish) for asker in askers))
    return perf_counter() - start


async def crowd(askers: Iterable[Asker], each: int) -> list[float]:
    """What each assign takes while all ask, each one time after the other."""

    async def one(asker: Asker) -> list[float]:
        return [await asker.assign() for _ in range(each)]

    return [seconds for times in await asyncio.gather(*map(one, askers)) for seconds in times]
