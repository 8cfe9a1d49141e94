"""Labels and selectors with a daemon in a process of its own, on the stand-in: from the file and from Launchpad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .commandline import cli
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .test_reload import change, pool
from .waiting import until

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in that all tests use, each with PPAs of its own."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "1")
    yield launchpad
    launchpad.stop()


def slug(answer: Any) -> tuple[int, str]:
    """The status and the kind of a problem."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def listed(daemon: Daemon, select: str) -> list[str]:
    """The names of the PPAs that this selects."""
    return [ppa["ppa"].rpartition("/")[2] for ppa in daemon.ppas(select=select)]


def test_a_request_chooses_by_the_labels_of_the_file(tmp_path: Path, launchpad: Launchpad) -> None:
    """And asks again for the same, also after a restart; a reload with other labels wakes who waits."""
    small, big = launchpad.control.ppas("ci-pool", names=["small", "big"])
    daemon = configure(tmp_path, launchpad, ppas=[small], labels={"team": "core"})
    items: list[Any] = [small, {"ppa": big, "labels": {"size": "big"}}]
    with running(daemon):
        daemon.start().wait_for_states(free=1, timeout=PATIENCE_S)
        change(daemon, pools={"default": pool(*items, labels={"team": "core"})})
        daemon.wait_for_states(free=2, timeout=PATIENCE_S)
        assert (listed(daemon, "size=big"), listed(daemon, "team,!size")) == (["big"], ["small"])
        lease = daemon.assign("r", select="size==big").json()
        assert lease["ppa"] == big
        assert slug(daemon.assign("r", select="size", attempt=1)) == (409, "request-id-taken")
        assert slug(daemon.assign(select="size=huge", wait=60)) == (422, "no-match")
        assert slug(daemon.assign(select="size=")) == (422, "no-match")
        none_free = daemon.assign(select="size=big")
        assert slug(none_free) == (409, "none-free")
        assert none_free.json()["counts"]["state"] == {"free": 0, "used": 1, "dirty": 0, "discarded": 0}
        daemon.terminate()
        daemon.start().wait_for_states(free=1, used=1, timeout=PATIENCE_S)
        assert daemon.assign("r", select="size in (big)", attempt=2).json()["id"] == lease["id"]
        assert slug(daemon.assign("r", attempt=3)) == (409, "request-id-taken")
        [of_pool] = daemon.http.get("/v1/pools", params={"select": "team=core"}).json()["items"]
        assert of_pool["labels"] == {"team": "core"}
        assert daemon.http.get("/v1/leases", params={"select": "!size"}).json()["items"] == []


def test_a_request_chooses_by_what_launchpad_tells(tmp_path: Path, launchpad: Launchpad) -> None:
    """Whether it is private, and what it builds for, which a first request has read, and each clean."""
    plain, closed, arm = launchpad.control.ppas("ci-pool", names=["plain", "closed", "arm"])
    launchpad.control.settings(closed, private=True)
    launchpad.control.settings(arm, processors=["arm64"])
    daemon = configure(tmp_path, launchpad, ppas=[plain, closed, arm])
    with running(daemon):
        daemon.start().wait_for_states(free=3, timeout=PATIENCE_S)
        assert listed(daemon, "lp/private=true,lp/owner=ci-pool,lp/distribution=ubuntu") == ["closed"]
        lease = daemon.assign(select="lp/arch-arm64,!lp/arch-amd64").json()
        assert lease["ppa"] == arm
        until(lambda: listed(daemon, "lp/arch-amd64") == ["closed", "plain"], "the processors", PATIENCE_S, every=0.05)
        shown = daemon.http.get(f"/v1/ppas/{arm}").json()["labels"]
        assert shown == {"lp/owner": "ci-pool", "lp/distribution": "ubuntu", "lp/private": "false", "lp/arch-arm64": ""}
        launchpad.control.settings(arm, processors=["amd64"])
        assert daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
        until(lambda: len(listed(daemon, "lp/arch-amd64")) == 3, "the clean, and what is read after it", PATIENCE_S,
              every=0.05)  # fmt: skip
        assert slug(daemon.assign(select="lp/arch-sparc", wait=60)) == (422, "no-match")


def test_the_command_line_selects(tmp_path: Path, launchpad: Launchpad) -> None:
    """A selector that is none is said before anybody is asked; exit codes are those of a mistake."""
    one, two = launchpad.control.ppas("ci-pool", names=["one", "two"])
    items: list[Any] = [one, {"ppa": two, "labels": {"size": "big"}}]
    daemon = configure(tmp_path, launchpad, ppas=items)
    with running(daemon):
        daemon.start().wait_for_states(free=2, timeout=PATIENCE_S)
        url = f"unix:{daemon.address}"
        assert cli("status", "-l", "size", "-o", "name", url=url).stdout == f"{two}\n"
        assert cli("status", one, two, "--select", "!size", "-o", "name", url=url).stdout == f"{one}\n"
        wide = cli("status", two, "-o", "wide", url=url).stdout
        assert "LABELS" in wide
        assert "lp/distribution=ubuntu,lp/owner=ci-pool,lp/private=false,size=big" in wide
        taken = cli("assign", "--owner", "me", "--select", "size=big", url=url)
        assert (taken.returncode, taken.stdout) == (0, f"{two}\n")
        assert cli("leases", "-l", "size=big", "-o", "name", url=url).stdout.count("\n") == 1
        never = cli("assign", "--owner", "me", "--select", "size=huge", "--wait", "5m", url=url)
        assert (never.returncode, never.stderr.count("\n")) == (64, 1)
        assert "can ever match size=huge" in never.stderr
        wrong = cli("exec", "--owner", "me", "--select", "size>1", "--", "true", url=f"unix:{tmp_path}/nobody")
        assert (wrong.returncode, wrong.stderr.count("\n")) == (64, 1)
        assert "--select: selector 'size>1', column 5" in wrong.stderr
