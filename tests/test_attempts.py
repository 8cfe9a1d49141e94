"""Attempts of one request id over several commands: each command asks many times, and the next one is ahead of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .commandline import cli
from .fakedaemon import LEASE, Drop, FakeDaemon, Reply, problem

LEASES = "/v1/leases"


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """Answers by script."""
    with FakeDaemon() as made:
        yield made


def attempts(daemon: FakeDaemon, *options: str, answers: tuple[Any, ...] = ()) -> list[int]:
    """What a command counted, that was answered so and got its PPA at last."""
    before = len(daemon.requests)
    daemon.on("POST", LEASES, *answers, Reply(200, LEASE))
    done = cli("assign", "--owner", "me", "--request-id", "build-77", "--wait", "30s", *options, url=daemon.url)
    assert done.returncode == 0, done.stderr
    return [request.body["attempt"] for request in daemon.requests[before:]]


def test_a_later_command_is_ahead_of_all_that_an_earlier_one_asked(daemon: FakeDaemon) -> None:
    """A long wait is several requests: the second command, counted by its caller as one more, is not superseded by
    what the first one got, and what it gets is not taken for older than what of the first one lands late.
    """
    none_free = problem(409, "none-free", ticket="place")
    first = attempts(daemon, answers=(none_free, Drop(), none_free))
    second = attempts(daemon, "--attempt", "1")
    third = attempts(daemon, "--attempt", "2")
    assert first == [0, 1, 2, 3]
    assert max(first) + 1000 < min(second)
    assert max(second) + 1000 < min(third)
