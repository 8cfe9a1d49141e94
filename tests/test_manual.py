"""The manual pages and what shells complete: everything that the parser knows is in them, read by the real programs."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner import __version__
from ppa_assigner.cli import manual
from ppa_assigner.cli.app import parser
from ppa_assigner.cli.manual import Roff

from . import needs
from .commandline import environment, killed_at_last
from .docs.pages import table
from .fakedaemon import FakeDaemon, Held, Reply
from .ports import free_port

Offers = Callable[..., list[str]]
GROUP: Any = parser()
PATIENCE_S = 60.0
AGAIN_S = 5.0

pytestmark = pytest.mark.xdist_group("manual")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return dict(manual.pages())


@pytest.fixture(scope="module")
def shown(pages: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each page as people see it.  What groff has to complain of fails the test."""
    needs.program("groff", "groff-base")
    folder = tmp_path_factory.mktemp("man")
    found = {}
    for path in manual.write(folder):
        done = subprocess.run(
            ["groff", "-ww", "-man", "-Tutf8", "-Kutf8", "-rLL=300n", str(path)],
            capture_output=True, text=True, timeout=PATIENCE_S, check=True, env={**os.environ, "GROFF_NO_SGR": "1"},
        )  # fmt: skip
        assert done.stderr == ""
        found[path.name] = re.sub(".\b", "", done.stdout)
    assert set(found) == set(pages)
    return found


def test_every_command_option_and_argument_is_there(shown: dict[str, str]) -> None:
    """With its help, word by word."""
    program = words(shown["ppa-assigner.1"])
    assert f"ppa-assigner {__version__}" in program
    for name, command in GROUP.commands.items():
        page = words(shown[f"ppa-assigner-{name}.1"])
        first = words(command.help.split("\n\n")[0])
        assert name in program
        assert first in program
        assert words(command.help) in page
        assert "-h, --help" in page
        for param in command.params:
            assert all(option in page for option in param.opts if option.startswith("-")), (name, param.opts)
            assert words(param.help) in page, (name, param.opts)


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_synopsis_says_what_must_be_there(shown: dict[str, str]) -> None:
    """Required options by name; arguments in brackets if they may be left out."""
    assert "ppa-assigner exec [OPTIONS] [COMMAND]...\n" in shown["ppa-assigner-exec.1"]
    assert "ppa-assigner status [OPTIONS] [PPA]...\n" in shown["ppa-assigner-status.1"]
    assert "ppa-assigner hold --for TIME [OPTIONS] [LEASE]\n" in shown["ppa-assigner-hold.1"]
    assert "--on-lost stop|warn\n" in shown["ppa-assigner-exec.1"]
    assert (
        "[default: $PPA_ASSIGNER_CONFIG, else ./config/ppas.yaml, else /etc/ppa-assigner/ppas.yaml]"
        in shown["ppa-assigner-run.1"]
    )


def test_exit_codes_are_those_of_the_docs() -> None:
    """Code by code, in the same words."""
    assert {str(code): text for code, text in manual.EXIT_CODES.items()} == dict(table("| code | means |"))


def test_variables_are_those_of_the_docs() -> None:
    """All of them."""
    told = {name for row in table("| variable | means |") for name in row[0].split("`, `")}
    assert told == {name for names in manual.ENVIRONMENT for name in names.split(", ")}


def test_what_is_no_letter_stays_what_it_is() -> None:
    """Neither requests at the beginning of a line nor escapes are taken for roff; what is not ASCII is written."""
    page = Roff("X", "1", "", "")
    page.text(".so /etc/passwd \\*[x] 'quoted' ~ — ``")
    page.text("'br")
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tutf8", "-Kutf8"],
        input=page.finished(), capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert ".so /etc/passwd \\*[x] 'quoted' ~ — ``" in done.stdout
    assert "'br" in done.stdout


def test_make_man_writes_them(tmp_path: Path) -> None:
    """The same bytes each time, and `man` reads them without a warning."""
    first = subprocess.run(
        [sys.executable, "-m", "ppa_assigner.cli.manual", str(tmp_path)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    ).stdout.split()  # fmt: skip
    assert {Path(name).name: Path(name).read_text() for name in first} == manual.pages()
    if shutil.which("man") is not None:
        done = subprocess.run(
            ["man", "--warnings", "--local-file", first[0]],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


# -- completion -------------------------------------------------------------------------------------------------------


HOSTILE = (
    "4c1f;touch$IFS$9owned",
    "4c1f$(touch owned)",
    "4c1f`touch owned`",
    "4c1f x",
    "4c1f\nplain,4c1f2",
    "4c1f'",
    "",
)
"""Ids are what anybody who may edit a PPA wrote into its record."""


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """What it lists has words in it that no shell may be offered."""
    with FakeDaemon() as fake:
        names = [{"ppa": f"~ci-pool/ubuntu/pool-{n:03}"} for n in (1, 2)]
        fake.on("GET", "/v1/ppas", Reply(200, {"items": [*names, {"ppa": "nonsense"}, "nonsense"]}))
        fake.on("GET", "/v1/pools", Reply(200, {"items": [{"pool": "default"}, {"pool": "debug"}, {"pool": "arm"}]}))
        fake.on("GET", "/v1/leases", Reply(200, {"items": [{"id": each} for each in ("4c1f", "9be2", *HOSTILE)]}))
        yield fake


def variables(url: str, **more: str) -> dict[str, str]:
    """The command is found as its users find it."""
    return environment(url, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more)


@pytest.fixture(scope="module")
def source() -> str:
    """What a shell evaluates to know how to ask."""
    done = subprocess.run(
        ["ppa-assigner"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=True,
        env=variables("", _PPA_ASSIGNER_COMPLETE="source_bash"),
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def bash(source: str) -> Offers:
    """What bash would offer for the last word: its own way of asking, without a terminal."""
    script = f"""
        {source}
        complete -p ppa-assigner | grep -q -- '-F _ppa_assigner_completion' || exit 3
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _ppa_assigner_completion ppa-assigner
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """

    def offered(url: str, *line: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", script, "bash", "ppa-assigner", *line],
            capture_output=True, text=True, timeout=PATIENCE_S, check=True, env=variables(url),
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.split()

    return offered


def test_bash_offers_commands_options_and_what_the_daemon_knows(daemon: FakeDaemon, bash: Offers) -> None:
    """PPAs in both forms, pools, leases; nothing that the daemon said wrongly."""
    assert bash(daemon.url, "") == list(GROUP.commands)
    assert bash(daemon.url, "exec", "--on") == ["--on-lost"]
    assert bash(daemon.url, "status", "") == ["~ci-pool/ubuntu/pool-001", "~ci-pool/ubuntu/pool-002"]
    assert bash(daemon.url, "assign", "--pool", "de") == ["debug", "default"]
    assert bash(daemon.url, "release", "4") == ["4c1f"]
    assert bash(daemon.url, "show", "4") == ["4c1f"]
    assert bash(daemon.url, "show", "") == ["~ci-pool/ubuntu/pool-001", "~ci-pool/ubuntu/pool-002"]
    assert bash(daemon.url, "leases", "-o", "") == ["wide", "json", "yaml", "name"]


def test_the_daemon_that_the_line_names_is_asked(daemon: FakeDaemon, bash: Offers, tmp_path: Path) -> None:
    """With the token that it names; whatever cannot be used is no reason to say anything."""
    (tmp_path / "token").write_text("secret\n")
    away = f"http://127.0.0.1:{free_port()}"
    line = ["adopt", "--url", daemon.url, "--token-file", str(tmp_path / "token"), "~ci-pool/ubuntu/pool-00"]
    assert len(bash(away, *line)) == 2
    assert daemon.requests[-1].headers["Authorization"] == "Bearer secret"
    assert bash(away, "adopt", "--token-file", "/none", "~") == []
    assert bash("gopher://x", "adopt", "~") == []


def test_a_daemon_that_is_away_or_hangs_offers_nothing(bash: Offers) -> None:
    """Silently, and soon: somebody has pressed a key and waits."""
    assert bash(f"http://127.0.0.1:{free_port()}", "status", "") == []
    with FakeDaemon() as daemon:
        daemon.on("GET", "/v1/ppas", Held(Reply(200, {"items": [{"ppa": "~ci-pool/ubuntu/pool-001"}]})))
        assert bash(daemon.url, "status", "") == []
        assert daemon.calls("GET", "/v1/ppas")


def test_bash_on_a_terminal(daemon: FakeDaemon) -> None:
    """A person presses TAB."""
    prompt = ["bash", "--norc", "--noprofile", "-i"]
    said = typed(prompt, 'eval "$(_PPA_ASSIGNER_COMPLETE=source_bash ppa-assigner)"\n', "~", daemon.url)
    assert "quarantine ~ci-pool/ubuntu/pool-00" in said


def test_zsh_on_a_terminal(daemon: FakeDaemon) -> None:
    """The same in zsh, which itself completes what begins with a tilde: as names of users."""
    needs.program("zsh", "zsh")
    setup = 'autoload -Uz compinit; compinit -u -D; eval "$(_PPA_ASSIGNER_COMPLETE=source_zsh ppa-assigner)"\n'
    assert "ci-pool/ubuntu/pool-00" in typed(["zsh", "-f", "-i"], setup, "", daemon.url)


def test_fish(daemon: FakeDaemon, tmp_path: Path) -> None:
    """fish tells itself what it would offer, with the help."""
    needs.program("fish", "fish")
    script = '_PPA_ASSIGNER_COMPLETE=source_fish ppa-assigner | source; complete -C "ppa-assigner qua"; '
    done = subprocess.run(
        ["fish", "--no-config", "-c", f'{script} complete -C "ppa-assigner resume ~ci"'],
        capture_output=True, text=True, timeout=PATIENCE_S, check=True, env=variables(daemon.url, HOME=str(tmp_path)),
    )  # fmt: skip
    command, *ppas = done.stdout.splitlines()
    assert command.split("\t") == ["quarantine", "Keep a PPA from being lent and cleaned."]
    assert [each.split("\t")[0] for each in ppas] == ["~ci-pool/ubuntu/pool-001", "~ci-pool/ubuntu/pool-002"]


OWNER = "https://ci.example/job/archive-rebuild/job/noble-proposed/architecture/amd64/4711/"


@pytest.fixture
def lending() -> Iterator[FakeDaemon]:
    """Of three leases two have an owner that would be run where a shell were shown it as it is."""
    ours = {"ppa": "~ci-pool/ubuntu/pool-001", "request_id": "build-77", "owner": OWNER}
    theirs = {
        "ppa": "~ci-pool/ubuntu/pool-002",
        "request_id": "build-78",
        "owner": '"$(touch owned)" `touch owned`\'\\',
    }
    others = theirs | {"request_id": "build-79", "owner": "`touch owned`'\\"}
    leases = [{"id": "4c1f"} | ours, {"id": "4c2f"} | theirs, {"id": "5c1f"} | others]
    with FakeDaemon() as fake:
        yield fake.on("GET", "/v1/leases", Reply(200, {"items": leases}))


def test_ids_are_shown_with_their_ppa_and_owner(lending: FakeDaemon, tmp_path: Path) -> None:
    """Of an owner that is long the end, where a job's number stands; nothing in it means anything to a shell."""
    needs.program("fish", "fish")
    script = "_PPA_ASSIGNER_COMPLETE=source_fish ppa-assigner | source; "
    for line, words in (
        ("release 4", ["4c1f", "4c2f"]),
        ("hold --for 1h ppa:", ["ppa:ci-pool/ubuntu/pool-001", "ppa:ci-pool/ubuntu/pool-002"]),
        ("withdraw ", ["build-77", "build-78", "build-79"]),
    ):
        done = subprocess.run(
            ["fish", "--no-config", "-c", f'{script} complete -C "ppa-assigner {line}"'],
            capture_output=True, text=True, timeout=PATIENCE_S, check=True, cwd=tmp_path,
            env=variables(lending.url, HOME=str(tmp_path)),
        )  # fmt: skip
        shown = dict(each.split("\t") for each in done.stdout.splitlines())
        assert list(shown) == words
        told = shown[words[0]]
        assert told.endswith("amd64/4711/")
        assert told.startswith("..." if "ppa:" in line else "~ci-pool/ubuntu/pool-001 ...")
        assert all(shown[word].endswith(("???touch owned??", "?touch owned???")) for word in words[1:])


def test_zsh_shows_them_and_runs_nothing_of_them(lending: FakeDaemon, tmp_path: Path) -> None:
    """It evaluates what it is offered."""
    needs.program("zsh", "zsh")
    setup = 'autoload -Uz compinit; compinit -u -D; eval "$(_PPA_ASSIGNER_COMPLETE=source_zsh ppa-assigner)"\n'
    with terminal(["zsh", "-f", "-i"], f"cd {tmp_path}; {setup}", lending.url) as master:
        os.write(master, b"ppa-assigner release ")
        shown = _read(master, "?touch owned???", press="\t")
    assert "4c1f  -- ~ci-pool/ubuntu/pool-001 ..." in shown
    assert "amd64/4711/" in shown
    assert list(tmp_path.iterdir()) == []


def typed(shell: list[str], setup: str, begun: str, url: str) -> str:
    """What a terminal shows when TAB is pressed after the beginnings of a command and of a PPA."""
    with terminal(shell, setup, url) as master:
        os.write(master, b"ppa-assigner quar\t")
        shown = _read(master, "ppa-assigner quarantine")
        os.write(master, begun.encode())
        return shown + _read(master, "pool-00", press="\t")


@contextmanager
def terminal(shell: list[str], setup: str, url: str) -> Iterator[int]:
    """A shell that waits on a terminal, set up by this line."""
    master, slave = pty.openpty()
    settings = variables(url, TERM="dumb", PS1="ready> ", PROMPT="ready> ", HISTFILE="")
    process = subprocess.Popen(shell, stdin=slave, stdout=slave, stderr=slave, env=settings, start_new_session=True)
    os.close(slave)
    with killed_at_last(process), suppress(OSError):
        _read(master, "ready> ")
        os.write(master, (setup + "echo set''-up\n").encode())
        _read(master, "set-up")
        yield master
    os.close(master)


def _read(master: int, wanted: str, press: str = "") -> str:
    """Until that was shown, without what moves the cursor.  `press` a key as a person does, who presses it again when
    nothing comes: a completion that takes long on a busy host gives up and offers nothing.
    """
    shown, end = "", time.monotonic() + PATIENCE_S
    os.write(master, press.encode())
    while wanted not in shown and time.monotonic() < end:
        if not select.select([master], [], [], AGAIN_S)[0]:
            os.write(master, press.encode())
            continue
        shown += os.read(master, 4096).decode("utf-8", "replace")
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\x07|\x08", "", shown)
    assert wanted in shown, shown
    return shown
