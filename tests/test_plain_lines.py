"""Command lines that are read without the parser mean what the parser makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from ppa_assigner.cli import app, plain
from ppa_assigner.cli.commands import COMMANDS, COMPLETION, load
from ppa_assigner.cli.parameters import Argument, declared

PLAIN = [
    "status",
    "status --json ppa:ci-pool/pool-001",
    "status --pool default --url=unix:/run/ppa-assigner/api.sock --token-file token",
    "assign --owner https://ci.example/1 --wait 30m --ttl=8h --export",
    "assign --owner x --source a=1 --source b=2 --request-id r --attempt 3",
    "assign --owner x --select a=b --priority 100",
    "status -o json --state used",
    "exec --owner x --on-lost warn -- true",
    "touch",
    "touch 4c1f --ttl 2h",
    "release",
    "release -- 4c1f",
    "exec --owner x",
    "exec --owner x --wait 5m -- make -j4 check --json",
    "exec --owner x sh -c true -- --help",
    "exec --owner x -- printf %s ''",
    "hold ppa:a/b --for 2h",
    "events --follow",
    "events -f",
    "adopt ppa:a/b --yes",
    "quarantine ppa:a/b --reason why",
    "clean --dry-run ppa:a/b",
    "token --json",
]
NOT_PLAIN = [
    "",
    "--version",
    "--help",
    "frob",
    "status --help",
    "status -h",
    "status --frob",
    "status --json=1",
    "status --pool",
    "status --pool --json",
    "status --pool=",
    "assign --owner x --attempt -1",
    "assign --owner x --attempt 1.5",
    "assign --owner x --priority 101",
    "assign --owner x extra",
    "touch a b",
    "exec --owner x --on-lost shrug -- true",
    "status -o xml",
    "status -ojson",
    "status -o=json",
    "assign --owner x --changes hello.changes",
    "check-config --config x",
]
PARSERS = {name: app.parser([name]) for name in COMMANDS}
WORDS = [
    "--",
    "-",
    "-x",
    "--help",
    "",
    "x",
    "ppa:a/b",
    "7",
    "-7",
    "a=1",
    "warn",
    "json",
    "free",
    "ü",
    "\udcff",
    "9" * 12,
]


def parsed(line: list[str]) -> Any:
    """What the parser makes of it; its exit code, or the mistake that it tells."""
    try:
        return PARSERS[line[0]](args=line, prog_name="ppa-assigner", standalone_mode=False)
    except Exception as mistake:
        return mistake


def arguments(call: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """The function that is called, and its arguments, defaults included."""
    assert isinstance(call, partial)
    bound = inspect.signature(call.func).bind(**call.keywords)
    bound.apply_defaults()
    return call.func, bound.arguments


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A command with words that its options, arguments and mistakes are made of."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    options = [option for _, _, what in declared(load(name)) for option in what.names]
    words = st.sampled_from([*WORDS, *options, *(f"{option}=x" for option in options)])
    valued = st.tuples(st.sampled_from(options or ["x"]), st.sampled_from(WORDS))
    groups = draw(st.lists(valued | words.map(lambda word: (word,)), max_size=8))
    return [name, *(word for group in groups for word in group)]


@settings(max_examples=400, deadline=None)
@given(lines())
@example(["exec", "--owner", "x", "--", "--", ""])
@example(["touch", "--ttl", "1h", "--ttl", "2h"])
def test_what_is_read_is_what_the_parser_reads(line: list[str]) -> None:
    """Function and arguments; each line that the parser refuses is left to it."""
    found = plain.read(line)
    if found is not None:
        assert arguments(found) == arguments(parsed(line))


@pytest.mark.parametrize("line", PLAIN)
def test_a_plain_line_needs_no_parser(line: str) -> None:
    """The lines of scripts and people."""
    words = [word if word != "''" else "" for word in line.split()]
    found = plain.read(words)
    assert found is not None
    assert arguments(found) == arguments(parsed(words))


@pytest.mark.parametrize("line", NOT_PLAIN)
def test_all_others_are_left_to_the_parser(line: str) -> None:
    """Help, mistakes, and what is seldom given."""
    assert plain.read(line.split()) is None


def test_a_shell_that_completes_is_answered_by_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the line is."""
    monkeypatch.setenv(COMPLETION, "complete_bash")
    assert plain.read(["status"]) is None


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_parameter_has_help(name: str) -> None:
    """And is declared in the one way that both read."""
    for parameter, _, what in declared(load(name)):
        assert what.facts["help"], parameter
        assert what.names or isinstance(what, Argument)
