"""The journal as the history of PPAs and leases: what its fields find, on a real journald."""

from __future__ import annotations

import json

from .installed import SERVICE, Assigner

OWNER = "ticket 77\nPRIORITY=0\nPPA=~ci-pool/ubuntu/another"


def found(assigner: Assigner, *matches: str) -> list[dict[str, str]]:
    """The entries that journalctl finds."""
    done = assigner.machine.run("journalctl", "--no-pager", "--output", "json", *matches, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_journal_is_the_history_of_a_ppa(assigner: Assigner) -> None:
    """By PPA and by lease; no owner writes entries or fields of its own; traces of the unit are all there."""
    first, second = assigner.new_pool(2)
    assigner.configure([first, second], look_every="1s")
    assigner.start(free=2)
    lease = assigner.assign("build-77", owner=OWNER, ppa=first).result(60.0).body
    assert assigner.assign("none", ppa=first).result(60.0).status == 409
    assert assigner.ask("DELETE", f"/v1/leases/{lease['id']}").result(60.0).status == 200
    assigner.wait_for_free(2)
    history = found(assigner, f"PPA={first}")
    assert [entry["STATE"] for entry in history] == ["dirty", "free", "used", "dirty", "free"]
    assert [entry["WHY"] for entry in history] == ["taken in", "proved clean", "assigned", "released", "proved clean"]
    assert {(entry["_SYSTEMD_UNIT"], entry["SYSLOG_IDENTIFIER"], entry["PRIORITY"]) for entry in history} == {
        (SERVICE, "ppa-assigner", "6")
    }
    used, dirty = found(assigner, f"LEASE={lease['id']}")
    assert [(entry["OWNER"], entry["REQUEST_ID"], entry["POOL"]) for entry in (used, dirty)] == [
        (OWNER, "build-77", "default")
    ] * 2
    assert found(assigner, f"LEASE={lease['id']}", "STATE=used") == [used]
    assert not found(assigner, "PPA=~ci-pool/ubuntu/another")
    (refused,) = found(assigner, "REQUEST_ID=none")
    assert (refused["PRIORITY"], refused["MESSAGE"].split(":")[0]) == ("6", "none-free")
    warned = [e["MESSAGE"] for e in found(assigner, "--priority", "warning", f"_SYSTEMD_UNIT={SERVICE}")]
    assert warned == []
