"""`wait`: what it asks, what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .commandline import cli, on_terminal, started
from .fakedaemon import LEASE, FakeDaemon, Held, Reply, problem
from .rawserver import Peer, RawServer, Request
from .recipes.packages import package

PATH, TOUCH = "/v1/leases/4c1f/uploads", "/v1/leases/4c1f/touch"
LOG = "https://launchpad.net/~ci-pool/+archive/ubuntu/pool-001/+build/5/+files/buildlog_ubuntu-noble-arm64.hello.txt.gz"


def build(arch: str, state: str, log: str | None = None, waits_for: str | None = None) -> dict[str, Any]:
    """A build in a document."""
    return {"arch": arch, "state": state, "log": log, "waits_for": waits_for}


def source(state: str, *builds: dict[str, Any], name: str = "hello") -> dict[str, Any]:
    """A source in a document."""
    binaries = [{"name": name, "version": "1.0", "arch": one["arch"], "status": "Published"} for one in builds]
    return {
        "name": name, "version": "1.0", "series": None if state == "absent" else "noble", "state": state,
        "builds": list(builds), "binaries": binaries if state in ("published", "installable") else [],
    }  # fmt: skip


def report(*sources: dict[str, Any], reached: bool = False, final: bool = False, why: str = "not yet") -> Reply:
    """An answer, with a tag that tells it from others."""
    document = {
        "goal": "published", "reached": reached, "final": final or reached, "why": why, "sources": list(sources)
    }  # fmt: skip
    return Reply(200, document, {"ETag": f'"{hash(json.dumps(document))}"'})


ABSENT = report(source("absent"), why="hello 1.0 has not appeared yet")
BUILDING = report(source("building", build("amd64", "Successfully built"), build("arm64", "Currently building")))
PUBLISHED = report(source("published", build("amd64", "Successfully built")), reached=True)
FAILED = report(
    source("failed", build("amd64", "Currently building"), build("arm64", "Failed to build", LOG)),
    final=True, why=f"hello 1.0: Failed to build for arm64: {LOG}",
)  # fmt: skip


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """It has one lease, and takes touches."""
    with FakeDaemon() as fake:
        fake.on("POST", TOUCH, Reply(200, LEASE)).on("GET", "/v1/leases", Reply(200, {"items": []}))
        fake.on("GET", "/v1/leases/4c1f", Reply(200, LEASE))
        yield fake


def test_it_waits_until_the_goal_is_reached(daemon: FakeDaemon) -> None:
    """A line for each source and build that went on, and 0."""
    daemon.on("GET", PATH, ABSENT, BUILDING, BUILDING, PUBLISHED)
    done = cli("wait", "4c1f", "--source", "hello=1.0", "--arch", "amd64", url=daemon.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "hello 1.0: absent",
        "hello 1.0 noble: building",
        "hello 1.0 noble amd64: Successfully built",
        "hello 1.0 noble arm64: Currently building",
        "hello 1.0 noble: published",
    ]
    first, second, *_ = daemon.calls("GET", PATH)
    assert first.query == {
        "source": "hello=1.0", "for": "published", "arch": "amd64", "appear": "1200.000", "wait": "0.000",
    }  # fmt: skip
    assert second.headers["If-None-Match"] == ABSENT.headers["ETag"]
    assert float(second.query["wait"]) == 60.0


def test_nothing_new_is_asked_for_again(daemon: FakeDaemon) -> None:
    """304 prints nothing."""
    daemon.on("GET", PATH, ABSENT, Reply(304, b""), Reply(304, b""), PUBLISHED)
    done = cli("wait", "4c1f", url=daemon.url)
    assert done.returncode == 0
    assert len(daemon.calls("GET", PATH)) == 4


def test_the_names_come_from_changes_files(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Several of them, beside --source; signed or not, with epoch."""
    daemon.on("GET", PATH, PUBLISHED)
    files = [package(tmp_path), package(tmp_path, "other", "2:1-1")]
    options = [text for path in files for text in ("--changes", str(path))]
    assert cli("wait", "4c1f", "--for", "built", *options, url=daemon.url).returncode == 0
    with_all = [seen for seen in daemon.requests if seen.path == PATH]
    assert with_all[0].query["for"] == "built"
    assert with_all[0].query["source"] == "hello=1.0"  # the first of them


def test_a_failed_build_is_65_and_its_log_is_told(daemon: FakeDaemon) -> None:
    """On stdout with the builds, and why on stderr."""
    daemon.on("GET", PATH, BUILDING, FAILED)
    done = cli("wait", "4c1f", url=daemon.url)
    assert done.returncode == 65
    assert f"hello 1.0 noble arm64: Failed to build: {LOG}" in done.stdout.splitlines()
    assert done.stderr == f"ppa-assigner: hello 1.0: Failed to build for arm64: {LOG}\n"


def test_under_github_actions_failures_are_errors(daemon: FakeDaemon) -> None:
    """As its workflow commands, with the log."""
    daemon.on("GET", PATH, FAILED, report(source("lost"), final=True, why="100% lost:\r\n::debug::of us"))
    done = cli("wait", "4c1f", url=daemon.url, env={"GITHUB_ACTIONS": "true"})
    assert done.returncode == 65
    assert [line for line in done.stdout.splitlines() if line.startswith("::")] == [
        f"::error::hello 1.0 noble arm64: Failed to build: {LOG}"
    ]
    done = cli("wait", "4c1f", "--json", url=daemon.url, env={"GITHUB_ACTIONS": "true"})
    assert "::error::100%25 lost:\\r\\n::debug::of us" in done.stderr.splitlines()
    assert json.loads(done.stdout)["reached"] is False


@pytest.mark.parametrize(("check", "told"), [
    ({"known": False}, "no series noble takes uploads"),
    ({"burnt": {LEASE["ppa"]: "hello_1.0.tar.xz"}}, f"{LEASE['ppa']} had hello_1.0.tar.xz"),
    ({"orig": {"file": "hello_1.0.orig.tar.xz", "sha256": "0", "url": "http://lp/f"}}, "which is at http://lp/f"),
    ({"burnt": {"~ci-pool/ubuntu/other": "hello 1.0"}}, None),
])  # fmt: skip
def test_what_did_not_appear_is_rejected_where_its_changes_file_tells_why(
    daemon: FakeDaemon, tmp_path: Path, check: dict[str, Any], told: str | None
) -> None:
    """What another PPA had says nothing of this one."""
    daemon.on("GET", PATH, report(source("lost"), final=True, why="hello 1.0 did not appear"))
    facts = {"name": "hello", "version": "1.0", "series": "noble", "known": True, "component": None, "orig": None}
    document = {"accepted": False, "takes": [], "unknown": {}, "sources": [{**facts, "burnt": {}, **check}]}
    daemon.on("POST", "/v1/uploads/check", Reply(200, document))
    done = cli("wait", "4c1f", "--changes", str(package(tmp_path)), "--json", url=daemon.url)
    assert done.returncode == 65
    assert json.loads(done.stdout)["sources"][0]["state"] == ("lost" if told is None else "rejected")
    assert (told or "did not appear") in done.stderr
    assert daemon.calls("POST", "/v1/uploads/check")[0].body["pool"] == "default"


def test_json_is_the_last_document(daemon: FakeDaemon) -> None:
    """And nothing else."""
    daemon.on("GET", PATH, ABSENT, PUBLISHED)
    done = cli("wait", "4c1f", "--json", url=daemon.url)
    assert (done.returncode, json.loads(done.stdout)) == (0, PUBLISHED.document)


def test_the_time_is_up_is_75(daemon: FakeDaemon) -> None:
    """With what is missing."""
    daemon.on("GET", PATH, ABSENT, Reply(304, b""))
    done = cli("wait", "4c1f", "--timeout", "300ms", url=daemon.url)
    assert done.returncode == 75
    assert "hello 1.0 has not appeared yet" in done.stderr


def test_the_end_of_the_lease_is_77(daemon: FakeDaemon) -> None:
    """At once, at the first touch or in the middle of the wait."""
    daemon.on("GET", PATH, ABSENT, problem(410, "lease-over"))
    assert cli("wait", "4c1f", url=daemon.url).returncode == 77
    with FakeDaemon() as other:
        other.on("POST", TOUCH, problem(410, "lease-over")).on("GET", "/v1/leases", Reply(200, {"items": []}))
        assert cli("wait", "4c1f", url=other.url).returncode == 77
        assert cli("wait", url=other.url, env={"PPA_LEASE_ID": "4c1f"}).returncode == 77


def test_nobody_there_is_69_and_an_outage_later_is_waited_for(daemon: FakeDaemon) -> None:
    """Who waits for hours does not mind a restart of the daemon."""
    assert cli("wait", "4c1f").returncode == 69
    away = problem(503, "launchpad-unavailable", retry_after=0)
    daemon.on("GET", PATH, ABSENT, away, away, PUBLISHED)
    assert cli("wait", "4c1f", url=daemon.url).returncode == 0
    with FakeDaemon() as other:
        other.on("POST", TOUCH, Reply(200, LEASE)).on("GET", "/v1/leases", Reply(200, {"items": []}))
        other.on("GET", PATH, ABSENT, away)
        assert cli("wait", "4c1f", "--timeout", "1s", url=other.url).returncode == 69


def test_the_lease_is_kept_alive(daemon: FakeDaemon) -> None:
    """By touches, as often as its idle needs; not one that is somebody else's."""
    held = Held(PUBLISHED)
    lease = LEASE | {"idle": 4, "until": "2099-01-01T00:00:00Z"}
    with FakeDaemon() as fake:
        fake.on("POST", TOUCH, Reply(200, lease)).on("GET", "/v1/leases", Reply(200, {"items": []}))
        fake.on("GET", PATH, ABSENT, held)
        with started("wait", "4c1f", url=fake.url) as process:
            fake.wait_for("POST", TOUCH, 3)
            held.go.set()
            assert process.wait(30) == 0
    daemon = FakeDaemon()
    with daemon:
        daemon.on("POST", TOUCH, problem(403, "forbidden")).on("GET", "/v1/leases", Reply(200, {"items": []}))
        daemon.on("GET", PATH, PUBLISHED)
        assert cli("wait", "4c1f", url=daemon.url).returncode == 0
        refused = cli("wait", "4c1f", "--retry", "1", url=daemon.url)
        assert (refused.returncode, "--retry is for whoever has the lease" in refused.stderr) == (77, True)


def test_lost_builders_are_retried_so_often(daemon: FakeDaemon) -> None:
    """And no more; and not where there is nothing to retry."""
    lost = report(source("failed", build("amd64", "Chroot problem")), final=True, why="Chroot problem")
    retried = Reply(200, {"items": [{"name": "hello", "version": "1.0", "arch": "amd64"}]})
    daemon.on("POST", f"{PATH}/retry", retried)
    daemon.on("GET", PATH, lost, BUILDING, lost, PUBLISHED)
    done = cli("wait", "4c1f", "--source", "hello=1.0", "--retry", "2", url=daemon.url)
    assert (done.returncode, done.stderr.count("is tried again for amd64")) == (0, 2)
    assert daemon.calls("POST", f"{PATH}/retry")[0].body == {"sources": [{"name": "hello", "version": "1.0"}]}
    with FakeDaemon() as other:
        other.on("POST", TOUCH, Reply(200, LEASE)).on("GET", "/v1/leases", Reply(200, {"items": []}))
        other.on("GET", PATH, FAILED).on("POST", f"{PATH}/retry", Reply(200, {"items": []}))
        assert cli("wait", "4c1f", "--retry", "2", url=other.url).returncode == 65
        assert len(other.calls("POST", f"{PATH}/retry")) == 1


def test_a_terminal_has_a_table_that_is_drawn_anew(daemon: FakeDaemon) -> None:
    """A row for each build; the address of a log is whole, above it."""
    daemon.on("GET", PATH, BUILDING, FAILED)
    code, shown = on_terminal("wait", "4c1f", url=daemon.url, columns=60)
    assert code == 65
    assert "SOURCE" in shown
    assert "\x1b[J" in shown
    assert LOG in shown.replace("\r\n", "\n")


@pytest.mark.parametrize(("options", "named"), [
    (("--source", "hello"), "--source"), (("--appear", "soon"), "--appear"), (("--timeout", "x"), "--timeout"),
    (("--auth", "/nowhere"), "--auth"), (("--for", "installable", "--auth", "/nowhere"), "--auth"),
    (("--changes", "/nowhere"), "--changes"),
])  # fmt: skip
def test_what_cannot_be_meant_is_64(daemon: FakeDaemon, options: tuple[str, ...], named: str) -> None:
    """Before anything is asked."""
    done = cli("wait", "4c1f", *options, url=daemon.url)
    assert done.returncode == 64
    assert named in done.stderr
    assert daemon.requests == []


# -- private PPAs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["machine {host}/ci-pool login ann password s3cret\n", "deb {url} noble main\n"])
def test_the_index_of_a_private_ppa_is_read_with_the_jobs_own_login(
    daemon: FakeDaemon, tmp_path: Path, form: str
) -> None:
    """The daemon is asked for what is published; what apt has as a login is sent to that host alone."""
    logins: list[str | None] = []

    def script(request: Request, peer: Peer) -> None:
        logins.append(request.headers.get("authorization"))
        if request.target == "/ci-pool/pool-001/ubuntu/dists/noble/main/binary-amd64/Packages":
            peer.answer(200, "Package: hello\nVersion: 1.0\n")
        else:
            peer.answer(404)

    daemon.on("GET", PATH, PUBLISHED)
    with RawServer(script) as server:
        file = tmp_path / "auth.conf"
        url = server.root.replace("://", "://ann:s3cret@") + "ci-pool/pool-001/ubuntu"
        file.write_text("# mine\n" + form.format(host=server.root.rstrip("/"), url=url))
        done = cli("wait", "4c1f", "--for", "installable", "--auth", str(file), url=daemon.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hello 1.0 noble: installable" in done.stdout
    assert daemon.calls("GET", PATH)[0].query["for"] == "published"
    assert set(logins) == {"Basic YW5uOnMzY3JldA=="}


def test_a_login_that_is_refused_is_said_and_not_shown(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Nor one that is for another PPA used."""
    daemon.on("GET", PATH, PUBLISHED)
    file = tmp_path / "auth.conf"
    with RawServer(lambda _, peer: peer.answer(401)) as server:
        file.write_text(f"machine {server.root} login ann password s3cret\n")
        done = cli("wait", "4c1f", "--for", "installable", "--auth", str(file), url=daemon.url)
        assert done.returncode == 64
        assert "refuses" in done.stderr
        assert "s3cret" not in done.stderr
        asked = len(server.requests)
        file.write_text(f"machine {server.root}other/ppa login ann password s3cret\n")
        done = cli("wait", "4c1f", "--for", "installable", "--auth", str(file), url=daemon.url)
        assert (done.returncode, len(server.requests)) == (64, asked)
