"""Where the API listens, and how it starts and ends."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ppa_assigner.access import ClientConfig
from ppa_assigner.api.app import create_app
from ppa_assigner.api.server import ListenError, Server
from ppa_assigner.config import Listen
from ppa_assigner.problems import Kind, Problem

from .fakes import DEADLINE_S, LENT, FakeBackend, FakeUploads, Served, read_all, serving, wait_for


def server_at(
    where: Listen, *inherited: socket.socket, backend: FakeBackend | None = None, grace: float = 5.0,
    clients: tuple[ClientConfig, ...] = (),
) -> Server:  # fmt: skip
    """A server that is not started."""
    return Server(create_app(backend or FakeBackend(), clients, uploads=FakeUploads()), where, inherited, grace=grace)


@contextmanager
def running(server: Server) -> Iterator[threading.Thread]:
    """A server that is stopped at the end."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.started.wait(DEADLINE_S)
        yield thread
    finally:
        server.stop()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def over(path: Path) -> httpx.Client:
    """A client of a Unix socket."""
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://localhost", timeout=DEADLINE_S)


def test_a_unix_socket_is_for_owner_and_group_and_goes_with_the_server(tmp_path: Path) -> None:
    """Mode 0660; Host and Origin are those of this host there too; the file is removed at the end."""
    path = tmp_path / "api.sock"
    server = server_at(Listen(path=str(path)))
    with running(server), over(path) as http:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert server.addresses == [f"unix:{path}"]
        assert http.get("/v1/ppas").status_code == 200
        assert http.get("/v1/ppas", headers={"Origin": "http://evil.example"}).status_code == 403
        assert http.get("/v1/ppas", headers={"Origin": "http://localhost"}).status_code == 200
        assert http.get("/v1/ppas", headers={"Host": "ppas.example.com"}).status_code == 403
    assert not path.exists()


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    """A killed daemon leaves its file behind."""
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with running(server_at(Listen(path=str(path)))), over(path) as http:
        assert http.get("/healthz").status_code == 200


def test_a_socket_file_in_use_is_left_alone(tmp_path: Path) -> None:
    """Another daemon listens there, also one that is too busy to accept: one clear line."""
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)
        for _ in range(4):
            with pytest.raises(
                ListenError, match=r"^cannot listen on unix:.*api\.sock: somebody listens there already$"
            ):
                server_at(Listen(path=str(path))).bind()
        assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    """Nothing of somebody else's is deleted."""
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(ListenError, match="something else than a socket"):
        server_at(Listen(path=str(path))).bind()
    assert path.read_text() == "data"
    with pytest.raises(ListenError, match="No such file or directory"):
        server_at(Listen(path=str(tmp_path / "missing" / "api.sock"))).bind()


def test_the_socket_file_of_a_successor_is_not_removed(tmp_path: Path) -> None:
    """Who ends late does not take the next daemon's file away."""
    path = tmp_path / "api.sock"
    first, second = server_at(Listen(path=str(path))), server_at(Listen(path=str(path)))
    with running(first):
        path.unlink()
        second.bind()
    with running(second), over(path) as http:
        assert http.get("/healthz").status_code == 200


def test_a_port_in_use_is_one_clear_line() -> None:
    """An OSError of its own class that names the address."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenError, match=f"^cannot listen on 127.0.0.1:{port}: Address already in use$") as one:
            server_at(Listen("127.0.0.1", port)).bind()
    assert one.value.in_use


def test_a_host_that_does_not_exist_is_one_clear_line() -> None:
    """Names that do not resolve, addresses that are not of this machine."""
    for host in ("no-such-host.invalid", "192.0.2.1"):
        with pytest.raises(ListenError, match=f"^cannot listen on {host}:0: "):
            server_at(Listen(host, 0), clients=(ClientConfig("ci", "00"),)).bind()
    with pytest.raises(ListenError) as one:
        server_at(Listen("no-such-host.invalid", 0), clients=(ClientConfig("ci", "00"),)).bind()
    assert not one.value.in_use


def test_small_answers_are_not_held_back() -> None:
    """asyncio sets TCP_NODELAY for sockets that say that they are TCP; without it each small answer takes 40 ms."""
    server = server_at(Listen("127.0.0.1", 0))
    server.bind()
    (listening,) = server.listening
    assert listening.proto == socket.IPPROTO_TCP
    server.stop()
    server.run()


def test_connections_queue_from_binding_on() -> None:
    """Who connects between `bind` and `run` is not refused."""
    server = server_at(Listen("127.0.0.1", 0))
    server.bind()
    host, _, port = server.addresses[0].removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), DEADLINE_S) as early:
        early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with running(server):
            assert read_all(early).startswith(b"HTTP/1.1 200")


def test_inherited_sockets_are_used_and_survive(tmp_path: Path) -> None:
    """Those of the service manager come before the address; it keeps them, and connections wait for the successor."""
    with socket.create_server(("127.0.0.1", 0)) as held, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "held.sock"))
        unix.listen()
        first = server_at(Listen("127.0.0.1", 1), held.dup(), unix.dup())
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with running(first), over(tmp_path / "held.sock") as http:
            assert httpx.get(f"{url}/healthz").status_code == 200
            assert http.get("/v1/ppas").status_code == 200
        with socket.create_connection(held.getsockname(), DEADLINE_S) as between:
            between.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with running(server_at(Listen("127.0.0.1", 1), held.dup(), unix.dup())):
                assert read_all(between).startswith(b"HTTP/1.1 200")
        assert (tmp_path / "held.sock").exists()


def test_what_does_not_listen_is_not_inherited() -> None:
    """A datagram socket, or one that is only bound, is a mistake in the unit file."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as wrong:
            wrong.bind(("127.0.0.1", 0))
            with pytest.raises(ListenError, match="does not listen"):
                server_at(Listen("127.0.0.1", 0), wrong).bind()


def test_without_clients_only_this_host_may_be_able_to_connect() -> None:
    """Also when the socket is inherited; clients cannot all be taken away from a public address later."""
    client = ClientConfig("ci", "00")
    with socket.socket() as public:
        public.bind(("0.0.0.0", 0))
        public.listen()
        with pytest.raises(ListenError, match=r"without api\.clients"):
            server_at(Listen("127.0.0.1", 0), public.dup()).bind()
        server = server_at(Listen("127.0.0.1", 0), public.dup(), clients=(client,))
        server.bind()
        with running(server):
            server.set_clients(())
            assert httpx.get(f"http://127.0.0.1:{public.getsockname()[1]}/v1/ppas").status_code == 401


def test_whoever_waits_is_answered_when_the_daemon_stops() -> None:
    """No more connections, idle ones end, waiting ones get what the supervisor says, then all is over."""
    with serving(grace=30) as api:
        assert api.http.get("/healthz").status_code == 200
        with api.connect() as idle, api.send_assign() as waiting:
            wait_for(lambda: api.backend.calls)
            api.server.stop_accepting()
            assert read_all(idle) == b""
            with pytest.raises(OSError, match="refused"):
                api.connect()
            assert api.thread.is_alive()
            api.backend.calls[0].future.set_exception(Problem(Kind.UNAVAILABLE, "stopping", ticket="t"))
            answer = read_all(waiting)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"connection: close" in answer
            assert b'"ticket":"t"' in answer
        api.server.stop()
        api.thread.join(30.0)
        assert not api.thread.is_alive()


def test_a_stop_is_bounded() -> None:
    """A call that is never answered does not keep the daemon; its supervisor is told that nobody waits."""
    with serving(grace=1) as api, api.send_assign():
        wait_for(lambda: api.backend.calls)
        api.server.stop()
        api.thread.join(10)
        assert not api.thread.is_alive()
        assert api.backend.hung_up == api.backend.calls


def test_a_result_that_comes_after_the_end_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The supervisor may end a future when the loop is closed."""
    with serving(grace=1) as api, api.send_assign():
        wait_for(lambda: api.backend.calls)
        api.server.stop()
        api.thread.join(10)
    caplog.clear()
    api.backend.calls[0].future.set_result(LENT)
    assert not caplog.records


def test_stopping_before_running_ends_at_once() -> None:
    """A signal may come while the daemon starts."""
    server = server_at(Listen("127.0.0.1", 0))
    server.bind()
    server.stop()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def test_it_can_be_seen_whether_the_loop_turns(api: Served) -> None:
    """For the watchdog."""
    assert api.server.turns()


def test_many_files_may_be_open(api: Served) -> None:
    """The usual soft limit is for programs that do not serve thousands who wait."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard or soft >= 65536
    assert os.sysconf("SC_OPEN_MAX") == soft
