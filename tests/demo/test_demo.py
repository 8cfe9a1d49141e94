"""What README, docs and the demo say to newcomers, run as it stands, on the demo that `make demo` starts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .. import needs
from ..commandline import cli
from ..docs.blocks import block, blocks
from ..docs.pages import ROOT
from ..network import network
from ..processes import environment
from ..recipes.dputs import DPUTS
from ..recipes.packages import package
from ..recipes.site import program
from ..shells import every_shell
from ..waiting import until
from .place import COMMAND_S, URL, Place, made

pytestmark = pytest.mark.xdist_group("readme")

WHOLE_WAY = "/install-and-promote"
LENT = re.compile(r"^ppa:ci-pool/ubuntu/pool-\d{3}$", re.MULTILINE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests."""
    with made(tmp_path_factory.mktemp("newcomer")) as place:
        yield place


def leases(place: Place, owner: str) -> list[str]:
    """What is lent to that owner."""
    return [each["id"] for each in place.asked(f"/v1/leases?owner={owner}")["items"]]


def test_make_demo_and_make_test(demo: Place) -> None:
    """The demo is there; `make test` runs tests, here one file of them."""
    first, second = block("make demo  ").splitlines()
    assert first.startswith("make demo ")
    assert URL in first
    assert URL in demo.printed
    few = {"PYTEST_ADDOPTS": "-q tests/test_reference.py", "MAKEFLAGS": f"VENV={demo.folder}/.venv"}
    done = demo.run(second, cwd=ROOT, **few)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@every_shell
def test_what_a_newcomer_tries(demo: Place, shell: str) -> None:
    """In every shell, without $USER: a PPA is lent and given back, and another for a command."""
    demo.wait()
    script = [
        block(". .venv/bin/activate"),
        block('lease=$(ppa-assigner assign --owner "$(id -un)"'),
        block("ppa-assigner release"),
        block("ppa-assigner exec --owner me -- sh"),
        block("ppa-assigner exec --owner me --select"),
    ]
    done = demo.run("".join(script), shell, PATH="/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ppa:ci-pool/ubuntu/pool-00[45] is big$", done.stdout, re.MULTILINE)
    assert len(LENT.findall(done.stdout)) == 1
    assert re.search(r"^dput -f ppa:ci-pool/ubuntu/pool-\d{3} hello.changes$", done.stdout, re.MULTILINE)
    assert demo.asked("/v1/leases")["items"] == []


@every_shell
def test_what_the_demo_says(demo: Place, shell: str) -> None:
    """Its suggestions, but for the table that is drawn until Ctrl-C, and for what waits for builds: an upload goes
    away with the lease."""
    demo.wait()
    lines = "".join(blocks(demo.printed)).splitlines()
    assert lines.pop() == "ppa-assigner status --watch"
    lines = [line for line in lines if not line.endswith(WHOLE_WAY)]
    done = demo.run("\n".join(lines), shell)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("I have ppa:ci-pool/ubuntu/pool-") == 2
    assert demo.asked("/v1/leases")["items"] == []


@pytest.mark.parametrize("dput", DPUTS)
def test_from_the_upload_to_the_installation(demo: Place, dput: str) -> None:
    """The command that the demo says, with both dputs: its package is taken, built, published, installed and copied."""
    needs.program("apt-get", "apt")
    demo.wait()
    (command,) = [line for line in "".join(blocks(demo.printed)).splitlines() if line.endswith(WHOLE_WAY)]
    done = demo.run(command, PATH=demo.path(dput))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello-ppa 1.0-1 noble: installable" in done.stderr
    assert "hello-ppa (1.0-1)" in done.stdout
    stable = demo.run(f'curl -s {demo.control}packages -d \'{{"ppa": "~ci-pool/ubuntu/stable"}}\'').stdout
    assert {each["status"] for each in json.loads(stable)["sources"]} == {"Published"}


def test_a_job_with_exec(demo: Place, tmp_path: Path) -> None:
    """It needs a script of the job's, and the job's address."""
    program(tmp_path / "upload-and-test.sh", '#!/bin/sh\necho "$PPA"\nexit 3\n')
    done = demo.run(block('ppa-assigner exec --owner "$BUILD_URL"'), cwd=tmp_path, BUILD_URL="https://ci/1")
    assert (done.returncode, len(LENT.findall(done.stdout))) == (3, 1)
    assert leases(demo, "https://ci/1") == []


def test_labels(demo: Place, tmp_path: Path) -> None:
    """As the guide says: the big PPAs are listed, one of them is lent, and one that builds for amd64."""
    demo.wait()
    program(tmp_path / "upload-and-test.sh", '#!/bin/sh\necho "$PPA"\n')
    done = demo.run(block("ppa-assigner status -l"), cwd=tmp_path, BUILD_URL="https://ci/3")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^~ci-pool/ubuntu/(\S+)", done.stdout, re.MULTILINE) == ["pool-004", "pool-005"]
    first, _ = LENT.findall(done.stdout)
    assert first.endswith(("pool-004", "pool-005"))
    assert leases(demo, "https://ci/3") == []


def test_several_at_once(demo: Place, tmp_path: Path) -> None:
    """As the guide says: two of one pool, and one each by its labels; all of it is given back."""
    demo.wait()
    done = demo.run(block("ppa-assigner exec --owner me --count 2"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len({*re.findall(r"ppa:ci-pool/ubuntu/pool-\d+", done.stdout)}) == 2
    listed = "ppa-assigner leases -o wide"
    several = f"ppa-assigner exec --owner me --want default:size=big --want 'default:!size' --wait 60s -- {listed}"
    done = demo.run(several, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[1:]
    assert len(lines) == 2
    left = {line.split()[5] for line in lines}
    assert len(left) == 1, done.stdout  # a member's lease ends with its lead's
    by_request = [f"ppa-assigner {act} several" for act in ("touch", "release")]
    taken = "ppa-assigner assign --owner me --count 2 --wait 60s --request-id several"
    done = demo.run(" && ".join([taken, *by_request]), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    until(lambda: leases(demo, "me") == [], "the members have followed their leads", 10.0)


def test_the_line(demo: Place, tmp_path: Path) -> None:
    """As the tutorial says: who waits is shown with its reason, and goes when it is taken back."""
    demo.wait()
    done = demo.run(block("ppa-assigner exec --owner me --count 5"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (waits,) = [line for line in done.stdout.splitlines() if " you " in line]
    assert "no PPA of pool" in waits
    assert demo.asked("/v1/line")["items"] == []


@every_shell
def test_a_job_by_hand(demo: Place, tmp_path: Path, shell: str) -> None:
    """It needs a package; it uploads the second time too, and gives the PPA back, also when a signal ends it."""
    demo.wait()
    package(tmp_path, version="1.0-1")
    script, dput = block('lease=$(ppa-assigner assign --owner "$BUILD_URL"'), DPUTS[len(shell) % 2]
    variables = {"PATH": demo.path(dput), "BUILD_URL": "https://ci/2"}
    for end, code in (("", 0), ("kill -TERM $$; exit 9", 143)):
        before = arrived(demo)
        done = demo.run(f"{script}\n{end}", shell, tmp_path, **variables)
        assert done.returncode == code, done.stderr
        assert len(arrived(demo)) == len(before) + 1
        assert leases(demo, "https://ci/2") == []


def arrived(place: Place) -> list[str]:
    """What dput uploaded so far."""
    told = json.loads(place.run(f"curl -s {place.control}verdicts -d '{{}}'").stdout)
    return [f"{one['ppa']} {one['source']} {one['version']}" for one in told]


def test_curl(demo: Place) -> None:
    """A lease, as JSON."""
    done = demo.run(block("curl -s"))
    assert done.returncode == 0
    lease = json.loads(done.stdout)
    assert lease["owner"] == "me"
    assert demo.run(f"ppa-assigner release {lease['id']}").returncode == 0


@pytest.mark.parametrize("dput", DPUTS)
def test_python(demo: Place, tmp_path: Path, dput: str) -> None:
    """It needs a package."""
    package(tmp_path, version="3.0")
    (tmp_path / "example.py").write_text(block("import subprocess"))
    done = demo.run("python example.py", cwd=tmp_path, PATH=demo.path(dput))
    assert done.returncode == 0, done.stderr
    (lent,) = LENT.findall(done.stdout)
    assert arrived(demo)[-1] == f"~{lent.removeprefix('ppa:')} hello 3.0"
    assert leases(demo, "build-77") == []


def test_the_record(demo: Place) -> None:
    """The line has the fields that a real one has, in that order."""
    head = re.findall(r'"(\w+)":', block('ppa-assigner: {"v":1'))
    lease = json.loads(demo.run("ppa-assigner assign --owner me --wait 30s --json").stdout)
    name = lease["ppa"].removeprefix("~ci-pool/ubuntu/")
    description = demo.run(f'curl -s {demo.control}description -d \'{{"ppa": "{lease["ppa"]}"}}\'').stdout
    assert demo.run(f"ppa-assigner release {lease['id']}").returncode == 0
    line = re.search(r'ppa-assigner: (\{\\"v\\":1.*\})', description)
    assert line is not None, (name, description)
    assert re.findall(r'\\"(\w+)\\":', line[1])[: len(head)] == head


def test_doctor(demo: Place, tmp_path: Path) -> None:
    """It needs the files of a daemon: here the demo's."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ppas.yaml").write_text(demo.configuration.read_text())
    credentials = tmp_path / "config" / "launchpad.credentials"
    credentials.write_text((demo.configuration.parent / "launchpad.credentials").read_text())
    credentials.chmod(0o600)
    done = demo.run(block("ppa-assigner doctor"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert URL in done.stdout


def test_login_says_that_it_cannot_reach_launchpad(demo: Place, tmp_path: Path) -> None:
    """It needs Launchpad and a person; here neither is: one line says so, and no file is left."""
    done = demo.run(block("ppa-assigner login"), cwd=tmp_path)
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_demo_ends_with_0(tmp_path: Path) -> None:
    """On a signal, without anything to read from its input; and it says so in a line when its port is taken."""
    command = [sys.executable, "-m", "ppa_assigner.cli", "demo"]
    with (
        network() as place,
        (tmp_path / "printed").open("w") as out,
        subprocess.Popen(
            [*place.enter, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(tmp_path)
        ) as process,
    ):
        try:
            until(lambda: "Ctrl-C" in (tmp_path / "printed").read_text(), "the demo", COMMAND_S, every=0.05)
            second = subprocess.run(
                [*place.enter, *command], capture_output=True, text=True, timeout=COMMAND_S, check=False,
                env=environment(tmp_path),
            )  # fmt: skip
            process.send_signal(signal.SIGTERM)
            assert process.wait(COMMAND_S) == 0
        finally:
            process.kill()
    assert second.returncode == 69
    assert second.stderr.count("\n") == 1
    for part in ("127.0.0.1:8020", "Address already in use", "--listen"):
        assert part in second.stderr


def test_the_demo_listens_where_it_is_told(tmp_path: Path) -> None:
    """On a Unix socket too; what it suggests is for there."""
    command = [sys.executable, "-m", "ppa_assigner.cli", "demo", "--listen", f"unix:{tmp_path}/demo.sock"]
    with (
        (tmp_path / "printed").open("w") as out,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(tmp_path)
        ) as process,
    ):  # fmt: skip
        try:
            until(lambda: "Ctrl-C" in (tmp_path / "printed").read_text(), "the demo", COMMAND_S, every=0.05)
            printed = (tmp_path / "printed").read_text()
            suggested = [line.strip() for line in printed.splitlines() if line.startswith("    ")]
            assert suggested[0] == f"export PPA_ASSIGNER_URL=unix:{tmp_path}/demo.sock"
            (asking,) = (line for line in suggested if line.endswith("/v1/pools"))
            place = {**environment(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
            for line in (f"{suggested[0]}; ppa-assigner status", asking):
                done = subprocess.run(
                    ["sh", "-c", line], capture_output=True, text=True, timeout=COMMAND_S, check=True, env=place
                )
                assert "pool" in done.stdout
            second = subprocess.run(
                command, capture_output=True, text=True, timeout=COMMAND_S, check=False, env=environment(tmp_path)
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(COMMAND_S) == 0
        finally:
            process.kill()
    assert second.returncode == 69
    assert "somebody listens there already" in second.stderr


def test_the_demo_is_of_this_host_alone() -> None:
    """Everybody who reaches it may do everything."""
    for address, part in (("0.0.0.0:8021", "not of this host alone"), ("8021", "has no port")):
        done = cli("demo", "--listen", address)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (64, "", 1)
        assert part in done.stderr
