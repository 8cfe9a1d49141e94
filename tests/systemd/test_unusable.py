"""What cannot be used is said once: no loop, by restarts or by connections that wait in the socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .installed import CONFIG, CREDENTIALS, PATIENCE_S, SERVICE, SOCKET, Assigner

BROKEN = "ppas:\n  - ~ci-pool/ubuntu/a\nttl: soon\n"


def broken_list(assigner: Assigner) -> str:
    """A list with a mistake in its third line."""
    assigner.machine.put(CONFIG, BROKEN)
    return f"{CONFIG}:3: ttl"


def no_credentials(assigner: Assigner) -> str:
    """systemd by itself would say `Protocol error`, and try again every second."""
    assigner.machine.path(CREDENTIALS).unlink()
    return f"is the file there that LoadCredential= in its unit names ({CREDENTIALS})?"


@pytest.mark.parametrize("breaks", [broken_list, no_credentials])
def test_a_client_of_what_cannot_be_used_is_refused(assigner: Assigner, breaks: Callable[[Assigner], str]) -> None:
    """A connection starts it once: exit 78, failed, no restart, the reason in the journal; the socket is closed, or
    that one connection would start it for ever.
    """
    assigner.configure(assigner.new_pool(1))
    reason, before = breaks(assigner), assigner.machine.journal(SERVICE).count("status=78")
    assigner.machine.systemctl("start", SOCKET)
    waits = assigner.ask("GET", "/healthz")
    assert isinstance(waits.exception(PATIENCE_S), ConnectionError)  # reset with the socket
    assigner.wait_for(lambda: assigner.show("ActiveState") == "failed", "the end")
    assigner.wait_for(lambda: assigner.show("ActiveState", SOCKET) == "inactive", "the socket's end")
    shown = assigner.machine.show(SERVICE)
    wanted = {"Result": "exit-code", "ExecMainStatus": "78", "NRestarts": "0"}
    assert {key: shown[key] for key in wanted} == wanted, assigner.machine.journal(SERVICE)
    assert isinstance(assigner.ask("GET", "/healthz").exception(PATIENCE_S), ConnectionRefusedError)
    assert reason in assigner.said_by(shown["ExecMainPID"], "--priority", "err")
    assert assigner.machine.journal(SERVICE).count("status=78") == before + 1


def test_a_bad_configuration_found_after_a_crash_is_said_once_and_a_start_cures_it(assigner: Assigner) -> None:
    """It ran, its list was broken, it was killed: the restart that Restart=always owes is the last.  Corrected and
    started again it serves as before: the service brings its socket along.
    """
    ppas = assigner.new_pool(1)
    assigner.configure(ppas)
    assigner.start(free=1)
    reason = broken_list(assigner)
    assigner.signal("KILL")
    assigner.wait_for(lambda: assigner.show("ExecMainStatus") == "78", "the second start's end")
    assigner.wait_for(lambda: assigner.show("ActiveState", SOCKET) == "inactive", "the socket's end")
    assert (assigner.show("NRestarts"), assigner.show("ActiveState")) == ("1", "failed")
    assert reason in assigner.said_by(assigner.show("ExecMainPID"))
    assigner.configure(ppas)
    assigner.machine.systemctl("start", SERVICE)
    assigner.wait_for_free(1)


def test_what_is_not_configured_yet_neither_starts_nor_fails(assigner: Assigner) -> None:
    """As it is right after the units were installed.  With a list in /etc, which the commands find too, a start is
    all it takes.
    """
    ppas = assigner.new_pool(1)
    assigner.configure(ppas)
    assigner.machine.path(CONFIG).unlink()
    assigner.machine.systemctl("start", SOCKET, SERVICE)
    for unit in (SOCKET, SERVICE):
        shown = assigner.machine.show(unit)
        wanted = {"ConditionResult": "no", "ActiveState": "inactive", "Result": "success"}
        assert {key: shown[key] for key in wanted} == wanted
    assert isinstance(assigner.ask("GET", "/healthz").exception(PATIENCE_S), ConnectionRefusedError)
    assigner.configure(ppas)
    check = "cd / && CREDENTIALS_DIRECTORY=/etc/ppa-assigner exec ppa-assigner check-config"
    assert "1 PPA" in assigner.machine.run("sh", "-c", check).stdout
    assigner.start(free=1)
