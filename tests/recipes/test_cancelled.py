"""A job that is cancelled, as each CI does it: its PPA is given back, and not only when the lease ends by itself.

Between two signals of a CI the test waits for what must happen in between.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ..waiting import until
from .jobs import JOBS, jenkins
from .site import PATIENCE_S, PPAS, Site, program

pytestmark = pytest.mark.xdist_group("recipes")

TESTING = """\
#!{python}
# test-packages: runs until a signal ends it; a stubborn one survives SIGINT
import os, signal, sys
def noted(number, frame):
    open("noted", "w").close()
if {stubborn}:
    signal.signal(signal.SIGINT, noted)
else:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
open("running", "w").write(str(os.getpid()))
os.rename("running", "runs")
while True:
    signal.pause()
"""


def workspace(site: Site, folder: Path, version: str, stubborn: bool = False) -> Path:
    """A job's folder, whose tests run until they are ended."""
    made = site.workspace(folder, version)
    program(made / "test-packages", TESTING.format(python="/usr/bin/env python3", stubborn=stubborn))
    return made


def waits(site: Site) -> int:
    """How many are in line."""
    return int(site.daemon.http.get("/v1/pools").json()["items"][0]["waiting"])


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_cancelled_job_of_github_gives_its_ppa_back(site: Site, tmp_path: Path, stubborn: bool) -> None:
    """SIGINT to the step's first process alone; after 7.5 seconds SIGTERM, 2.5 seconds later all are killed."""
    job = JOBS["github"]()
    owner = f"https://ci/cancelled/{stubborn}"
    folder = workspace(site, tmp_path, f"5.0-{stubborn}", stubborn)
    command, given = job.command(folder)
    with site.step(command, folder, given, **{job.owner: owner}) as step:
        until((folder / "runs").exists, lambda: (folder / "said").read_text(), PATIENCE_S)
        step.send_signal(signal.SIGINT)
        if stubborn:
            until((folder / "noted").exists, "SIGINT in the tests", PATIENCE_S)
            assert step.poll() is None
            step.send_signal(signal.SIGTERM)
        assert step.wait(PATIENCE_S) in (130, 143)
        assert site.given_back(owner)
    assert not Path(f"/proc/{(folder / 'runs').read_text()}").exists()


@pytest.mark.parametrize("job", ["gitlab", "script"])
def test_a_cancelled_job_of_gitlab_gives_its_ppa_back(site: Site, tmp_path: Path, job: str) -> None:
    """SIGTERM to the process group."""
    made = JOBS[job]()
    owner = f"https://ci/cancelled/{job}"
    folder = workspace(site, tmp_path, f"5.1-{job}")
    command, given = made.command(folder)
    with site.step(command, folder, given, **{made.owner: owner}) as step:
        until((folder / "runs").exists, lambda: (folder / "said").read_text(), PATIENCE_S)
        os.killpg(step.pid, signal.SIGTERM)
        assert step.wait(PATIENCE_S) != 0
        until(lambda: site.given_back(owner), "the PPA given back", PATIENCE_S, every=0.05)


def test_an_aborted_build_of_jenkins_gives_its_ppa_back(site: Site, tmp_path: Path) -> None:
    """SIGTERM to all processes of the step; `post` is run after it."""
    (first, upload, _, test), last = jenkins()
    variables = {"BUILD_URL": "https://jenkins/aborted", "BUILD_NUMBER": "99", "JOB_NAME": "hello"}
    folder = workspace(site, tmp_path, "5.2")
    assert [site.sh(step, folder, **variables).returncode for step in (first, upload)] == [0, 0]
    with site.step(["sh", "-xe", "-c", test], folder, **variables) as step:
        until((folder / "runs").exists, lambda: (folder / "said").read_text(), PATIENCE_S)
        os.killpg(step.pid, signal.SIGTERM)
        assert step.wait(PATIENCE_S) != 0
    assert site.sh(last, folder, **variables).returncode == 0
    assert site.given_back(variables["BUILD_URL"])


@pytest.mark.parametrize("job", [*JOBS, "jenkins"])
def test_a_job_that_is_cancelled_while_it_waits_leaves_the_line(site: Site, tmp_path: Path, job: str) -> None:
    """And gets no PPA later."""
    held = [site.daemon.assign(owner="crowd", wait=60).json()["id"] for _ in range(PPAS)]
    owner = f"https://ci/waits/{job}"
    folder = workspace(site, tmp_path, "5.3")
    if job == "jenkins":
        command, given = ["sh", "-xe", "-c", jenkins()[0][0]], ""
        variables = {"BUILD_URL": owner, "BUILD_NUMBER": "100", "JOB_NAME": "hello"}
    else:
        command, given = JOBS[job]().command(folder)
        variables = {JOBS[job]().owner: owner}
    try:
        with site.step(command, folder, given, **variables) as step:
            until(lambda: waits(site) == 1, lambda: (folder / "said").read_text(), PATIENCE_S, every=0.05)
            if job == "github":
                step.send_signal(signal.SIGINT)
            else:
                os.killpg(step.pid, signal.SIGTERM)
            assert step.wait(PATIENCE_S) != 0
            until(lambda: waits(site) == 0, "an empty line", PATIENCE_S, every=0.05)
        if job == "jenkins":
            assert site.sh(jenkins()[1], folder, **variables).returncode == 0
    finally:
        for lease in held:
            site.daemon.http.delete(f"/v1/leases/{lease}")
    assert site.had(owner) == []
