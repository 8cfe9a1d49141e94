"""The code blocks of README and docs, found as Markdown finds them, and which test runs each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from .pages import pages

RUN_BY = {
    "make demo\n": "demo/place.py::made",
    "make demo  ": "demo/test_demo.py::test_make_demo_and_make_test",
    "python3 -m venv /opt": "docs/test_install.py::test_installed_as_said",
    "apt install ./python3-ppa-assigner_": "debian/test_packages.py::test_a_client_alone",
    "apt install ./ppa-assigner_*~bookworm_": "debian/test_self_contained.py::installation",
    "apt install ./ppa-assigner_*~noble_": "debian/test_self_contained.py::installation",
    "apt install ./ppa-assigner_*.deb": "debian/test_packages.py::test_a_daemon_from_its_first_day_to_its_last",
    "apt install --allow-downgrades": "debian/test_packages.py::test_a_daemon_from_its_first_day_to_its_last",
    "ppa-assigner check-config\nsystemctl": "debian/test_packages.py::test_a_daemon_from_its_first_day_to_its_last",
    "apt remove ppa-assigner": "debian/test_packages.py::test_a_daemon_from_its_first_day_to_its_last",
    "pipx install": "debian/test_other_ways.py::test_pipx",
    "ppa-assigner init": "packages/test_packages.py::test_from_the_wheel_to_a_daemon_that_lends",
    ". .venv/bin/activate": "demo/test_demo.py::test_what_a_newcomer_tries",
    'lease=$(ppa-assigner assign --owner "$(id -un)"': "demo/test_demo.py::test_what_a_newcomer_tries",
    "ppa-assigner release": "demo/test_demo.py::test_what_a_newcomer_tries",
    "ppa-assigner exec --owner me -- sh": "demo/test_demo.py::test_what_a_newcomer_tries",
    "ppa-assigner exec --owner me --select": "demo/test_demo.py::test_what_a_newcomer_tries",
    "ppa-assigner exec --owner me --count 2": "demo/test_demo.py::test_several_at_once",
    "ppa-assigner exec --owner me --count 5": "demo/test_demo.py::test_the_line",
    'ppa-assigner exec --owner "$BUILD_URL"': "demo/test_demo.py::test_a_job_with_exec",
    "ppa-assigner exec --upload": "uploads/test_exec_upload.py::test_as_it_is_documented",
    'lease=$(ppa-assigner assign --owner "$BUILD_URL"': "demo/test_demo.py::test_a_job_by_hand",
    "curl -s": "demo/test_demo.py::test_curl",
    "import subprocess": "demo/test_demo.py::test_python",
    'ppa-assigner: {"v":1': "demo/test_demo.py::test_the_record",
    'ppas: ["~ci-pool': "docs/test_blocks.py::test_the_shortest_configuration",
    "pools:\n  default:\n    grow:": "docs/test_blocks.py::test_the_shortest_pool_that_grows",
    "ppa-assigner login": "demo/test_demo.py::test_login_says_that_it_cannot_reach_launchpad",
    "ppa-assigner doctor": "demo/test_demo.py::test_doctor",
    "api:": "systemd/test_docs.py::test_clients_and_a_certificate",
    "clients:\n  - name: github": "test_config_clients.py::test_the_docs_show_clients_that_are_right",
    "clients:\n  - name: gitlab": "test_config_clients.py::test_the_docs_show_clients_that_are_right",
    "clients:\n  - name: cluster": "test_config_clients.py::test_the_docs_show_clients_that_are_right",
    "pools:\n  default:\n    labels:": "docs/test_blocks.py::test_labels",
    "ppa-assigner status -l": "demo/test_demo.py::test_labels",
    "scrape_configs:": "systemd/test_docs.py::test_prometheus_takes_the_scrape_configuration",
    "journalctl PPA=": "systemd/test_docs.py::test_installed_as_said_and_its_history_read",
    "cp config/ppa-assigner.service": "systemd/test_docs.py::test_installed_as_said_and_its_history_read",
    "HTTP request -> api": "docs/test_blocks.py::test_the_way_of_a_request",
    "make lint": "docs/test_blocks.py::test_targets_of_make",
}
"""How a block begins, and the test that runs it as it stands."""
FOR_USERS = re.compile(r"README\.md|docs/(tutorial|reference|how-to/(?!add-)|explanation/architecture).*")
"""The pages whose blocks are all run; others show code of this repository."""


def blocks(text: str) -> list[str]:
    """All of a text: between fences, or indented lines after an empty one, with empty ones in between.  Directives of
    the site's builder are none.
    """
    lines = text.splitlines()
    return [block for fence, run in _parts(lines) for block in (_fenced(run) if fence else _indented(run))]


def documented() -> dict[str, str]:
    """The blocks of the pages for users, each with its page; a block may stand in several."""
    found = ((block, path) for path, text in pages().items() if FOR_USERS.fullmatch(path) for block in blocks(text))
    return dict(found)


def block(begins: str) -> str:
    """The one that begins so."""
    (found,) = [each for each in documented() if each.startswith(begins)]
    return found


def _parts(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """The lines outside and inside fences, in turn; inside, with the opening fence."""
    inside, part = False, list[str]()
    for line in lines:
        if line.startswith("```"):
            yield inside, part
            inside, part = not inside, [] if inside else [line]
        else:
            part.append(line)
    assert not inside, "a fence that is not closed"
    yield inside, part


def _fenced(lines: list[str]) -> list[str]:
    opening, *inner = lines
    return [] if opening.startswith("```{") else ["\n".join(inner) + "\n"]


def _indented(lines: list[str]) -> list[str]:
    code = [line.startswith("    ") or (not line and _between(lines, number)) for number, line in enumerate(lines)]
    runs = [list(run) for inside, run in groupby(range(len(lines)), code.__getitem__) if inside]
    return ["\n".join(lines[number][4:] for number in run).strip("\n") + "\n" for run in runs]


def _between(lines: list[str], number: int) -> bool:
    """Whether an empty line has indented ones before and after it."""
    before = next((line for line in reversed(lines[:number]) if line), "")
    after = next((line for line in lines[number:] if line), "")
    return before.startswith("    ") and after.startswith("    ")
