"""The recipes for CI: what is in them is run, with the real dput, against a real daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..docs.pages import table
from .dputs import DPUTS
from .jobs import JOBS, jenkins
from .site import RECIPES, Site

pytestmark = pytest.mark.xdist_group("recipes")


def test_every_recipe_is_documented() -> None:
    """And the other way round."""
    assert {row[0] for row in table("| recipe | is |")} == {path.name for path in RECIPES.iterdir()}


def what_was_tested(workspace: Path) -> tuple[str, str]:
    """What the packages' test was told last: PPA and lease."""
    ppa, lease = (workspace / "tested").read_text().splitlines()[-1].split()
    return "~" + ppa.removeprefix("ppa:"), lease


@pytest.mark.parametrize(("job", "code"), [("github", 0), ("gitlab", 3), ("script", 0), ("script", 3)])
def test_a_job_has_a_ppa_and_gives_it_back(site: Site, tmp_path: Path, job: str, code: int) -> None:
    """It uploads to an empty PPA, tests there, ends with the test's code, and the PPA is given back either way."""
    step = JOBS[job]()
    owner = f"https://ci/{job}/{code}"
    version = f"1.0-{job}{code}"
    workspace = site.workspace(tmp_path, version)
    done = site.sh(step.script, workspace, **{step.owner: owner, "CODE": str(code)})
    assert done.returncode == code, done.stderr
    (ppa,) = site.had(owner)
    assert what_was_tested(workspace)[0] == ppa
    assert site.arrived(version) == [ppa]
    assert site.given_back(owner)


@pytest.mark.parametrize("dput", DPUTS)
@pytest.mark.parametrize("job", JOBS)
def test_a_second_run_in_the_same_folder_uploads_again(site: Site, tmp_path: Path, job: str, dput: str) -> None:
    """To a PPA that never had that version; no PPA is tested that has nothing in it."""
    step = JOBS[job]()
    version = f"2.0-{job}.{dput}"
    workspace = site.workspace(tmp_path, version)
    tested = []
    for run in ("first", "second"):
        done = site.sh(step.script, workspace, dput=dput, **{step.owner: f"https://ci/{job}/{dput}/{run}"})
        assert done.returncode == 0, done.stderr
        tested.append(what_was_tested(workspace)[0])
        assert site.arrived(version) == tested


@pytest.mark.parametrize("job", JOBS)
def test_a_job_without_a_ppa_ends(site: Site, tmp_path: Path, job: str) -> None:
    """With the command's code when it gets none, with the shell's when the program is missing; nothing is uploaded."""
    step = JOBS[job]()
    workspace = site.workspace(tmp_path, "3.0")
    owner = {step.owner: "https://ci/none"}
    assert site.sh(step.script, workspace, **owner, PPA_ASSIGNER_TOKEN="wrong").returncode == 77
    assert site.sh(step.script, workspace, **owner, PATH="/usr/bin:/bin").returncode == 127
    assert not (workspace / "tested").exists()
    assert list(workspace.glob("*.upload")) == []


# -- Jenkins ----------------------------------------------------------------------------------------------------------


def build(number: int) -> dict[str, str]:
    """The variables of a build."""
    return {"BUILD_URL": f"https://jenkins/{number}", "BUILD_NUMBER": str(number), "JOB_NAME": "hello"}


@pytest.mark.parametrize("dput", DPUTS)
def test_a_pipeline_has_a_ppa_from_stage_to_stage(site: Site, tmp_path: Path, dput: str) -> None:
    """Its steps are run in order, in shells of their own; the last stage fails, and `post` is run after it.  The same
    again in the same workspace.
    """
    steps, last = jenkins()
    version = f"4.0-{dput}"
    workspace = site.workspace(tmp_path, version)
    tested = []
    for number in (7, 8):
        variables = build(number + 10 * DPUTS.index(dput)) | {"CODE": "3"}
        codes = [site.sh(step, workspace, dput=dput, **variables).returncode for step in steps]
        assert codes == [0, 0, 0, 3]
        ppa, lease = what_was_tested(workspace)
        assert site.had(variables["BUILD_URL"]) == [ppa]
        tested.append(ppa)
        assert site.arrived(version) == tested
        assert site.daemon.http.get(f"/v1/leases/{lease}").json()["state"] == "used"
        assert site.sh(last, workspace, **variables).returncode == 0
        assert site.given_back(variables["BUILD_URL"])
    assert list(workspace.glob("ppa.*")) == []


def test_a_pipeline_that_got_no_ppa_ends_and_gives_none_back(site: Site, tmp_path: Path) -> None:
    """Whatever an earlier build left in the workspace; `post` is fine without a lease, also where no stage ran."""
    (first, *others), last = jenkins()
    variables = build(77)
    (tmp_path / "ppa.76.env").write_text("export PPA=ppa:earlier PPA_LEASE_ID=earlier\n")
    workspace = site.workspace(tmp_path, "4.1")
    assert site.sh(last, workspace, **variables).returncode == 0
    assert site.sh(first, workspace, **{**variables, "PPA_ASSIGNER_TOKEN": "wrong"}).returncode == 77
    assert all(site.sh(step, workspace, **variables).returncode for step in others)
    assert site.sh(last, workspace, **variables).returncode == 0
    assert not (workspace / "tested").exists()


def test_a_pipeline_whose_lease_has_ended_uploads_nothing(site: Site, tmp_path: Path) -> None:
    """It is asked for before each stage that needs it."""
    (first, *others), _ = jenkins()
    variables = build(78)
    workspace = site.workspace(tmp_path, "4.2")
    assert site.sh(first, workspace, **variables).returncode == 0
    (lease,) = site.daemon.http.get("/v1/leases", params={"owner": variables["BUILD_URL"]}).json()["items"]
    assert site.daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
    assert [site.sh(step, workspace, **variables).returncode for step in others] == [77, 77, 77]
    assert list(workspace.glob("*.upload")) == []
