"""The configuration: whatever stands in a file, settings or mistakes come of it, and no value overflows."""

from __future__ import annotations

import dataclasses
import re
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings, strategies as st

from ppa_assigner.config import ConfigError, load

from .test_config import DIGEST, OPTIONS, SHIPPED, uncommented

# -- anything at all ------------------------------------------------------------------------------------------------

WORDS = sorted(
    {
        *re.findall(r"^ *#?(\w+):", SHIPPED.read_text(), flags=re.MULTILINE),
        "ppas",
        "name",
        "token_sha256",
        "role",
        "owners",
        "oidc",
        "issuer",
        "audience",
        "claims",
        "owner",
        "request",
    }
)
VALUES = [
    "~a/ubuntu/x", "ppa:a/{1..9}", "5m", "0", "-1s", "production", "http://x", "unix:/x", "127.0.0.1:1", "0.0.0.0:1",
    DIGEST, "~", "active", "{", "{run_id}", "https://x", "[", "\ud800", "\0",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from(VALUES),
    st.binary(max_size=3),
)
KEYS = st.one_of(st.sampled_from(WORDS), st.text(max_size=5), st.integers(), st.none())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
TOPS = st.fixed_dictionaries(
    {},
    optional={
        "ppas": TREES,
        "pools": st.dictionaries(KEYS, st.dictionaries(KEYS, TREES, max_size=5), max_size=3),
        "retire": TREES,
        "launchpad": st.dictionaries(KEYS, TREES, max_size=5),
        "api": st.one_of(
            TREES, st.fixed_dictionaries({"clients": st.lists(st.dictionaries(KEYS, TREES, max_size=4), max_size=3)})
        ),
        "name": TREES,
    },
)
PIECES = st.sampled_from(
    [*WORDS, *VALUES[:13], ":", ": ", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", "&a ", "*a", "<<: ", '"',
     "'", "|", ">", "#", "!!int ", "!", "%YAML 1.1", "---", "...", "\t", "? ", "\\", "\\U", "99999999", "@",
     "\x85", "\u2028"]
)  # fmt: skip


@pytest.fixture(name="site", scope="module")
def _place() -> Iterator[tuple[Path, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "launchpad").write_text("x")
        yield Path(directory) / "ppas.yaml", {"CREDENTIALS_DIRECTORY": directory}


def told(file: Path, environ: Mapping[str, str]) -> ConfigError | None:
    """What is wrong with the file; None when settings came out.  Any other exception is a failure of the test."""
    try:
        load(file, environ)
    except ConfigError as error:
        return error
    return None


def survives(site: tuple[Path, dict[str, str]], content: bytes) -> None:
    """Settings, or mistakes of one printable line each that stand in the file: nothing else may come out."""
    file, environ = site
    file.write_bytes(content)
    error = told(file, environ)
    if error is None:
        return
    found = error.mistakes
    assert len(str(error).encode().splitlines()) == len(found) > 0
    assert len({(mistake.line, mistake.message) for mistake in found}) == len(found)
    last = len(content.decode("utf-8", "replace").splitlines()) + 1
    assert [mistake for mistake in found if not (1 <= mistake.line <= last and mistake.message.isprintable())] == []


@given(content=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes(site: tuple[Path, dict[str, str]], content: bytes) -> None:
    """No content of a file makes a traceback."""
    survives(site, content)


def test_a_name_of_a_file_that_holds_a_control_character_is_said_on_one_line(
    site: tuple[Path, dict[str, str]],
) -> None:
    """As an escape."""
    survives(site, b'ppas: ["~a/ubuntu/b"]\nlaunchpad: {credentials: "\\x1f"}\n')
    error = told(*site)
    assert error is not None
    assert "\\x1f does not exist" in str(error)


@given(content=st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=500, deadline=None)
def test_any_pieces_of_yaml(site: tuple[Path, dict[str, str]], content: str) -> None:
    """No mixture of YAML's signs and our words makes a traceback."""
    survives(site, content.encode("utf-8", "surrogatepass"))


@given(data=st.one_of(TREES, TOPS))
@settings(max_examples=500, deadline=None)
def test_any_structure(site: tuple[Path, dict[str, str]], data: object) -> None:
    """Whatever stands where something else is expected is a mistake, not a traceback."""
    survives(site, yaml.safe_dump(data, allow_unicode=False).encode())


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_any_broken_option(site: tuple[Path, dict[str, str]], data: st.DataObject) -> None:
    """Any value at any place of a good file gives settings, or mistakes."""
    lines = uncommented().splitlines()
    numbers = [number for number, line in enumerate(lines) if re.match(r" *\w+: \S", line)]
    number = data.draw(st.sampled_from(numbers))
    value = yaml.safe_dump(data.draw(TREES), default_flow_style=True, width=10**6).partition("\n")[0]
    lines[number] = f"{lines[number].partition(':')[0]}: {value}"
    survives(site, "\n".join(lines).encode())


# -- whatever value ---------------------------------------------------------------------------------------------------

LATEST = datetime(2200, 12, 31, tzinfo=UTC)
DIGITS = st.one_of(st.integers(1, 25), st.sampled_from([100, 308, 309, 400, 640, 4300, 5000]))
NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-", "+", "0"]),
    st.builds(lambda digit, count: digit * count, st.sampled_from("0139"), DIGITS),
    st.sampled_from(["", "", ".0", ".5", "e9", "e400", ".0e308", ".0e400", ":30", "_000", "ms", "s", "d", " h"]),
    st.just(""),
)
ODD = st.sampled_from(
    [".inf", "-.inf", "inf", ".nan", "nan", "0x1F", "0o17", "0b1", "010", "1:30:00", "2026-01-01",
     "2026-01-01T00:00:00Z", "~", "on", "!!int 08", "!!float 1", "!!float .nan", "!!timestamp 2026-01-01",
     "!!int '\u0661'", "'\u0661s'", "10000d"]
)  # fmt: skip


def written(place: tuple[str, ...], value: str) -> str:
    """A file in which this option has this value, and which is right beside that."""
    text = value
    for depth in reversed(range(len(place))):
        beside = 'ppas: ["~a/ubuntu/x"], ' if place[:depth] == ("pools", "p") and place[depth] != "ppas" else ""
        text = f"{{{beside}{place[depth]}: {text}}}"
    return text if place[0] in ("ppas", "pools") else 'ppas: ["~a/ubuntu/x"]\n' + text[1:-1]


def bears(value: object) -> None:
    """Durations can be added to any date of a record, waited for, and counted down."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            bears(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            bears(inner)
    elif isinstance(value, float):
        assert LATEST + timedelta(seconds=value) > LATEST - timedelta(seconds=value) or value == 0
        assert value < threading.TIMEOUT_MAX
    elif isinstance(value, int):
        assert -(2**53) < value < 2**53


@given(place=st.sampled_from(OPTIONS), value=st.one_of(NUMBERS, ODD))
@example(place=("pools", "p", "ttl"), value="1" * 400)
@example(place=("launchpad", "timeout", "read"), value="30d")
@settings(max_examples=1500, deadline=None)
def test_any_number_for_any_option(site: tuple[Path, dict[str, str]], place: tuple[str, ...], value: str) -> None:
    """Settings whose use overflows nowhere, or mistakes: the same door for a start and for a reload."""
    text = written(place, value)
    survives(site, text.encode())
    if told(*site) is None:
        found = load(*site)
        bears(found)
        with socket.socket() as one:
            for seconds_ in (found.launchpad.connect, found.launchpad.read, found.launchpad.total):
                one.settimeout(seconds_)
