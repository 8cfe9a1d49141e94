"""Which tests the gate runs on which Python, as arguments of pytest: `python3 .ci/parts.py oldest|newest`.

Rule: each test runs on one of them; on both what a version of Python may change: threads, sockets, signals, what it
parses and prints, and the command line.  What is named nowhere here runs on the oldest, with coverage.
"""

from __future__ import annotations

import sys

LONG = (
    "automaton/test_groups_walk.py",
    "automaton/test_kill.py",
    "automaton/test_lying_clocks.py",
    "automaton/test_poison.py",
    "automaton/test_walk.py",
    "automaton/test_ways.py",
    "bench",
    "cleaning",
    "contract",
    "crash",
    "debian",
    "demo",
    "docs",
    "explore",
    "fuzz",
    "house",
    "launchpad/test_hostile_responses.py",
    "launchpad/test_redaction.py",
    "mutation",
    "packages",
    "recipes",
    "soak",
    "systemd",
    "test_allocation_rules.py",
    "test_config_any.py",
    "test_export.py",
    "test_layout.py",
    "test_record_versions.py",
    "trouble",
    "uploads/test_verdict.py",
    "web",
)
"""Those of the newest alone, below tests/: of whole processes, texts and packages, and of what is searched through or
drawn at random.  Coverage would only slow them.
"""
BOTH = (
    "api/test_acceptor.py",
    "api/test_connection.py",
    "api/test_openapi.py",
    "api/test_server.py",
    "launchpad/test_http.py",
    "launchpad/test_semaphore.py",
    "launchpad/test_sockets.py",
    "test_cli.py",
    "test_client.py",
    "test_client_bounds.py",
    "test_exec.py",
    "test_journal.py",
    "test_mailbox.py",
    "test_manual.py",
    "test_pins.py",
    "test_plain_lines.py",
    "test_reaper.py",
    "test_record.py",
    "test_signals.py",
    "test_start.py",
    "test_supervisor_threads.py",
    "test_threads_lost.py",
    "test_timer.py",
    "test_trust.py",
    "test_worker.py",
)
"""Those of both."""
PARTS = {
    "newest": [f"tests/{name}" for name in sorted((*LONG, *BOTH))],
    "oldest": [f"--ignore=tests/{name}" for name in LONG],
}

if __name__ == "__main__":
    sys.stdout.write(" ".join(PARTS[sys.argv[1]]) + "\n")
