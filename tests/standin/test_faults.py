"""Faults by rule: each does to a request what it says, to the right requests, and to nobody else."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

from ppa_assigner.standin.control_client import ControlClient, ControlError

from .client import Client, archive, sent

PPA = "~ci-pool/ubuntu/pool-001"
PATH = archive(PPA)
OTHER = archive("~ci-pool/ubuntu/pool-002")
LOST = (urllib3.exceptions.ProtocolError, urllib3.exceptions.ReadTimeoutError)


def in_background(client: Client, text: str) -> Future[int | None]:
    """Send a PATCH from a thread: its status, None when no answer came."""

    def send() -> int | None:
        try:
            return client.patch(PATH, {"description": text}).status
        except LOST:
            return None

    pool = ThreadPoolExecutor(1)
    future = pool.submit(send)
    pool.shutdown(wait=False)
    return future


def test_without_rules_nothing_is_touched(client: Client, control: ControlClient) -> None:
    """A request that no rule fits is answered as usual, and the log says so."""
    control.fault("status", path="pool-002", status=500)
    assert client.send("GET", PATH).status == 200
    assert control.log()[-1]["fault"] is None


def test_status(client: Client, control: ControlClient) -> None:
    """An answer of the rule's choice, without applying anything."""
    control.fault("status", method="PATCH", status=502, text="Bad gateway")
    answer = client.patch(PATH, {"description": "x"})
    assert (answer.status, answer.data) == (502, b"Bad gateway")
    assert control.description(PPA) is None


def test_status_after_applying(client: Client, control: ControlClient) -> None:
    """A 503 whose request was applied all the same: what a load balancer does to a slow answer."""
    control.fault("status", method="PATCH", status=503, apply=True)
    assert client.patch(PATH, {"description": "applied"}).status == 503
    assert control.description(PPA) == "applied"
    assert control.log()[-1]["applied"] is True


@pytest.mark.parametrize(("action", "kept"), [("drop_before", None), ("drop_after", "x")])
def test_drop(client: Client, control: ControlClient, action: str, kept: str | None) -> None:
    """The connection is closed without an answer, before or after the request is applied."""
    control.fault(action, method="PATCH")
    with pytest.raises(LOST):
        client.patch(PATH, {"description": "x"})
    assert control.description(PPA) == kept
    assert control.log(method="PATCH", least=1, timeout=30)[-1]["status"] is None


def test_conflict(client: Client, control: ControlClient) -> None:
    """A 412 with an empty body, without applying."""
    control.fault("conflict", method="PATCH", times=1)
    answer = client.patch(PATH, {"description": "x"})
    assert (answer.status, answer.data, control.description(PPA)) == (412, b"", None)
    assert client.patch(PATH, {"description": "x"}).status == 209


def test_read_only(client: Client, control: ControlClient) -> None:
    """Everything that writes gets 503, reading goes on."""
    control.fault("read_only")
    assert client.patch(PATH, {"description": "x"}).status == 503
    assert client.send("DELETE", PATH).status == 503
    assert client.post(PATH, "setProcessors", processors="[]").status == 503
    assert client.get(PATH)["description"] is None


def test_delay(client: Client, control: ControlClient) -> None:
    """Applied and answered, only later; others are not held up."""
    control.fault("delay", path="pool-001", seconds=0.3)
    start = time.monotonic()
    slow = in_background(client, "x")
    assert control.held(least=1, timeout=30)[0]["stage"] == "before"
    assert client.send("GET", OTHER).status == 200
    assert not slow.done()
    assert slow.result(timeout=30) == 209
    assert time.monotonic() - start >= 0.3


def test_delay_for_all(client: Client, control: ControlClient) -> None:
    """A delay of the whole service is added to each request."""
    control.delay(0.2)
    start = time.monotonic()
    client.get(PATH)
    assert time.monotonic() - start >= 0.2


def test_whose_client_gave_up_is_not_under_way(client: Client, control: ControlClient) -> None:
    """The log tells how many of a consumer's requests were under way when one came: those without an answer whose
    client still listens, although the stand-in goes on with them.
    """
    control.fault("hold", times=3)
    assert client.token is not None
    patient, impatient, other = (sent(client.service_root, client.token) for _ in range(3))
    assert len(control.held(least=3, timeout=10)) == 3
    impatient.close()
    client.get(PATH)
    assert [one["under_way"] for one in control.log(state="any")] == [1, 2, 3, 3]
    control.release()
    for each in (patient, other):
        assert each.recv(12) == b"HTTP/1.1 200"
        each.close()


def test_hang_until_released(client: Client, control: ControlClient) -> None:
    """A request that hangs is not applied; released it goes on as usual."""
    control.fault("hang", method="PATCH")
    future = in_background(client, "x")
    held = control.held(least=1, timeout=30)
    assert [h["method"] for h in held] == ["PATCH"]
    assert control.description(PPA) is None
    assert control.release(held[0]["number"]) == 1
    assert future.result(timeout=30) == 209
    assert control.held() == []


def test_hang_until_the_client_closes(client: Client, control: ControlClient) -> None:
    """When the client gives up, a request that hangs is forgotten and never applied."""
    control.fault("hang", method="PATCH")
    client.patience = 0.2
    with pytest.raises(LOST):
        client.patch(PATH, {"description": "x"})
    entry = control.log(method="PATCH", least=1, timeout=30)[-1]
    assert (entry["status"], entry["applied"], control.held()) == (None, False, [])


@pytest.mark.parametrize(("action", "meanwhile"), [("hold", None), ("hold_after", "x")])
def test_hold(client: Client, control: ControlClient, action: str, meanwhile: str | None) -> None:
    """A request stands still at an exact point, before or after it is applied, until it is let go."""
    control.fault(action, method="PATCH", times=1)
    future = in_background(client, "x")
    number = control.held(least=1, timeout=30)[0]["number"]
    assert control.description(PPA) == meanwhile
    control.release(number)
    assert future.result(timeout=30) == 209
    assert control.description(PPA) == "x"


def test_hold_outlives_its_client(client: Client, control: ControlClient) -> None:
    """A request whose client has died is applied when it is let go: a write that lands after its writer was killed."""
    control.fault("hold", method="PATCH", times=1)
    client.patience = 0.2
    with pytest.raises(LOST):
        client.patch(PATH, {"description": "late"})
    number = control.held(least=1, timeout=30)[0]["number"]
    assert control.description(PPA) is None
    control.release(number)
    assert control.log(since=number - 1, method="PATCH", applied=True, least=1, timeout=30)[0]["result"] == 209
    assert control.description(PPA) == "late"


def test_drop_what_is_held(client: Client, control: ControlClient) -> None:
    """A request that is held can be thrown away too."""
    control.fault("hold", method="PATCH", times=1)
    future = in_background(client, "x")
    control.release(control.held(least=1, timeout=30)[0]["number"], verdict="drop")
    assert future.result(timeout=30) is None
    assert control.description(PPA) is None


def test_late_by_control(client: Client, control: ControlClient) -> None:
    """The connection is closed at once, the request applied when the test says so: against an older ETag it then
    fails."""
    control.fault("late", method="PATCH", body="late", times=2)
    for text in ("late 1", "late 2"):
        with pytest.raises(LOST):
            client.patch(PATH, {"description": text}, client.get(PATH)["http_etag"])
    first, second = (h["number"] for h in control.held(least=2, timeout=30))
    assert client.patch(PATH, {"description": "between"}).status == 209
    control.release(first)
    control.release(second)
    assert control.held() == []
    landed = control.log(since=first - 1, method="PATCH", applied=True, least=3, timeout=30)
    assert {e["number"]: (e["status"], e["result"]) for e in landed if e["fault"]} == {
        first: (None, 412),
        second: (None, 412),
    }
    assert control.description(PPA) == "between"


def test_late_by_time(client: Client, control: ControlClient) -> None:
    """Without being told, a late request is applied after the rule's seconds."""
    control.fault("late", method="PATCH", seconds=0.2)
    with pytest.raises(LOST):
        client.patch(PATH, {"description": "late"})
    assert control.description(PPA) is None
    assert len(control.log(method="PATCH", applied=True, least=1, timeout=30)) == 1
    assert control.description(PPA) == "late"


def test_truncate(client: Client, control: ControlClient) -> None:
    """The connection breaks in the middle of the answer to a request that was applied."""
    control.fault("truncate", method="PATCH")
    with pytest.raises(LOST):
        client.patch(PATH, {"description": "x"})
    assert control.description(PPA) == "x"


def test_headers(client: Client, control: ControlClient) -> None:
    """A rule's answer may have headers of its own, and a type of its own."""
    control.fault("status", status=503, text="{}", headers={"Retry-After": "900", "Content-Type": "application/json"})
    answer = client.send("GET", PATH)
    assert (answer.headers["Retry-After"], answer.headers["Content-Type"]) == ("900", "application/json")


def test_trickle(client: Client, control: ControlClient) -> None:
    """The answer comes piece by piece: whole, but slower than any single read's time-out would notice."""
    control.fault("trickle", method="GET", seconds=6.0)
    client.patience = 3.0
    start = time.monotonic()
    assert client.get(PATH)["name"] == "pool-001"
    assert time.monotonic() - start >= 4.0


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"skip": 2}, [False, False, True, True]),
        ({"times": 1}, [True, False, False, False]),
        ({"skip": 1, "times": 1}, [False, True, False, False]),
        ({"every": 2}, [False, True, False, True]),
        ({"probability": 0.0}, [False, False, False, False]),
    ],
)
def test_counting(client: Client, control: ControlClient, rule: dict[str, Any], met: list[bool]) -> None:
    """Which of the matching requests meet the fault."""
    control.fault("status", path="pool-001$", status=500, **rule)
    assert [client.send("GET", PATH).status == 500 for _ in met] == met
    assert client.send("GET", OTHER).status == 200
    assert (control.faults()[0]["matched"], control.faults()[0]["met"]) == (len(met), sum(met))


def test_probability_is_repeatable(client: Client, control: ControlClient) -> None:
    """The same seed meets the same requests."""

    def statuses() -> list[int]:
        number = control.fault("status", status=500, probability=0.5, seed=7)
        found = [client.send("GET", PATH).status for _ in range(20)]
        control.unfault(number)
        return found

    first = statuses()
    assert set(first) == {200, 500}
    assert statuses() == first


def test_matching_by_operation_and_body(client: Client, control: ControlClient) -> None:
    """A rule may ask for a named operation, in the query or in the body, or for what a PATCH says."""
    control.fault("status", operation="getPublishedSources", status=500)
    control.fault("status", operation="newComponentUploader", status=501)
    control.fault("status", method="PATCH", body=r'\\"state\\":\\"used\\"', status=502)
    assert client.send("GET", f"{PATH}?ws.op=getPublishedSources&ws.size=1").status == 500
    assert client.send("GET", f"{PATH}?ws.op=getPublishedBinaries").status == 200
    assert client.post(PATH, "newComponentUploader", component_name="main").status == 501
    assert client.patch(PATH, {"description": '{"state":"free"}'}).status == 209
    assert client.patch(PATH, {"description": '{"state":"used"}'}).status == 502


def test_daemons_of_one_person_are_told_apart(client: Client, control: ControlClient) -> None:
    """A rule may be for the tokens of one consumer only, and the log can be asked for them."""
    other = Client(client.service_root, control.token("ppa-bot", consumer="second"))
    control.fault("status", consumer="second", status=500)
    assert client.send("GET", PATH).status == 200
    assert other.send("GET", PATH).status == 500
    assert [e["status"] for e in control.log(consumer="second")] == [500]
    other.close()


def test_a_rule_can_be_removed(client: Client, control: ControlClient) -> None:
    """After that nothing meets it."""
    number = control.fault("status", status=500)
    assert client.send("GET", PATH).status == 500
    assert control.unfault(number) == 1
    assert client.send("GET", PATH).status == 200
    assert control.faults() == []


@pytest.mark.parametrize("rule", [{"action": "explode"}, {"action": "delay", "path": "("}, {"action": "delay", "x": 1}])
def test_a_rule_that_makes_no_sense_is_refused(control: ControlClient, rule: dict[str, Any]) -> None:
    """Unknown actions and fields and broken expressions are errors at once, not surprises later."""
    with pytest.raises(ControlError):
        control.call("fault", **rule)
    assert control.faults() == []
