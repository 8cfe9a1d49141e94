"""A supervisor that does as a test says, and the API served over a real socket in front of it.

Rule: it decides nothing; it writes down what it is asked, and answers what was put in.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI

from ppa_assigner.access import Caller, ClientConfig
from ppa_assigner.api.app import create_app
from ppa_assigner.api.server import RESERVE, Server
from ppa_assigner.config import Listen
from ppa_assigner.packages import SourcePackage
from ppa_assigner.port import Build, Content, Moment, Publication
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.publications import SourceBuild
from ppa_assigner.record import Record, State
from ppa_assigner.reference import Reference
from ppa_assigner.selectors import Selector
from ppa_assigner.supervisor.event_log import EventLog
from ppa_assigner.uploads import Enough, FollowedLease, Retrying, Waiting
from ppa_assigner.uploads.model import Goal, NamedSource, Report, Wanted
from ppa_assigner.uploads.promotion import Promotion
from ppa_assigner.views import (
    AptSource,
    AssignRequest,
    Condition,
    DaemonHealth,
    End,
    EndsBy,
    LaunchpadStatus,
    LeaseView,
    OperatorAction,
    PastLeaseView,
    PoolView,
    PromoteRequest,
    Snapshot,
    UploadCheck,
    WaitingView,
)

DEADLINE_S = 30.0
JSON = {"Content-Type": "application/json"}
NOW = datetime(2026, 11, 25, 3, 14, 12, tzinfo=UTC)
ONE = Reference("ci-pool", "ubuntu", "pool-001")
TWO = Reference("ci-pool", "ubuntu", "pool-002")
LEASE = "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f"
USED = Record(
    serial=42, nonce="9be2", state=State.USED, since=NOW, touched=NOW, pool="default", until=NOW, owner="ticket-123",
    lease=LEASE, request="build-77", idle=600, by="jenkins", note="hello", uploader="~ann",
)  # fmt: skip
FREE = Record(serial=7, nonce="77", state=State.FREE, since=NOW, touched=NOW, pool="default")
END = End(NOW, EndsBy.UNTIL)
LENT = LeaseView(ONE, USED, fresh=True, end=END)


@dataclass(eq=False)
class FakeCall:
    """One connection's ask."""

    wish: AssignRequest
    future: Future[LeaseView] = field(default_factory=Future)


def done(result: Any) -> Future[Any]:
    """A future that ended: with a result, or with what is raised."""
    future: Future[Any] = Future()
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future


class FakeBackend:
    """The supervisor as the API sees it.  `answer` is what an assign gets at once: None leaves it waiting."""

    def __init__(self, *snapshots: Snapshot) -> None:
        self.known = list(snapshots or (Snapshot(ONE, "default", USED, Condition.OK, NOW, end=END),))
        self.events = EventLog()
        self.selectors: list[Selector] = []
        self.answer: LeaseView | BaseException | None = None
        self.outcome: Any = None
        self.orig: Problem | None = None
        self.apt: AptSource | None = None
        self.waiting: list[WaitingView] = []
        self.reason: str | None = None
        self.reachable = LaunchpadStatus(True, NOW, None)
        self.calls: list[FakeCall] = []
        self.hung_up: list[FakeCall] = []
        self.asked: list[tuple[Any, ...]] = []

    def assign(self, wish: AssignRequest) -> FakeCall:
        call = FakeCall(wish)
        self.calls.append(call)
        if isinstance(self.answer, Problem):
            raise self.answer
        if self.answer is not None:
            call.future = done(self.answer)
        return call

    def compare_origs(self, sources: tuple[SourcePackage, ...]) -> Future[None]:
        self.asked.append(("compare_origs", sources))
        return done(self.orig)

    def apt_source(self, lease: LeaseView, series: tuple[str, ...]) -> Future[AptSource]:
        self.asked.append(("apt_source", lease, series))
        assert self.apt is not None
        return done(self.apt)

    def promote(self, lease: str, wanted: PromoteRequest, caller: Caller) -> Future[Promotion]:
        return self._do("promote", lease, wanted, caller)

    def history(self, ppa: Reference) -> Future[list[PastLeaseView]]:
        return self._do("history", ppa)

    def check_upload(self, sources: tuple[SourcePackage, ...], pool: str | None) -> Future[UploadCheck]:
        return self._do("check_upload", sources, pool)

    def hang_up(self, call: FakeCall) -> None:
        if call in self.calls:
            self.hung_up.append(call)

    def withdraw(self, request_id: str, caller: Caller) -> Future[list[Snapshot]]:
        return self._do("withdraw", request_id, caller)

    def touch(self, lease: str, ttl: float | None, caller: Caller) -> Future[LeaseView]:
        return self._do("touch", lease, ttl, caller)

    def release(self, lease: str, caller: Caller) -> Future[Snapshot]:
        return self._do("release", lease, caller)

    def lease(self, lease: str) -> Future[LeaseView]:
        return self._do("lease", lease)

    def operate(self, ppa: Reference, act: OperatorAction, caller: Caller) -> Future[Snapshot]:
        return self._do("operate", ppa, act, caller)

    def content(self, ppa: Reference) -> Future[Content]:
        return self._do("content", ppa)

    def snapshots(self) -> list[Snapshot]:
        return list(self.known)

    def snapshot(self, ppa: Reference) -> Snapshot:
        for snapshot in self.known:
            if snapshot.ppa == ppa:
                return snapshot
        raise Problem(Kind.UNKNOWN_PPA, f"{ppa} is not served here")

    def find_out(self, select: Selector) -> None:
        self.selectors.append(select)

    def pool_names(self) -> list[str]:
        return ["default"]

    def pools(self) -> list[PoolView]:
        return [PoolView("default", {"free": 1, "used": 2, "dirty": 0}, {"ok": 3}, 4, 12.5, 1, {"size": "big"})]

    def line(self, pool: str | None = None) -> list[WaitingView]:
        return [one for one in self.waiting if pool in (None, one.pool)]

    def health(self) -> DaemonHealth:
        return DaemonHealth(NOW, False, 12.0, 3, 0, 0)

    def launchpad(self) -> LaunchpadStatus:
        return self.reachable

    def unready(self) -> str | None:
        return self.reason

    def _do(self, *asked: Any) -> Future[Any]:
        self.asked.append(asked)
        return done(self.outcome)


class FakeUploads:
    """What follows uploads, as the API sees it.  A call is told `report` at once, or what `failed`; None: nothing."""

    def __init__(self) -> None:
        self.report: Report | None = Report(Goal.PUBLISHED, False, False, "hello 1.0 has not appeared yet")
        self.trouble: str | None = None
        self.retried: tuple[tuple[NamedSource, SourceBuild], ...] = ()
        self.asked: list[tuple[FollowedLease, Wanted, float]] = []
        self.waiting: list[Waiting] = []
        self.retries: list[tuple[FollowedLease, list[NamedSource]]] = []

    def ask(self, lease: FollowedLease, wanted: Wanted, appear: float, enough: Enough, *, holder: bool) -> Waiting:
        waiting = Waiting(wanted, appear, enough, holder)
        self.asked.append((lease, wanted, appear))
        self.waiting.append(waiting)
        if self.trouble is not None:
            waiting.failed(self.trouble)
        elif self.report is not None:
            waiting.told(self.report)
        return waiting

    def leave(self, lease: str, waiting: Waiting) -> None:
        self.waiting.remove(waiting)

    def retry(self, lease: FollowedLease, sources: Iterable[NamedSource] = ()) -> Retrying:
        self.retries.append((lease, list(sources)))
        retrying = Retrying(tuple(sources))
        retrying.done.set_result(self.retried)
        return retrying


def dirty(snapshot: Snapshot) -> Snapshot:
    """The same PPA after its lease."""
    assert snapshot.record is not None
    return replace(snapshot, record=replace(snapshot.record, state=State.DIRTY, until=None))


def some_content() -> Content:
    """Something of everything."""
    return Content(
        (Publication("http://lp/source", "hello", "1.0-1", "noble"),),
        (Publication("http://lp/binary", "hello", "1.0-1", "noble amd64"),),
        Moment(NOW, 0.0, 1.0),
        (Build("http://lp/build", "amd64 build of hello", "Needs building", cancellable=True),),
        ("hello 1.1-1",),
    )


@dataclass
class Served:
    """The API over a real socket."""

    backend: FakeBackend
    uploads: FakeUploads
    app: FastAPI
    server: Server
    url: str
    http: httpx.Client
    thread: threading.Thread

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def connect(self) -> socket.socket:
        """A connection of its own."""
        return socket.create_connection(self.address, DEADLINE_S)

    def forget(self) -> None:
        """Begin anew with a supervisor that was asked nothing; what is still on its way no longer counts."""
        self.backend.__init__()  # type: ignore[misc] # all that it has is set there
        self.uploads.__init__()  # type: ignore[misc]
        self.app.state.streams.events = self.backend.events

    def send_assign(self, body: bytes = b'{"owner":"me","wait":60}') -> socket.socket:
        """A connection that has asked for a PPA and not read an answer."""
        connection = self.connect()
        head = b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return connection


@contextmanager
def serving(
    backend: FakeBackend | None = None,
    clients: Sequence[ClientConfig] = (),
    grace: float = 5.0,
    patience: float = 60.0,
    reserve: int = RESERVE,
    **options: Any,
) -> Iterator[Served]:
    """Serve on a free port until the block ends."""
    backend, uploads = backend or FakeBackend(), FakeUploads()
    app = create_app(backend, clients, uploads=uploads, **options)
    server = Server(app, Listen("127.0.0.1", 0), grace=grace, patience=patience, reserve=reserve)
    server.bind()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.started.wait(DEADLINE_S)
        url = server.addresses[0]
        with httpx.Client(base_url=url, timeout=DEADLINE_S, headers=JSON) as http:
            yield Served(backend, uploads, app, server, url, http, thread)
    finally:
        server.stop()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], object]) -> None:
    """Until it is so; fails after the deadline."""
    end, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        pause.wait(0.01)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


def slug(response: httpx.Response) -> str:
    """The kind of a problem, after checking that it is one."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    return str(problem["type"]).rpartition("/")[2]
