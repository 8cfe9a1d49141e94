"""The shipped units on a real systemd: how the service starts, what it may do, what it obeys, how it ends."""

from __future__ import annotations

import os
import re
import resource
import time

from .installed import CONFIG, CREDENTIALS, PATIENCE_S, SERVICE, SOCKET, UNITS, Assigner

EXPOSURE = 1.5


def test_it_is_active_once_it_serves_as_somebody_without_rights(assigner: Assigner) -> None:
    """Type=notify, socket activation, LoadCredential, DynamicUser, CacheDirectory: all at work under one start."""
    assigner.configure(assigner.new_pool(2))
    assigner.start(free=2)
    shown = assigner.machine.show(SERVICE)
    assert (shown["ActiveState"], shown["Type"], shown["NRestarts"]) == ("active", "notify", "0")
    assigner.wait_for(
        lambda: assigner.show("StatusText") == "http://127.0.0.1:8020: 2 PPAs, 2 free, 0 used, 0 dirty",
        "the status text",
    )
    assert assigner.show("TriggeredBy") == SOCKET
    status = assigner.process("status")
    ids = re.findall(r"^[UG]id:\s+(\d+)", status, re.MULTILINE)
    assert all(int(one) >= 61184 for one in ids), status  # those that systemd draws for DynamicUser
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    limits = assigner.process("limits")
    many = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])  # no more than the host allows
    assert re.search(rf"^Max open files\s+{many}\s", limits, re.MULTILINE), limits
    assert re.search(r"^Max core file size\s+0\s+0", limits, re.MULTILINE)
    assert assigner.machine.path(CREDENTIALS).stat().st_mode & 0o777 == 0o600
    assert "credentials" not in assigner.machine.path(CONFIG).read_text()
    check_what_may_be_written(assigner)


def check_what_may_be_written(assigner: Assigner) -> None:
    """launchpadlib's description of the service is in CacheDirectory; everything else refuses, as that very user."""
    cache = assigner.machine.path("/var/cache/private/ppa-assigner")
    assert any(file.is_file() for file in cache.rglob("*"))
    assert assigner.as_service("touch", "/var/cache/ppa-assigner/probe").returncode == 0
    for folder in ("/etc", "/etc/ppa-assigner", "/usr/bin", "/srv/assigner", "/var/lib", "/run", "/root"):
        assert assigner.as_service("touch", f"{folder}/probe").returncode != 0, folder
    for file in (CREDENTIALS, os.path.expanduser("~root/.profile"), "/proc/1/environ", "/proc/meminfo"):
        assert assigner.as_service("cat", file).returncode != 0, file
    assert assigner.as_service("cat", CONFIG).returncode == 0


def test_systemd_finds_nothing_to_complain_about(assigner: Assigner) -> None:
    """`systemd-analyze verify` is silent, and `security` knows little that could be closed still."""
    verified = assigner.machine.run("systemd-analyze", "verify", f"{UNITS}/{SERVICE}", f"{UNITS}/{SOCKET}")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    told = assigner.machine.run("systemd-analyze", "security", "--no-pager", SERVICE).stdout
    found = re.search(r"Overall exposure level for ppa-assigner.service: ([\d.]+)", told)
    assert found is not None, told
    assert float(found[1]) <= EXPOSURE, told


def test_it_is_not_active_when_it_cannot_serve(assigner: Assigner) -> None:
    """A socket of another kind is no start: it is tried again, with the reason in the journal, never ready."""
    assigner.configure(assigner.new_pool(1))
    assigner.drop_in(SOCKET, "[Socket]\nListenStream=\nNoDelay=no\nListenSequentialPacket=/run/assigner.packets\n")
    assert assigner.machine.run("systemctl", "start", SERVICE).returncode != 0
    told = assigner.wait_for_journal("does not listen for streams")
    assert "status=69" in told
    assert assigner.show("ActiveEnterTimestampMonotonic") == "0" or "Started ppa-assigner" not in told


def test_a_reload_takes_a_good_list_and_refuses_a_broken_one(assigner: Assigner) -> None:
    """New PPAs appear; mistakes are in the journal, as errors with their line, and change nothing."""
    first, second = assigner.new_pool(1), assigner.new_pool(1)
    assigner.configure(first)
    assigner.start(free=1)
    pid = assigner.main_pid
    assigner.configure(first + second)
    assigner.machine.systemctl("reload", SERVICE)
    assigner.wait_for_free(2)
    assigner.machine.put(CONFIG, "launchpad: {}\n\nppas: [nonsense]\n")
    assigner.machine.systemctl("reload", SERVICE)
    assigner.wait_for_journal(f"{CONFIG}:3: ppas[0]")
    errors = assigner.said_by(pid, "--priority", "err")
    assert f"{CONFIG}:3: ppas[0]" in errors
    assert "proved clean" not in errors
    assigner.wait_for(lambda: assigner.show("SubState") == "running", "the end of the reload")
    assert (assigner.states(), assigner.main_pid) == (["free", "free"], pid)


def test_stopping_answers_those_who_wait_and_is_final(assigner: Assigner) -> None:
    """503 with a ticket, exit 0; with the socket nothing is left that would start it again: clients are refused."""
    assigner.configure(assigner.new_pool(1))
    assigner.start(free=1)
    assert assigner.assign("holder").result(PATIENCE_S).status == 201
    waiting = [assigner.assign(f"waits-{i}", wait=600) for i in range(3)]
    assigner.wait_for(lambda: assigner.waiting() == 3, "three in line")
    assigner.machine.systemctl("stop", SOCKET)  # which the service requires
    answers = [ask.result(PATIENCE_S) for ask in waiting]
    assert [answer.status for answer in answers] == [503] * 3
    assert all(answer.body["ticket"] for answer in answers)
    shown = assigner.machine.show(SERVICE)
    wanted = {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0", "NRestarts": "0"}
    assert {key: shown[key] for key in wanted} == wanted, assigner.machine.journal(SERVICE)
    assert isinstance(assigner.ask("GET", "/healthz").exception(PATIENCE_S), ConnectionRefusedError)
    assert assigner.show("ActiveState") == "inactive"


def test_stopping_while_launchpad_hangs_ends_in_time(assigner: Assigner) -> None:
    """A request that gets no answer is waited for until its deadline, then the end is as good as any."""
    assigner.configure(assigner.new_pool(1), timeout={"connect": "2s", "read": "4s", "total": "5s"})
    assigner.start(free=1)
    assigner.launchpad(lambda control: control.fault("hang", method="PATCH"))
    asked = assigner.assign("hangs")
    assigner.launchpad(lambda control: control.held(least=1, timeout=20))
    begun = time.monotonic()
    assigner.machine.systemctl("stop", SERVICE)
    assert time.monotonic() - begun < 60  # TimeoutStopSec is 90, and then Result would be `timeout`
    assert asked.result(PATIENCE_S).status == 503
    assert (assigner.show("Result"), assigner.show("ExecMainStatus")) == ("success", "0")


def test_a_unix_socket_works_as_well(assigner: Assigner) -> None:
    """By a drop-in for the socket unit alone: the daemon serves what it is handed."""
    assigner.configure(assigner.new_pool(1))
    path = "/run/ppa-assigner.sock"
    assigner.drop_in(SOCKET, f"[Socket]\nListenStream=\nNoDelay=no\nListenStream={path}\nSocketMode=0660\n")
    assigner.machine.systemctl("start", SOCKET)
    assert assigner.show("ActiveState") == "inactive"
    done = assigner.machine.run("ppa-assigner", "status", "--url", f"unix:{path}")
    assert done.returncode == 0, done.stderr
    assert assigner.show("ActiveState") == "active"
    assert assigner.machine.path(path).stat().st_mode & 0o777 == 0o660


def test_doctor_sees_the_service_as_it_is_and_does_not_start_it(assigner: Assigner) -> None:
    """Active and ready; and when only the service is stopped, its socket, whose next client starts it, is let alone."""
    assigner.configure(assigner.new_pool(1))
    assigner.start(free=1)
    command = ["env", "CREDENTIALS_DIRECTORY=/etc/ppa-assigner", "CACHE_DIRECTORY=/tmp/doctor"]
    command += ["ppa-assigner", "doctor", "--config", CONFIG]
    done = assigner.machine.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SERVICE} is active, its socket active" in done.stdout
    assert "http://127.0.0.1:8020: ready" in done.stdout
    assert "/etc/ppa-assigner/launchpad: ours alone (mode 0600)" in done.stdout
    assigner.machine.systemctl("stop", SERVICE)
    done = assigner.machine.run(*command)
    assert f"{SERVICE} is stopped -> systemctl start {SERVICE}" in done.stdout, done.stdout + done.stderr
    assert assigner.show("ActiveState", SOCKET) == "active"
    assert assigner.show("ActiveState") == "inactive"
