"""`exec --upload`, on real processes: the real dput uploads, the real apt reads, and each thing that can go wrong."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.standin.aptroot import make_root
from ppa_assigner.standin.sources import write_source
from tests import needs
from tests.commandline import Done, cli, environment, started
from tests.docs.blocks import block
from tests.processes import Daemon, Launchpad, configure, running, running_launchpad
from tests.recipes.dputs import DPUTS, install_real
from tests.recipes.site import program
from tests.shells import run
from tests.waiting import until

_NUMBERS = itertools.count(1)
# Prints what COMMAND was told, as JSON.
TOLD = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('PPA')}))"
# With an apt below $ROOT, as a job would: what it is told is all that it has.
INSTALL = """
set -eu
cp "$PPA_SOURCES" "$ROOT/etc/apt/sources.list.d/ppa.sources"
export APT_CONFIG="$ROOT/apt.conf"
apt-get -q update
apt-get -q -y --download-only install "$PPA_VERSIONS"
ls "$ROOT/var/cache/apt/archives"
"""


@dataclass
class Place:
    """A folder with a source package, and the daemon and Launchpad that it is uploaded to."""

    launchpad: Launchpad
    daemon: Daemon
    folder: Path
    dput: str = "dput"
    name: str = field(default_factory=lambda: f"hello-{next(_NUMBERS)}")

    @property
    def environment(self) -> dict[str, str]:
        """With that dput, and the stand-in's door."""
        bin_ = self.folder / "bin"
        if not bin_.exists():
            install_real(self.dput, self.folder)
        path = f"{bin_}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.folder), "PPA_ASSIGNER_UPLOAD_TO": self.door}

    @property
    def door(self) -> str:
        """Where uploads go."""
        return f"{self.launchpad.service_root}upload/"

    @property
    def url(self) -> str:
        """The daemon's address."""
        return f"unix:{self.daemon.address}"

    def changes(self, **more: Any) -> Path:
        """A package of its own."""
        return write_source(self.folder, self.name, **more)

    def exec(self, *arguments: str, **more: str) -> Done:
        """Run it to its end."""
        line = ("exec", "--owner", "ci", "--wait", "60", *arguments)
        return cli(*line, url=self.url, env={**self.environment, **more})

    def leases(self) -> list[dict[str, Any]]:
        """What is lent."""
        found: list[dict[str, Any]] = self.daemon.http.get("/v1/leases").json()["items"]
        return found

    def uploads(self) -> list[dict[str, Any]]:
        """What Launchpad got of this package."""
        return [one for one in self.launchpad.control.verdicts() if one["source"] == self.name]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launchpad, Daemon]]:
    """PPAs in which all happens by itself, and at once."""
    with running_launchpad("--ppas", "10") as launchpad:
        launchpad.control.building(queue=0, take=0, upload=0, every=0.05)
        launchpad.control.automatic(publisher=0.5, death_row=0.5)
        launchpad.control.signing_key("ci-pool")
        daemon = configure(tmp_path_factory.mktemp("exec-upload"), launchpad)
        document = json.loads(daemon.config.read_text())
        document["launchpad"]["snapshots"] = f"{launchpad.service_root}snapshot/{{owner}}/{{name}}/ubuntu/{{at}}"
        daemon.config.write_text(json.dumps(document))
        with running(daemon):
            yield launchpad, daemon.start()


@pytest.fixture
def place(stage: tuple[Launchpad, Daemon], tmp_path: Path) -> Iterator[Place]:
    """Nothing is lent after it."""
    place = Place(*stage, tmp_path)
    yield place
    place.launchpad.control.build_unrule()
    assert place.leases() == []


@pytest.mark.parametrize("dput", DPUTS)
def test_from_the_upload_to_the_install_in_one_command(place: Place, dput: str) -> None:
    """The real dput, the real apt with the signature checked; the PPA is given back, and the file for apt is gone."""
    needs.program("apt-get", "apt")
    place.dput = dput
    root = place.folder / "root"
    make_root(root)
    command = ("--", "sh", "-c", f"{INSTALL}\necho file $PPA_SOURCES; stat -c %a $PPA_SOURCES")
    done = place.exec("--upload", str(place.changes()), *command, ROOT=str(root))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{place.name}_1.0-1_all.deb" in done.stdout
    path, mode = done.stdout.split("file ")[1].split()
    assert (mode, Path(path).exists()) == ("644", False)
    assert [one["reason"] for one in place.uploads()] == [None]
    assert list(place.folder.glob("*.upload")) == []


def test_of_several_ppas_the_first_one_gets_the_upload(place: Place) -> None:
    """It says so, and what COMMAND is told besides is about that one."""
    line = 'echo "$PPA_REFERENCE $PPA_REFERENCE_1 $PPA_VERSIONS"'
    done = place.exec("--count", "2", "--for", "accepted", "--upload", str(place.changes()), "--", "sh", "-c", line)
    assert done.returncode == 0, done.stderr
    first, second, versions = done.stdout.split()
    assert f"uploading to {first}, the first of 2 PPAs" in done.stderr
    assert first != second
    assert versions == f"{place.name}=1.0-1"
    assert [one["ppa"] for one in place.uploads()] == [first]


def test_as_it_is_documented(place: Place) -> None:
    """The command of README, as it stands."""
    place.name = "hello"
    place.changes()
    program(place.folder / "test-the-install.sh", '#!/bin/sh\ntest -f "$PPA_SOURCES" && echo "$PPA_VERSIONS"\n')
    variables = environment(place.url, **place.environment, BUILD_URL="https://ci/1")
    variables["PATH"] = f"{variables['PATH']}:{Path(sys.executable).parent}"
    done = run("bash", block("ppa-assigner exec --upload"), variables, place.folder)
    assert (done.returncode, done.stdout) == (0, "hello=1.0-1\n"), done.stderr


def test_stdout_is_the_commands_and_it_is_told_all(place: Place) -> None:
    """dput and the builds are on stderr; several files, in a row as a shell writes them."""
    other = write_source(place.folder, f"{place.name}-b", "2:1.0", series="jammy")
    files = ("--upload", str(place.changes()), str(other))
    done = place.exec(*files, "--for", "published", "--", sys.executable, "-c", TOLD)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["PPA_VERSIONS"] == f"{place.name}=1.0-1 {place.name}-b=2:1.0"
    assert told["PPA"].startswith("ppa:ci-pool/ubuntu/")
    assert "ploading" in done.stderr
    assert f"{place.name} 1.0-1 noble: published" in done.stderr
    assert not Path(told["PPA_SOURCES"]).exists()
    owner, _, name = told["PPA"].removeprefix("ppa:").split("/")
    assert told["PPA_SNAPSHOT"].endswith("Z")
    address = f"{place.launchpad.service_root}snapshot/{owner}/{name}/ubuntu/{told['PPA_SNAPSHOT']}"
    assert httpx.get(f"{address}/dists/noble/InRelease").status_code == 200


def test_without_a_command_it_tests_the_build(place: Place) -> None:
    """0 when it can be installed; nothing on stdout."""
    done = place.exec("--upload", str(place.changes()), "--timeout", "50")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    done = place.exec("--for", "accepted", "--upload", str(place.changes(version="1.0-2")))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dput", DPUTS)
def test_a_log_of_an_earlier_upload_changes_nothing(place: Place, dput: str) -> None:
    """dput would do nothing, and say that all is well: the job would wait for what never comes."""
    place.dput = dput
    changes = place.changes()
    for host in ("ppa-assigner", "ppa"):
        line = f"Successfully uploaded {changes.name} to {place.door} for {host}.\n"
        changes.with_name(f"{changes.stem}.{host}.upload").write_text(line)
    done = place.exec("--upload", str(changes), "--for", "accepted")
    assert done.returncode == 0, done.stderr
    assert len(place.uploads()) == 1


def test_a_failed_build_runs_nothing(place: Place) -> None:
    """65, with the address of the log."""
    place.launchpad.control.build_rule(state="Failed to build", source=place.name)
    done = place.exec("--upload", str(place.changes()), "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (65, "")
    assert "Failed to build" in done.stderr
    assert "log" in done.stderr


def test_a_rejected_upload_runs_nothing(place: Place) -> None:
    """It leaves no trace, and 65 says so once `appear` is over."""
    place.launchpad.control.door(signer="stranger")
    try:
        done = place.exec("--upload", str(place.changes()), "--appear", "2s", "--", "echo", "ran")
    finally:
        place.launchpad.control.door(signer="ppa-bot")
    assert (done.returncode, done.stdout) == (65, "")
    assert [bool(one["reason"]) for one in place.uploads()] == [True]
    assert "did not appear" in done.stderr or "rejected" in done.stderr


def test_a_dput_that_fails_is_told_and_nothing_is_waited_for(place: Place) -> None:
    """65 at once: a file is missing that the .changes names."""
    changes = place.changes()
    next(place.folder.glob("*.orig.tar.gz")).unlink()
    done = place.exec("--upload", str(changes), "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (65, "")
    assert "dput failed with exit code" in done.stderr
    assert place.uploads() == []


def test_without_dput_no_ppa_is_taken(place: Place) -> None:
    """127, as a shell says of what cannot be found; and it is said what to install."""
    done = place.exec("--upload", str(place.changes()), "--", "/bin/echo", "ran", PATH=str(place.folder / "nothing"))
    assert (done.returncode, done.stdout) == (127, "")
    assert "install the package dput or dput-ng" in done.stderr


def test_what_is_uploaded_is_not_uploaded_where_it_is_burnt(place: Place) -> None:
    """The same version again, in the next PPA."""
    changes = place.changes()
    for _ in range(2):
        assert place.exec("--upload", str(changes), "--for", "accepted").returncode == 0
    first, second = place.uploads()
    assert first["ppa"] != second["ppa"]
    assert first["reason"] is second["reason"] is None


def test_the_time_is_up(place: Place) -> None:
    """75, and what it waited for."""
    place.launchpad.control.automatic(publisher=None)
    try:
        done = place.exec("--upload", str(place.changes(version="1.0-3")), "--for", "published", "--timeout", "1s")
    finally:
        place.launchpad.control.automatic(publisher=0.5)
    assert done.returncode == 75
    assert "the time is up" in done.stderr


def test_a_lease_that_ends_while_it_waits(place: Place) -> None:
    """77: an operator's release, for one."""
    place.launchpad.control.automatic(publisher=None)
    try:
        line = ("exec", "--owner", "ended", "--wait", "60", "--upload", str(place.changes()), "--", "echo", "ran")
        with started(*line, url=place.url, env=place.environment) as run:
            until(lambda: len(place.uploads()) == 1)
            (lease,) = place.leases()
            place.daemon.http.delete(f"/v1/leases/{lease['id']}")
            out, err = run.communicate(timeout=60)
    finally:
        place.launchpad.control.automatic(publisher=0.5)
    assert (run.returncode, out) == (77, ""), err
    assert "is over" in err or "is lost" in err


def test_a_private_ppa_is_read_with_the_jobs_own_login(place: Place) -> None:
    """Without one nothing is uploaded; with one apt reads it by a file that nobody else may read."""
    needs.program("apt-get", "apt")
    control, ppa = place.launchpad.control, "~ci-pool/ubuntu/pool-010"
    control.settings(ppa, private=True)
    login = control.subscribe(ppa, control.person("ann").removeprefix("~"))
    auth = place.folder / "auth.conf"
    auth.write_text(f"machine {place.launchpad.service_root} login {login['user']} password {login['password']}\n")
    files = ("--ppa", ppa, "--upload", str(place.changes()))
    until(lambda: place.daemon.http.get(f"/v1/ppas/{ppa}").json()["state"] == "free")
    done = place.exec(*files)
    assert done.returncode == 64
    assert "is private" in done.stderr
    assert place.uploads() == []
    root = place.folder / "root"
    make_root(root)
    command = ("--", "sh", "-c", f"{INSTALL}\nstat -c %a $PPA_SOURCES")
    done = place.exec(*files, "--auth", str(auth), *command, ROOT=str(root))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[-1] == "600"
    assert login["password"] not in done.stdout + done.stderr + place.daemon.log
