"""The whole daemon as a process, over HTTP, on the stand-in in another process: what its users rely on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.record import Record, State, format_time, parse, parse_time

from .commandline import cli
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .waiting import until

POOL = [f"~ci-pool/ubuntu/pool-{i:03}" for i in range(1, 11)]
MOVES = {pair for pairs in LEGAL.values() for pair in pairs}


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with ten empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "10")
    yield launchpad
    launchpad.stop()


def records(launchpad: Launchpad, ppa: str) -> list[Record]:
    """Every record that ever stood in a PPA, oldest first."""
    found = (parse(entry["description"]).record for entry in launchpad.control.descriptions(ppa))
    return [record for record in found if record is not None]


def check_history(launchpad: Launchpad, ppas: list[str]) -> None:
    """Serial +1 with each write, each nonce new, legal moves only."""
    for ppa in ppas:
        history = records(launchpad, ppa)
        assert [r.serial for r in history] == list(range(history[0].serial, history[0].serial + len(history)))
        assert len({r.nonce for r in history}) == len(history)
        states: list[State | None] = [None, *(r.state for r in history)]
        assert set(pairwise(states)) <= MOVES


def burst(daemons: list[Daemon], count: int) -> list[httpx.Response]:
    """So many assigns at once, spread over the daemons."""
    with ThreadPoolExecutor(count) as pool:
        asks = [pool.submit(daemons[i % len(daemons)].assign, f"burst-{i}") for i in range(count)]
        return [ask.result() for ask in asks]


@pytest.mark.parametrize("count", [1, 2])
def test_fifty_at_once_on_ten_ppas_get_ten_different_ones(tmp_path: Path, launchpad: Launchpad, count: int) -> None:
    """Exactly ten leases on ten PPAs, forty times none-free, however many daemons serve the pool."""
    daemons = [configure(tmp_path, launchpad, f"daemon-{i}") for i in range(count)]
    with running(*daemons):
        for daemon in daemons:
            daemon.start()
        for daemon in daemons:
            daemon.wait_for_states(free=10)
        answers = burst(daemons, 50)
        assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
        lent = [answer.json()["ppa"] for answer in answers if answer.status_code == 201]
        assert sorted(lent) == POOL
        refused = [answer.json() for answer in answers if answer.status_code == 409]
        assert all(problem["type"].endswith("none-free") and problem["ticket"] for problem in refused)
        check_history(launchpad, POOL)


def test_a_released_ppa_is_emptied_and_lent_again(tmp_path: Path, launchpad: Launchpad) -> None:
    """free, used, dirty, free: what its owner uploaded is gone before the next one gets it."""
    daemon = configure(tmp_path, launchpad, ppas=POOL[:1])
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        first = daemon.assign("first").json()
        launchpad.control.upload(first["ppa"], "hello", "1.0", binaries=[{"name": "hello"}])
        assert daemon.http.delete(f"/v1/leases/{first['id']}").status_code == 200
        second = daemon.assign("second", wait=30)
        assert second.status_code == 201
        packages = launchpad.control.packages(POOL[0])
        assert {p["status"] for p in [*packages["sources"], *packages["binaries"]]} == {"Deleted"}
        check_history(launchpad, POOL[:1])


def shown(ppa: dict[str, Any]) -> tuple[Any, Any]:
    """When a lease ends, and by what."""
    return ppa["ends"], ppa["ends_by"]


def later(time: str, seconds: int) -> str:
    """So much after that time."""
    return format_time(parse_time(time) + timedelta(seconds=seconds))


def test_what_is_shown_of_time_left_counts_silence_too(tmp_path: Path, launchpad: Launchpad) -> None:
    """In leases, PPAs, lists, `none-free`, `status` and `touch` alike; after a restart as the new daemon sees it."""
    daemon = configure(tmp_path, launchpad, ppas=POOL[:1])
    url = f"unix:{daemon.address}"
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        lease = daemon.assign("first", ttl=28800, idle=600).json()
        ends = (later(lease["touched"], 660), "idle")
        assert shown(lease) == ends
        assert [shown(one) for one in daemon.http.get("/v1/leases").json()["items"]] == [ends]
        assert [shown(one) for one in daemon.ppas()] == [ends]
        assert shown(daemon.http.get(f"/v1/leases/{lease['id']}").json()) == ends
        refused = daemon.assign("second").json()
        assert (refused["next_ends"], refused["next_until"]) == (ends[0], lease["until"])
        assert refused["detail"].endswith(f"; the next lease ends at {ends[0]} unless it is touched")
        assert re.search(r"  1[01]m idle  ", cli("status", url=url).stdout)
        none = cli("assign", "--owner", "third", url=url)
        assert none.returncode == 75
        assert re.search(
            r" \(1 used; place [1-3] in the line; the earliest lease ends in 1[01]m\)$", none.stderr.strip()
        )
        assert re.search(r"^Ends +in 1[01]m, .*, unless it is touched$", cli("show", POOL[0], url=url).stdout, re.M)
        told = cli("touch", lease["id"], url=url).stdout.strip()
        assert ends[0] <= told <= later(ends[0], 60)
        daemon.kill()
        daemon.start()
        (again,) = daemon.ppas()
        assert again["ends_by"] == "idle"
        assert told <= again["ends"] <= later(told, 120)
        held = daemon.http.post(f"/v1/ppas/{POOL[0]}/hold", json={"lease": lease["id"], "for": 60}).json()
        assert shown(held) == (later(lease["until"], 60), "until")
        assert shown(daemon.http.delete(f"/v1/leases/{lease['id']}").json()) == (None, None)


def requests_of(launchpad: Launchpad, since: int) -> list[str]:
    """What was asked of the stand-in since then, without ids."""
    done = launchpad.control.log(since=since)
    return sorted(entry["method"] + (f" {entry['operation']}" if entry["operation"] else "") for entry in done)


@pytest.mark.parametrize(
    ("verify_age", "expected"),
    [
        (None, ["PATCH"]),
        ("1h", ["PATCH"]),
        (0, ["GET getPublishedBinaries", "GET getPublishedSources", "PATCH"]),
    ],
)
def test_an_assign_costs_one_patch(tmp_path: Path, launchpad: Launchpad, verify_age: Any, expected: list[str]) -> None:
    """One PATCH on an idle pool, and two GETs before it when the last look for emptiness is too old."""
    daemon = configure(tmp_path, launchpad, verify_age=verify_age, look_every="1h")
    with running(daemon):
        daemon.start().wait_for_states(free=10)
        before = launchpad.control.last()
        assert daemon.assign().status_code == 201
        assert requests_of(launchpad, before) == expected


def test_five_hundred_ppas_start_with_few_requests_and_little_memory(tmp_path: Path, launchpad: Launchpad) -> None:
    """At most 8 requests from the process's start to /readyz, at most 200 MB."""
    names = launchpad.control.ppas("ci-pool", count=500, prefix="many-")
    daemon = configure(tmp_path, launchpad, ppas=names)
    for name in names:
        launchpad.control.describe(name, FREE)
    with running(daemon):
        before = launchpad.control.last()
        daemon.start()
        assert len(launchpad.control.log(since=before)) <= 8
        daemon.wait_for_states(free=500)
        assert daemon.process is not None
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        megabytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
        assert megabytes <= 200


FREE = (
    'ppa-assigner: {"v":1,"serial":1,"nonce":"00","state":"free","since":"2026-11-25T03:14:12Z",'
    '"touched":"2026-11-25T03:14:12Z","pool":"default"}'
)


def test_waiting_keeps_its_place_by_a_ticket_over_a_restart(tmp_path: Path, launchpad: Launchpad) -> None:
    """Who was first in line is first after the daemon was killed and started again."""
    daemon = configure(tmp_path, launchpad, ppas=POOL[:1])
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        held = daemon.assign("holder").json()
        tickets = {name: daemon.assign(name).json()["ticket"] for name in ("early", "late")}
        daemon.kill()
        daemon.start()
        with ThreadPoolExecutor(2) as pool:
            late = pool.submit(daemon.assign, "late", attempt=1, ticket=tickets["late"], wait=60)
            until(lambda: daemon.http.get("/v1/pools").json()["items"][0]["waiting"] == 1)
            early = pool.submit(daemon.assign, "early", attempt=1, ticket=tickets["early"], wait=60)
            until(lambda: daemon.http.get("/v1/pools").json()["items"][0]["waiting"] == 2)
            daemon.http.delete(f"/v1/leases/{held['id']}")
            first = early.result(60)
            assert first.status_code == 201
            assert not late.done()
            daemon.http.delete(f"/v1/leases/{first.json()['id']}")
            assert late.result(60).status_code == 201
