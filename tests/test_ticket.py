"""Tickets: a place in the line comes back to its holder alone, and only in time."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from ppa_assigner.backoff import TICKET_S
from ppa_assigner.supervisor.requests import Key
from ppa_assigner.supervisor.tickets import Place, TicketOffice

OFFICE = TicketOffice(b"secret")
KEY = Key("jenkins", "build-1")
PLACE = Place("default", "build-1", 1000.0, 1300.0, "jenkins")
GOLDEN = (
    "eyJjbGllbnQiOiAiamVua2lucyIsICJmaXJzdF9hc2tlZCI6IDEwMDAuMCwgImxhc3RfYXNrZWQiOiAxMzAwLjAsICJwb29sIjogImRlZmF1bHQi"
    "LCAicmVxdWVzdF9pZCI6ICJidWlsZC0xIn0.vfaiCYhBbR-uZlyWpBgMK_M8KfnntKE7EWpZDYK09xM"
)


def redeem(ticket: str | None, now: float = 1300.0, office: TicketOffice = OFFICE) -> Place | None:
    """What the ticket is worth to the one who asks for that request."""
    return office.redeem(ticket, "default", KEY, now)


def test_a_ticket_gives_its_place_back() -> None:
    """At any daemon that has the same credentials."""
    assert redeem(OFFICE.issue(PLACE)) == PLACE
    assert redeem(OFFICE.issue(PLACE), office=TicketOffice(b"secret")) == PLACE


def test_a_ticket_is_the_same_text_at_each_daemon_of_whatever_version() -> None:
    """Daemons of a pool are updated one after the other, and each takes the others' tickets."""
    assert OFFICE.issue(PLACE) == GOLDEN
    assert redeem(GOLDEN) == PLACE


def test_while_the_time_is_not_known_no_ticket_is_void() -> None:
    """However old."""
    assert OFFICE.redeem(OFFICE.issue(PLACE), "default", KEY, None) == PLACE


@pytest.mark.parametrize("more", ["=", " ", "\n", "*"])
def test_a_ticket_with_anything_added_is_none(more: str) -> None:
    """It is a text that was made here, or none."""
    body, signature = OFFICE.issue(PLACE).split(".")
    assert redeem(f"{body}.{signature}{more * 4}") is None
    assert redeem(f"{more * 4}{body}.{signature}") is None


def test_each_ticket_gives_its_place_back() -> None:
    """Whichever letters it ends with."""
    for number in range(400):
        place = replace(PLACE, first_asked=float(number))
        assert redeem(OFFICE.issue(place)) == place


def test_a_ticket_of_other_credentials_is_none() -> None:
    """Nobody without them can make one."""
    assert redeem(OFFICE.issue(PLACE), office=TicketOffice(b"other")) is None


@pytest.mark.parametrize(
    ("pool", "key"),
    [
        ("other", KEY),
        ("default", Key("jenkins", "build-2")),
        ("default", Key("gitlab", "build-1")),
        ("default", Key(None, "build-1")),
    ],
)
def test_a_ticket_is_for_one_wish(pool: str, key: Key) -> None:
    """It is not worth anything for another request, another client's of the same name, or another pool."""
    assert OFFICE.redeem(OFFICE.issue(PLACE), pool, key, 1300.0) is None


def test_a_ticket_is_void_ten_minutes_after_it_was_last_used() -> None:
    """And not when the first ask is long ago."""
    ticket = OFFICE.issue(PLACE)
    assert redeem(ticket, 1300.0 + TICKET_S) == PLACE
    assert redeem(ticket, 1300.1 + TICKET_S) is None


def test_no_ticket_is_void_while_nobody_knows_the_time() -> None:
    """A clock that lies by a day would take everybody's place."""
    assert OFFICE.redeem(OFFICE.issue(PLACE), "default", KEY, None) == PLACE


@pytest.mark.parametrize("ticket", [None, "", ".", "a.b", "a.b.c", "é.é", "====.====", "a", "\0.\0"])
def test_nonsense_counts_as_none(ticket: str | None) -> None:
    """No exception for what a client sends."""
    assert redeem(ticket) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """Whatever it is."""
    assert redeem(text) is None


def test_the_signature_is_of_the_place() -> None:
    """One's own place cannot be made an earlier one."""
    body, signature = (OFFICE.issue(replace(PLACE, first_asked=asked)).split(".") for asked in (0.0, 1000.0))
    assert redeem(f"{body[0]}.{signature[1]}") is None


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_ticket_is_none(where: int, by: int) -> None:
    """Any other byte in its body or signature."""
    body, signature = OFFICE.issue(PLACE).split(".")
    data = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    data[where % len(data)] ^= by
    forged = base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")
    assert redeem(f"{forged}.{signature}") is None


@pytest.mark.parametrize("body", [[], {}, "x", {"pool": "default"}])
def test_a_signed_body_of_another_form_is_none(body: object) -> None:
    """An older version's ticket is no error."""
    assert redeem(OFFICE.signed(json.dumps(body).encode())) is None
