"""The code blocks of the README, found as Markdown finds them, and which test runs each."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()

RUN_BY = {
    "make demo": "demo/test_demo.py::test_make_demo_and_make_test",
    ". .venv/bin/activate": "demo/test_demo.py::test_what_a_newcomer_tries",
    'ppa-assigner exec --owner "$BUILD_URL"': "demo/test_demo.py::test_a_job_with_exec",
    "lease=$(ppa-assigner assign": "demo/test_demo.py::test_a_job_by_hand",
    "curl -s": "demo/test_demo.py::test_curl",
    "import subprocess": "demo/test_demo.py::test_python",
    'ppa-assigner: {"v":1': "demo/test_demo.py::test_the_record",
    'ppas: ["~ci-pool': "docs/test_blocks.py::test_the_shortest_configuration",
    "ppa-assigner login": "demo/test_demo.py::test_login_says_that_it_cannot_reach_launchpad",
    "ppa-assigner doctor": "demo/test_demo.py::test_doctor",
    "api:": "systemd/test_readme.py::test_clients_and_a_certificate",
    "scrape_configs:": "systemd/test_readme.py::test_prometheus_takes_the_scrape_configuration",
    "journalctl PPA=": "systemd/test_readme.py::test_installed_as_said_and_its_history_read",
    "cp config/ppa-assigner.service": "systemd/test_readme.py::test_installed_as_said_and_its_history_read",
    "HTTP request -> api": "docs/test_blocks.py::test_the_way_of_a_request",
    "make lint": "docs/test_blocks.py::test_targets_of_make",
}
"""How a block begins, and the test that runs it as it stands."""


def blocks(text: str = README) -> list[str]:
    """All of a text: indented lines after an empty one, with empty ones in between."""
    assert "```" not in text, "a block that is fenced would not be found"
    lines = text.splitlines()
    code = [line.startswith("    ") or (not line and _between(lines, number)) for number, line in enumerate(lines)]
    runs = [list(run) for inside, run in groupby(range(len(lines)), code.__getitem__) if inside]
    return ["\n".join(lines[number][4:] for number in run).strip("\n") + "\n" for run in runs]


def block(begins: str) -> str:
    """The one that begins so."""
    (found,) = [each for each in blocks() if each.startswith(begins)]
    return found


def _between(lines: list[str], number: int) -> bool:
    """Whether an empty line has indented ones before and after it."""
    before = next((line for line in reversed(lines[:number]) if line), "")
    after = next((line for line in lines[number:] if line), "")
    return before.startswith("    ") and after.startswith("    ")
