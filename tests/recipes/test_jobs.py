"""The recipes for CI and cron, and the README's Python: what is in them is run, against a real daemon."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from ..fakedaemon import PPA
from ..test_readme import table
from .site import CHANGES, PATIENCE_S, RECIPES, ROOT, Site

pytestmark = pytest.mark.xdist_group("recipes")

README = (ROOT / "README.md").read_text()


def test_every_recipe_is_in_the_readme() -> None:
    """And the other way round."""
    assert {row[0] for row in table("| recipe | is |")} == {path.name for path in RECIPES.iterdir()}


def what_was_tested(workspace: Path) -> tuple[str, str]:
    """What the packages' test was told: PPA and lease."""
    ppa, lease = (workspace / "tested").read_text().split()
    return ppa, lease


def uploaded(site: Site, ppa: str, version: str) -> bool:
    """Whether that PPA ever had this version."""
    sources = site.launchpad.control.packages(ppa)["sources"]
    return any((each["name"], each["version"]) == ("hello", version) for each in sources)


# -- jobs -------------------------------------------------------------------------------------------------------------


def steps_of_github() -> tuple[str, dict[str, str]]:
    document = yaml.safe_load((RECIPES / "github.yml").read_text())
    job = document["jobs"]["ppa"]
    assert set(job["env"]) == {"PPA_ASSIGNER_URL", "PPA_ASSIGNER_TOKEN", "OWNER"}
    return "\n".join(step["run"] for step in job["steps"] if "run" in step), {"OWNER": "https://ci/1"}


def steps_of_gitlab() -> tuple[str, dict[str, str]]:
    document = yaml.safe_load((RECIPES / "gitlab.yml").read_text())
    assert document["ppa"]["variables"] == {"PPA_ASSIGNER_URL": "https://ppas.example.com"}
    return "\n".join(document["ppa"]["script"]), {"CI_JOB_URL": "https://ci/2"}


def steps_of_script() -> tuple[str, dict[str, str]]:
    script = shlex.quote(str(RECIPES / "upload.sh"))
    return f"""{script} https://ci/3 hello_*.changes -- sh -c './test-packages "$PPA"'""", {"X": "https://ci/3"}


JOBS = {"github": steps_of_github, "gitlab": steps_of_gitlab, "script": steps_of_script}


@pytest.mark.parametrize(("job", "code"), [("github", 0), ("gitlab", 3), ("script", 0), ("script", 3)])
def test_a_job_has_a_ppa_and_gives_it_back(site: Site, tmp_path: Path, job: str, code: int) -> None:
    """It uploads to an empty PPA, tests there, ends with the test's code, and the PPA is given back either way."""
    script, variables = JOBS[job]()
    owner = f"{next(iter(variables.values()))}/{code}"
    version = f"1.0-{job}{code}"
    script = script.replace("https://ci/3", owner)
    workspace = site.workspace(tmp_path, version)
    done = site.sh(script, workspace, **{**dict.fromkeys(variables, owner), "CODE": str(code)})
    assert done.returncode == code, done.stderr
    (ppa,) = site.had(owner)
    assert what_was_tested(workspace)[0].removeprefix("ppa:") == ppa.removeprefix("~")
    assert uploaded(site, ppa, version)
    assert site.given_back(owner)


def test_the_script_asks_for_a_ppa_that_never_had_the_version(site: Site, tmp_path: Path) -> None:
    """Launchpad would refuse it: the second upload of a version goes to another PPA.  Bad usage takes none."""
    workspace = site.workspace(tmp_path, "7.7")
    script = f"{shlex.quote(str(RECIPES / 'upload.sh'))} twice hello_7.7_source.changes -- true"
    assert [site.sh(script, workspace).returncode for _ in range(2)] == [0, 0]
    assert len(site.had("twice")) == 2
    assert site.sh(f"{RECIPES}/upload.sh me", workspace).returncode == 64
    assert site.sh(f"{RECIPES}/upload.sh me missing.changes", workspace).returncode == 66
    assert site.had("me") == []


# -- Jenkins ----------------------------------------------------------------------------------------------------------

_TOKENS = re.compile(r"//[^\n]*|'''(?:.|\n)*?'''|'(?:\\.|[^'\\\n])*'|[{}()\[\]]|[^\s'{}()\[\]]+|\s+")
_SECTIONS = {"pipeline", "agent", "options", "environment", "stages", "stage", "steps", "post", "always", "failure"}


@pytest.mark.parametrize(
    ("file", "source", "version"),
    [
        ("a.changes", "x -- touch owned", "1"), ("a.changes", "hello", "1 --pool other"), ("a.changes", "", "1"),
        ("a.changes", "hello", ""), ("a.changes", "hello", "*"), ("a b.changes", "hello", "1"),
        ("-a.changes", "hello", "1"),
    ],
)  # fmt: skip
def test_the_script_takes_no_words_from_what_it_uploads(
    site: Site, tmp_path: Path, file: str, source: str, version: str
) -> None:
    """What is built may be a stranger's: its names are arguments, never options or commands."""
    (tmp_path / file).write_text(f"Source: {source}\nVersion: {version}\n")
    script = f"{shlex.quote(str(RECIPES / 'upload.sh'))} me {shlex.quote(file)} -- touch reached"
    assert site.sh(script, tmp_path).returncode == 65
    assert [path.name for path in tmp_path.iterdir()] == [file]


def blocks(text: str) -> list[tuple[str, str]]:
    """Each `sh` step with the block it is in.  Fails for what is no sequence of words, texts and balanced brackets."""
    assert "".join(_TOKENS.findall(text)) == text
    words = [t for t in _TOKENS.findall(text) if not t.isspace() and not t.startswith("//")]
    open_: list[str] = []
    found: list[tuple[str, str]] = []
    pairs = {"}": "{", ")": "(", "]": "["}
    for before, word in zip(["", *words], words, strict=False):
        if word in pairs.values():
            name = before if before in _SECTIONS else (open_[-1][1:] if open_ else "")
            open_.append(word + name)
        elif word in pairs:
            assert open_.pop()[0] == pairs[word], text
        elif before == "sh":
            found.append((open_[-1][1:], word.strip("'") if word.startswith("'''") else word[1:-1]))
    assert not open_
    return [(block, re.sub(r"\\(.)", r"\1", script)) for block, script in found]


def test_a_pipeline_has_a_ppa_from_stage_to_stage(site: Site, tmp_path: Path) -> None:
    """Its steps are run in order, in shells of their own; the last stage fails, and `post` is run after it."""
    steps = blocks((RECIPES / "Jenkinsfile").read_text())
    last = [script for block, script in steps if block == "always"]
    assert (len(steps), len(last)) == (4, 1)
    variables = {"BUILD_URL": "https://jenkins/7", "BUILD_NUMBER": "7", "JOB_NAME": "hello", "CODE": "3"}
    workspace = site.workspace(tmp_path, "2.0")
    codes = [site.sh(script, workspace, **variables).returncode for _, script in steps[:3]]
    assert codes == [0, 0, 3]
    ppa, lease = what_was_tested(workspace)
    assert uploaded(site, ppa, "2.0")
    assert site.daemon.http.get(f"/v1/leases/{lease}").json()["state"] == "used"
    assert site.sh(last[0], workspace, **variables).returncode == 0
    assert site.given_back(variables["BUILD_URL"])


def test_a_pipeline_that_got_no_ppa_ends_and_gives_none_back(site: Site, tmp_path: Path) -> None:
    """Whatever an earlier build left in the workspace; `post` is fine without a lease, also where no stage ran."""
    first, upload, test, last = [script for _, script in blocks((RECIPES / "Jenkinsfile").read_text())]
    variables = {"BUILD_URL": "https://jenkins/8", "BUILD_NUMBER": "8", "JOB_NAME": "hello"}
    (tmp_path / "ppa.7.env").write_text("export PPA=ppa:earlier PPA_LEASE_ID=earlier\n")
    workspace = site.workspace(tmp_path, "2.1")
    assert site.sh(last, workspace, **variables).returncode == 0
    assert site.sh(first, workspace, **{**variables, "PPA_ASSIGNER_TOKEN": "wrong"}).returncode == 77
    assert all(site.sh(step, workspace, **variables).returncode for step in (upload, test))
    assert site.sh(last, workspace, **variables).returncode == 0
    assert not (workspace / "tested").exists()


# -- cron -------------------------------------------------------------------------------------------------------------


def report(document: object) -> tuple[int, str]:
    """What it prints for this answer of `status --json`."""
    done = subprocess.run(
        [sys.executable, str(RECIPES / "report.py")],
        input=json.dumps(document), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_report_says_who_has_what_and_what_is_wrong(site: Site, tmp_path: Path) -> None:
    """Read from the real command; quiet when nobody has anything and all is well."""
    lease = site.daemon.assign(owner="ticket-9", note="for the release").json()
    done = site.sh(f"ppa-assigner status --json | {RECIPES}/report.py", tmp_path)
    assert done.returncode == 0, done.stderr
    told = f"  {lease['ppa']}: ticket-9, since {lease['since']}, ends {lease['until']} (for the release)\n"
    assert f"\nIn use:\n{told}" in done.stdout
    assert site.daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
    free = {**PPA, "state": "free", "condition": "ok", "tries": 0}
    assert report({"items": [free]}) == (0, "")
    wrong = {**free, "state": "dirty", "condition": "quarantined", "quarantined": "5 tries failed", "tries": 5}
    code, text = report({"items": [free, {**wrong, "fault": "503"}]})
    assert code == 0
    assert text.startswith("2 PPAs: 1 dirty, 1 free\n")
    assert f"To be looked at:\n  {PPA['ppa']}: quarantined, 5 tries failed, 5 cleans failed, 503" in text
    assert report([])[0] == 1


# -- Python -----------------------------------------------------------------------------------------------------------


def test_the_readmes_python_runs(site: Site, tmp_path: Path) -> None:
    """As it stands there; the PPA that it prints was its owner's, and is given back."""
    (tmp_path / "hello_3.0_source.changes").write_text(CHANGES.format(version="3.0"))
    example = re.search(r"From Python[^\n]*\n\n((?:    [^\n]*\n|\n)+)", README)
    assert example is not None
    code = "\n".join(line.removeprefix("    ") for line in example[1].splitlines())
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, env=site.variables(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (ppa,) = site.had("build-77")
    assert done.stdout.split()[0].removeprefix("ppa:") == ppa.removeprefix("~")
    assert site.given_back("build-77")


def test_the_client_is_light_and_typed() -> None:
    """It loads nothing of the daemon nor of the command line, and says to type checkers that it has types."""
    probe = "import sys; from ppa_assigner import Client; Client('http://127.0.0.1:1'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    loaded = set(done.stdout.split())
    assert "ppa_assigner.client.calls" in loaded
    heavy = {"fastapi", "uvicorn", "pydantic", "launchpadlib", "yaml", "typer", "rich", "prometheus_client", "debian"}
    assert not loaded & heavy
    assert (files("ppa_assigner") / "py.typed").is_file()
    assert '"ppa_assigner" = ["py.typed"]' in (ROOT / "pyproject.toml").read_text()
