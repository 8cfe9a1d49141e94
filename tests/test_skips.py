"""What may be skipped, and that the docs say so."""

from __future__ import annotations

import re
from pathlib import Path

from .docs.pages import page
from .shells import SHELLS

TESTS = Path(__file__).parent
ROOT = TESTS.parent
ALLOWED = {
    "needs.py": "fails where one is missing",
    "bench/test_bench.py": "labgrid",
    "bench/test_failed.py": "more file descriptors",
    "contract/test_launchpad_contract.py": "credentials",
    "contract/test_probes.py": "the record of what it answered",
    "contract/test_wadl.py": "the record of what it answered",
    "standin/test_process.py": "more file descriptors",
}
"""The files that may skip something, with what docs/how-to/develop.md says of it."""
EVERYWHERE = {"sh", "bash", "dash", "make", "unshare", "nsenter"}
"""Programs that no machine lacks on which `make test` runs; the last two are of util-linux."""


def said() -> str:
    """What the docs say of it."""
    text = page("docs/how-to/develop.md")
    return " ".join(text[text.index("On a bare machine those are skipped") :].partition("\n\n")[0].split())


def test_nothing_is_skipped_that_the_docs_do_not_name() -> None:
    """A test that lacks a program goes by needs.py, which the gate lets fail; all else is named here and there."""
    skip = re.compile(r"pytest\.skip\(|mark\.skip|importorskip|skipTest")
    others = {path: path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py") if path != Path(__file__)}
    assert {name for path, name in others.items() if skip.search(path.read_text())} == set(ALLOWED)
    assert all(words in said() for words in ALLOWED.values())


def test_every_program_is_named_and_installed_by_the_gate() -> None:
    """Whatever a test needs of its host."""
    texts = [path.read_text() for path in TESTS.rglob("*.py")]
    asked = re.compile(r'needs\.program\("([\w.-]+)"')
    needed = {name for text in texts for name in asked.findall(text)} | {words[0] for words in SHELLS.values()}
    assert {"openssl", "zsh", "promtool"} <= needed
    gate = (ROOT / ".ci" / "run").read_text()
    for name in sorted(needed - EVERYWHERE):
        assert re.search(rf"\b{name}\b", said()), name
        assert re.search(rf"^need\w* (\S*/)?{name} ", gate, re.MULTILINE), name
    assert "PPA_ASSIGNER_TEST_ALL=required" in gate


def test_no_test_asks_at_the_port_where_a_demo_may_listen() -> None:
    """A process of ours that is told nothing would look there: tests that start one name its daemon."""
    named = re.compile(r"""["'(]https?://(127\.0\.0\.1|localhost):8020""")
    found = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py") if named.search(path.read_text())}
    in_networks_of_their_own = {
        *("debian/test_packages.py", "demo/place.py"),
        *("systemd/test_life.py", "systemd/test_restarts.py"),
    }
    never_asked = {"api/test_auth.py", "doctor/test_host.py", "test_export.py"}
    assert found <= in_networks_of_their_own | never_asked, found
