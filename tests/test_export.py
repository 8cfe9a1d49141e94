"""`assign --export`, read by the shells that people have: after a failure no script goes on, with whatever PPA.

What documents say of it is run as it stands there.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.cli.run import demo_text

from .commandline import DEADLINE_S, cli, environment, started
from .docs.pages import pages
from .fakedaemon import LEASE, FakeDaemon, Held, Reply, problem
from .ports import free_port
from .shells import every_shell, run

ROOT = Path(__file__).parent.parent
LEASES = "/v1/leases"
ASSIGN = ("assign", "--owner", "x", "--export")
EARLIER = {"PPA": "ppa:earlier", "PPA_REFERENCE": "~earlier", "PPA_LEASE_ID": "earlier", "PPA_WEB": "https://earlier"}
UNSET = "unset -v PPA PPA_REFERENCE PPA_LEASE_ID PPA_WEB; (exit {code})\n"
TOLD = 'printf "%s|" "${PPA-}" "${PPA_REFERENCE-}" "${PPA_LEASE_ID-}" "${PPA_WEB-}"'
GOT = "|".join((LEASE["dput"], LEASE["ppa"], LEASE["id"], LEASE["web"], ""))


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with FakeDaemon() as fake:
        yield fake


# -- what is printed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem(409, "none-free"), 75),
        (problem(409, "superseded"), 77),
        (problem(401, "unauthorized"), 77),
        (problem(404, "unknown-pool"), 64),
        (problem(500, "internal-error"), 70),
        (problem(503, "launchpad-unavailable"), 69),
    ],
)
def test_a_refusal_unsets_the_variables_and_fails_with_its_code(daemon: FakeDaemon, answer: Reply, code: int) -> None:
    """People read why on stderr."""
    daemon.on("POST", LEASES, answer)
    done = cli(*ASSIGN, url=daemon.url)
    assert (done.returncode, done.stdout) == (code, UNSET.format(code=code))
    assert "because of" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("assign", "--export"),
        ("assign", "--owner", "x", "--export", "--frob"),
        ("--frob", *ASSIGN),
        ("asign", "--owner", "x", "--export"),
        (*ASSIGN, "--json"),
        (*ASSIGN, "--wait", "soon"),
        (*ASSIGN, "--token-file", "/nonexistent"),
        ("assign", "--owner", "x", "--export=yes"),
    ],
)
def test_a_line_that_cannot_be_read_does_so_too(arguments: tuple[str, ...]) -> None:
    """It is told by its words, for nobody knows its options."""
    done = cli(*arguments, url=f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (64, UNSET.format(code=64))
    assert done.stderr


def test_nobody_there_does_so_too() -> None:
    """69."""
    done = cli(*ASSIGN, url=f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (69, UNSET.format(code=69))


def test_a_bug_does_so_too(daemon: FakeDaemon) -> None:
    """An answer that makes no sense."""
    daemon.on("POST", LEASES, Reply(201, b"nonsense"))
    done = cli(*ASSIGN, url=daemon.url)
    assert done.returncode
    assert done.stdout == UNSET.format(code=done.returncode)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_does_so_too(daemon: FakeDaemon, number: signal.Signals) -> None:
    """Nothing but SIGKILL keeps it from that."""
    daemon.on("POST", LEASES, Held(Reply(201, LEASE))).on("DELETE", LEASES, Reply(200))
    with started(*ASSIGN, "--wait", "10m", url=daemon.url) as process:
        daemon.wait_for("POST", LEASES)
        process.send_signal(number)
        out, _ = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out) == (128 + number, UNSET.format(code=128 + number))


def test_what_exec_runs_has_stdout_to_itself(daemon: FakeDaemon) -> None:
    """The words after it are another program's."""
    daemon.on("POST", LEASES, problem(409, "none-free"))
    assert cli("exec", "--owner", "x", "env", *ASSIGN, url=daemon.url).stdout == ""
    assert cli("exec", "--owner", "x", "--", "env", *ASSIGN, url=daemon.url).stdout == ""


# -- in shells --------------------------------------------------------------------------------------------------------


@every_shell
def test_values_reach_the_shell_as_they_are(daemon: FakeDaemon, shell: str) -> None:
    """Whatever they hold: nothing leaves its quotes."""
    web = 'https://x/\'$(echo pwned)`id`\\n\\\\ "!!" *?[a] ~ #; \u00e9 & | % = {a,b}'
    daemon.on("POST", LEASES, Reply(201, LEASE | {"web": web}))
    text = cli(*ASSIGN, url=daemon.url).stdout
    done = run(shell, f"{text}{TOLD}; env", environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(GOT.replace(LEASE["web"], web))
    assert f"\nPPA_WEB={web}\n" in f"\n{done.stdout}"


def programs(folder: Path) -> dict[str, Path]:
    """Folders that have a `ppa-assigner`: the real one, one that is killed, none."""
    real, killed, missing = (folder / name for name in ("real", "killed", "missing"))
    for place in (real, killed, missing):
        place.mkdir()
    (real / "ppa-assigner").symlink_to(Path(sys.executable).parent / "ppa-assigner")
    (killed / "ppa-assigner").write_text("#!/bin/sh\nkill -9 $$\n")
    (killed / "ppa-assigner").chmod(0o755)
    return {"real": real, "killed": killed, "missing": missing}


def documented() -> dict[str, str]:
    """Every place where something is said for a shell to evaluate, with what it says."""
    texts = {**pages(), "config/recipes/Jenkinsfile": (ROOT / "config/recipes/Jenkinsfile").read_text()}
    texts["demo"] = demo_text("http://127.0.0.1:8020", "http://127.0.0.1:1/")
    texts["help"] = re.sub(r"\s+", " ", cli("assign", "--help", env={"COLUMNS": "500"}).stdout)
    found: dict[str, str] = {}
    for place, text in texts.items():
        for each in re.findall(r"""lease=\$\(ppa-assigner assign.*--export\) \|\| exit;?\s+eval "\$lease\"""", text):
            found[f"{place} {len(found)}"] = each.replace("assign … --export", "assign --owner me --export")
        assert len(re.findall(r"eval (?!..\(cat )", text)) == sum(each.startswith(place) for each in found), (
            f"{place}: an eval of another form"
        )
    return found


def outcome(shell: str, text: str, path: Path, url: str, before: str) -> tuple[int, str]:
    """How a script with that line in it ends, in which an earlier lease's variables are there, and $USER is not."""
    env = {**environment(url), **EARLIER, "PATH": f"{path}:/usr/bin:/bin", "BUILD_URL": "https://ci/1"}
    env.pop("USER", None)
    done = run(shell, f"{before}{text}\n{TOLD}", env)
    return done.returncode, done.stdout


@every_shell
@pytest.mark.parametrize("before", ["", "set -e\n", "set -eu\n"])
def test_what_is_documented_holds(daemon: FakeDaemon, tmp_path: Path, shell: str, before: str) -> None:
    """With a PPA the script goes on with that; without, also where the program is missing or killed, it ends."""
    folders = programs(tmp_path)
    lines = documented()
    assert {"README.md", "docs/how-to/ci.md", "demo", "help"} <= {each.split()[0] for each in lines}
    texts = list(lines.values()) if before == "" else list(lines.values())[:1]
    busy = problem(409, "none-free")
    daemon.on("POST", LEASES, *[Reply(201, LEASE), busy] * len(texts), busy)
    for text in texts:
        at_once = re.sub(r" --wait \w+", "", text)
        assert outcome(shell, text, folders["real"], daemon.url, before) == (0, GOT)
        assert outcome(shell, at_once, folders["real"], daemon.url, before) == (75, "")
        assert outcome(shell, text, folders["missing"], daemon.url, before) == (127, "")
        assert outcome(shell, text, folders["killed"], daemon.url, before) == (137, "")
    away = f"http://127.0.0.1:{free_port()}"
    if before == "":
        assert outcome(shell, at_once, folders["real"], away, before) == (69, "")


@every_shell
@pytest.mark.parametrize("before", ["", "set -e\n", "set -eu\n"])
def test_evaluated_at_once_a_failure_ends_the_script_too(
    daemon: FakeDaemon, tmp_path: Path, shell: str, before: str
) -> None:
    """With its code; without `|| exit` at least no PPA is left."""
    real = programs(tmp_path)["real"]
    line = 'eval "$(ppa-assigner assign --owner me --export)"'
    daemon.on("POST", LEASES, Reply(201, LEASE), problem(409, "none-free"))
    assert outcome(shell, f"{line} || exit", real, daemon.url, before) == (0, GOT)
    assert outcome(shell, f"{line} || exit", real, daemon.url, before) == (75, "")
    assert outcome(shell, line, real, daemon.url, before) == ((75, "") if before else (0, "||||"))


def test_several_ppas_have_numbered_variables() -> None:
    """The first one has the plain names; numbers of more PPAs, taken together before, are unset."""
    first, second = {**LEASE}, {**LEASE, "id": "5d2a", "ppa": "~ci-pool/ubuntu/pool-002"}
    told = {"group": "g", "request_id": "build-77", "attempt": 0, "leases": [first, second]}
    with FakeDaemon() as daemon:
        daemon.on("POST", "/v1/leases", Reply(201, told))
        earlier = {"PPA": "first", "PPA_1": "second", "PPA_2": "third", "PPA_WEB_2": "its page", "PPA_2X": "mine"}
        done = cli("assign", "--owner", "me", "--count", "2", "--export", url=daemon.url, env=earlier)
        lines = done.stdout.splitlines()
        assert "export PPA_LEASE_ID='4c1f'" in lines
        assert "export PPA_LEASE_ID_1='5d2a'" in lines
        assert lines[-1] == "unset -v PPA_2 PPA_WEB_2"
        assert daemon.requests[0].body["want"] == [{"count": 2}]
        listed = cli("assign", "--owner", "me", "--want", "default", "--want", "big:size=big", url=daemon.url)
        assert listed.stdout.split() == [first["ppa"], second["ppa"]]
        assert daemon.requests[1].body["want"] == [
            {"pool": "default"}, {"pool": "big", "select": "size=big"}
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        (("--count", "3"), 2),
        (("--count=2", "--select", "size=big"), 1),
        (("--want", "default", "--want=big:size=big"), 1),
        (("--count", "65"), 63),
        (("--count", "several"), 0),
        ((), 0),
    ],
)
def test_a_refusal_unsets_what_may_be_there_and_no_more(asked: tuple[str, ...], most: int) -> None:
    """For as many PPAs as were asked for, and those that an earlier command exported."""
    away = f"http://127.0.0.1:{free_port()}"
    done = cli(*ASSIGN, *asked, url=away, env={"PPA_70": "a late one", "PPA_LEASE_ID_70": "its lease"})
    names = [f"{name}_{number}" for number in range(1, most + 1) for name in EARLIER]
    expected = " ".join([*EARLIER, *names, "PPA_70", "PPA_LEASE_ID_70"])
    assert done.stdout == f"unset -v {expected}; (exit {done.returncode})\n"


@every_shell
def test_after_a_refusal_nothing_is_left_of_a_group(shell: str) -> None:
    """Neither of the first PPA nor of the others."""
    line = 'lease=$(ppa-assigner assign --owner me --count 2 --export) || true; eval "$lease"'
    away, path = f"http://127.0.0.1:{free_port()}", f"{Path(sys.executable).parent}:/usr/bin:/bin"
    earlier = {**EARLIER, "PPA_1": "the second", "PPA_LEASE_ID_2": "the third's"}
    told = f'{line}; printf "%s|" "$?" "${{PPA-}}" "${{PPA_1-}}" "${{PPA_LEASE_ID_2-}}"'
    assert run(shell, told, environment(away, PATH=path, **earlier)).stdout == "69||||"


def test_what_exec_runs_sees_no_ppas_of_an_earlier_group(daemon: FakeDaemon) -> None:
    """It has one PPA, and is told of one."""
    daemon.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", f"{LEASES}/{LEASE['id']}", Reply(200))
    line = 'echo "$PPA ${PPA_1-unset} $PPA_X_1"'
    earlier = {"PPA_1": "earlier", "PPA_X_1": "mine"}
    told = cli("exec", "--owner", "me", "--", "sh", "-c", line, url=daemon.url, env=earlier)
    assert told.stdout == f"{LEASE['dput']} unset mine\n"
