"""Launchpad away when the daemon starts, or frozen as a whole; credentials that expire and are replaced."""

from __future__ import annotations

import html
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ppa_assigner.cli.doctor import host
from ppa_assigner.cli.doctor.findings import Grade
from ppa_assigner.config import load
from ppa_assigner.standin.standin import credentials_text

from ..processes import Launchpad, start_launchpad
from .proxy import Proxy, serving
from .site import SLACK, TOTAL, Site, adjust, eventually, site, together

NOWHERE = "http://no-such-host.invalid:1/"


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in."""
    launchpad = start_launchpad("--owner", "ci-pool")
    yield launchpad
    os.kill(launchpad.process.pid, signal.SIGCONT)
    launchpad.stop()


def is_not_ready(one: Site, why: str) -> str:
    """Alive, answering in time, and saying why; gives the ticket of one who asked."""
    one.start(ready=False)
    eventually(lambda: why in one.daemon.http.get("/readyz").text, why)
    assert one.ask("GET", "/readyz").status == 503
    for path in ("/healthz", "/v1/ppas", "/v1/pools", "/v1/leases"):
        told = one.ask("GET", path)
        assert (told.status, told.seconds < SLACK) == (200, True), (path, told)
    for ppa in one.daemon.ppas():
        assert (ppa["condition"], ppa["state"], ppa["seen"]) == ("unreachable", None, None)
    asked = [one.asked("POST", "/v1/leases", {"owner": "tester", "request_id": f"wish-{i}"}) for i in (0, 1)]
    asked += [one.asked("POST", "/v1/leases/nobody/touch"), one.asked("DELETE", "/v1/leases/nobody")]
    answers = [each.result(60) for each in asked]
    assert {each.kind for each in answers} == {"launchpad-unavailable"}, answers
    assert max(each.seconds for each in answers) < TOTAL + SLACK
    assert all(int(each.headers["retry-after"]) > 0 for each in answers)
    return str(answers[0].document["ticket"])


def comes_up(one: Site, ticket: str, since: float) -> float:
    """Ready by itself; who asked before brings the ticket and gets a PPA.  Gives the seconds until then."""
    eventually(lambda: one.ask("GET", "/readyz").status == 200, f"{one.name}: ready", 45)
    told = one.assign("wish-0", attempt=1, ticket=ticket, wait=20)
    assert told.status == 201, told
    return time.monotonic() - since


def said_once(one: Site, what: str) -> None:
    """It is tried again and again, and said when it begins."""
    lines = [line for line in one.daemon.log.splitlines() if what in line]
    assert 1 <= len(lines) <= 4, lines


def expires(one: Site) -> None:
    """An expired token is an outage that says so; with another one and a restart everything is as it was."""
    one.daemon.covered = True
    one.start()
    lease = one.assign("kept", idle=60).document
    assert lease["web"].startswith("http://")  # where this Launchpad's pages are
    assert "launchpad.net" not in lease["web"]
    rule = one.fault("status", status=401, text=f"Expired token ({one.name}).", headers={"Content-Type": "text/plain"})
    eventually(lambda: set(one.conditions()) == {"unreachable"}, "unreachable")
    eventually(lambda: all("Expired token" in (ppa["fault"] or "") for ppa in one.daemon.ppas()), "Expired token")
    is_said_everywhere(one, "Expired token; run `ppa-assigner login` and restart the daemon")
    assert f"({one.name})" not in one.daemon.http.get("/v1/ppas").text + one.daemon.log
    assert one.ask("POST", f"/v1/leases/{lease['id']}/touch").kind == "launchpad-unavailable"
    assert one.assign("now").kind == "launchpad-unavailable"
    said_once(one, "its PPAs cannot be looked at: Launchpad refuses our credentials: Expired token")
    assert one.ask("GET", f"/v1/leases/{lease['id']}").document["state"] == "used"
    other = one.launchpad.control.token("ppa-bot", consumer=f"{one.name}-new")
    one.replace_credentials(credentials_text(other))
    assert one.daemon.terminate() == 0
    one.start()
    is_well(one)
    touched = one.ask("POST", f"/v1/leases/{lease['id']}/touch")
    assert touched.status == 200, touched
    assert {k: touched.document[k] for k in ("ppa", "owner", "until")} == {
        k: lease[k] for k in ("ppa", "owner", "until")
    }
    one.heal(rule)


def is_told(one: Site, why: str) -> None:
    """Not at once: what is told is the trouble of the last try, and on a busy host one between may time out."""

    def so() -> bool:
        told = one.ask("GET", "/readyz").document["launchpad"]
        return not told["ok"] and why in told["why"]

    eventually(so, why)


def is_said_everywhere(one: Site, why: str) -> None:
    """That Launchpad is away, though the daemon is ready: to probes, on the page, to Prometheus, to `doctor`."""
    is_told(one, why)
    ready = one.ask("GET", "/readyz")
    assert ready.status == 200
    assert ready.document["launchpad"]["ok"] is False
    assert why in ready.document["launchpad"]["why"]
    asked = one.ask("GET", "/readyz?launchpad=1")
    assert (asked.status, asked.document["launchpad"]) == (503, ready.document["launchpad"])
    assert why in asked.document["detail"]
    assert why in html.unescape(one.daemon.http.get("/").text)
    assert "\nppa_assigner_launchpad_up 0.0\n" in one.daemon.http.get("/metrics").text
    finding = host.daemon(load(one.daemon.config))
    assert finding.grade is Grade.BAD
    assert why in finding.found


def is_well(one: Site) -> None:
    """And again, that it is not."""
    eventually(lambda: one.ask("GET", "/readyz?launchpad=1").status == 200, "Launchpad is there")
    assert one.ask("GET", "/readyz").document["launchpad"]["why"] is None
    assert "\nppa_assigner_launchpad_up 1.0\n" in one.daemon.http.get("/metrics").text


def begins_expired(one: Site) -> None:
    """The daemon says so and stays; it is not made to fall over and over."""
    one.daemon.covered = True
    token = one.launchpad.control.token("ppa-bot", consumer=f"{one.name}-old", expired=True)
    good = (one.daemon.folder / "launchpad.credentials").read_text()
    one.replace_credentials(credentials_text(token))
    is_not_ready(one, "refuses our credentials: Expired token")
    is_told(one, "Expired token; run `ppa-assigner login`")
    said_once(one, "cannot log in to Launchpad")
    one.replace_credentials(good)
    assert one.daemon.terminate() == 0
    one.start()
    assert one.assign("now").status == 201


def freezes(ready: Site, late: Site) -> None:
    """The whole service stands still while one daemon runs and another starts: it takes connections and is silent."""
    process = ready.launchpad.process.pid
    os.kill(process, signal.SIGSTOP)
    asked = ready.asked("POST", "/v1/leases", {"owner": "me", "request_id": "patient", "wait": 60})
    ticket = is_not_ready(late, "timed out")
    eventually(lambda: set(ready.conditions()) == {"unreachable"}, "unreachable")
    assert not asked.done() or asked.result().status == 503, asked.result()
    os.kill(process, signal.SIGCONT)
    thawed = time.monotonic()
    assert comes_up(late, ticket, thawed) < 45
    told = ready.assign("patient", owner="me", attempt=1, wait=30)
    assert told.status in (200, 201), told
    first = asked.result(60)
    assert first.status != 201 or first.document["ppa"] == told.document["ppa"]


@pytest.mark.timeout(240)
def test_launchpad_is_away_at_the_start(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Refused connections, an unknown name, expired credentials, and at last the whole service frozen."""
    door = Proxy(launchpad.service_root)
    with ExitStack() as ends:
        names = ("refused", "nowhere", "ready", "expired", "late")
        refused, nowhere, *others = (ends.enter_context(site(tmp_path, launchpad, name, 2)) for name in names)
        adjust(refused.daemon, door.root + "/")
        adjust(nowhere.daemon, NOWHERE)

        def opens() -> None:
            ticket = is_not_ready(refused, "refused")
            said_once(refused, "cannot log in to Launchpad")
            ends.enter_context(serving(door))
            assert comes_up(refused, ticket, time.monotonic()) < 45

        def resolves() -> None:
            ticket = is_not_ready(nowhere, "no-such-host.invalid")
            said_once(nowhere, "cannot log in to Launchpad")
            adjust(nowhere.daemon, launchpad.service_root)
            assert nowhere.daemon.terminate() == 0
            began = time.monotonic()
            nowhere.start()
            assert comes_up(nowhere, ticket, began) < 45

        together([opens, resolves, lambda: expires(others[0]), lambda: begins_expired(others[1])])
        for one in (refused, nowhere, others[1]):
            one.daemon.close()
        freezes(others[0], others[2])
    record_property("troubles", 5)
