"""The literal replay of a trace: what was decided otherwise than the rules decide is noticed, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ppa_assigner.access import ClientConfig
from ppa_assigner.automaton import Daemon
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.trace import VARIABLE, Opaque, TraceError, encoded, trace_of

from ..settings import settings
from . import reading, replay
from .lives import Life, Told, answers, asks, effect, life, tells, writes

DAEMON = Daemon("one", 1, "s")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A true one."""
    return life(tmp_path_factory.mktemp("life"))


def _nothing_done(line: Told) -> None:
    line["effects"] = []


def _other_serial(line: Told) -> None:
    line["after"]["serial"] += 1


def _later(line: Told) -> None:
    effect(line, "Apply")["not_after"] += 0.25


@pytest.mark.parametrize(
    ("wanted", "change"),
    [(tells, _nothing_done), (writes("RELEASE"), _other_serial), (asks("Apply"), _later)],
)
def test_a_decision_that_the_rules_do_not_make_is_noticed(
    real: Life, wanted: Callable[[Told], bool], change: Callable[[Told], object]
) -> None:
    """One effect less, another number, a quarter of a second."""
    (wrong,) = replay.replayed(real.falsified(wanted, change).read())
    assert wrong.startswith("replay: life.jsonl:")


def test_an_event_that_did_not_happen_is_noticed(real: Life) -> None:
    """What follows from it is another thing; an answer to nothing, no rule allows."""
    assert list(replay.replayed(real.without(answers("NewContent")).read()))
    told = list(replay.replayed(real.without(asks("Survey")).read()))
    assert "no rule allows it: AssertionError('an answer without an operation')" in told[0]


def test_a_worker_that_never_began_has_no_steps(real: Life) -> None:
    """Its first line says what it knew."""
    wrong = list(replay.replayed(Life(real.lines[1:], real.texts).read()))
    assert len(wrong) == len(real.lines) - 1
    assert wrong[0].endswith("steps of what never began")


def test_what_is_written_is_read_back_as_it_was(real: Life) -> None:
    """Each event, time and effect is the value that it was made of."""
    for line in real.read():
        if line.event is not None:
            assert json.loads(json.dumps(encoded(line.event))) == line.told["event"]
            assert json.loads(json.dumps(encoded(line.effects))) == line.told["effects"]


def test_only_the_last_line_may_be_broken_off(tmp_path: Path, real: Life) -> None:
    """There the daemon was killed; anywhere else the file is not what a daemon wrote."""
    path, texts = tmp_path / "one.jsonl", [json.dumps(line) for line in real.lines]
    path.write_text("\n".join([*texts[:4], texts[4][:20]]))
    assert [line.told for line in reading.read(tmp_path)] == list(real.lines[:4])
    path.write_text("\n".join([*texts[:4], texts[4][:20], *texts[5:], ""]))
    with pytest.raises(json.JSONDecodeError):
        list(reading.read(tmp_path))


def test_nothing_is_traced_that_nobody_asked_for(tmp_path: Path) -> None:
    """With a folder there is one file for each run of a daemon, for its user alone."""
    assert trace_of({}, DAEMON) is None
    assert trace_of({VARIABLE: ""}, DAEMON) is None
    assert trace_of({VARIABLE: str(tmp_path)}, DAEMON) is not None
    (path,) = tmp_path.iterdir()
    assert (path.name, path.stat().st_mode & 0o777) == ("one-1-s.jsonl", 0o600)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    """With the variable that named it."""
    with pytest.raises(TraceError, match=rf"^{VARIABLE}: .*nowhere/one-1-s.jsonl cannot be written: No such file"):
        trace_of({VARIABLE: str(tmp_path / "nowhere")}, DAEMON)


@pytest.mark.parametrize(
    "value",
    [
        Problem(Kind.NONE_FREE, "all are used", retry_after=3.0, ticket="t"),
        Path("/etc/ppa-assigner"),
        {Reference.parse("~ci/ubuntu/one"): [1, (2, float("inf"))]},
        frozenset({"b", "a"}),
        datetime(2026, 11, 25, 3, 14, 12, 5, tzinfo=UTC),
        object(),
    ],
)
def test_whatever_is_handed_on_comes_back_the_same(value: object) -> None:
    """Also what nothing is decided by: it is known again by what it was called."""
    told = json.loads(json.dumps(encoded(value)))
    again = reading.decoded(told)
    assert json.loads(json.dumps(encoded(again))) == told
    assert again == value or isinstance(again, Opaque | Problem)


def test_no_token_of_a_client_is_written(tmp_path: Path) -> None:
    """Not even its digest."""
    given = settings(Reference.parse("~ci/ubuntu/one"))
    clients = (ClientConfig("ci", "0123456789abcdef"),)
    assert "0123456789abcdef" not in json.dumps(encoded(replace(given, api=replace(given.api, clients=clients))))


def test_the_quotas_of_clients_are_written() -> None:
    """What is decided depends on them."""
    given, client = settings(Reference.parse("~ci/ubuntu/one")), ClientConfig("ci", "0123", max_leases=5, max_waiting=2)
    told = json.loads(json.dumps(encoded(replace(given, api=replace(given.api, clients=(client,))))))
    assert reading.decoded(told).api.client("ci") == replace(client, token_sha256=None)
