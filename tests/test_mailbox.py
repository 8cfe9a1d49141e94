"""A mailbox: in order, and its waits end."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from ppa_assigner.mailbox import Mailbox

ENDS_S = 100.0
MANY = 20_000


def test_what_was_put_in_first_comes_first() -> None:
    """Whether it was there, or is waited for."""
    mailbox: Mailbox[int] = Mailbox()
    for number in range(3):
        mailbox.put(number)
    assert [mailbox.get(0), mailbox.get(ENDS_S), mailbox.get(0), mailbox.get(0)] == [0, 1, 2, None]
    threading.Timer(0.05, mailbox.put, [7]).start()
    assert mailbox.get(ENDS_S) == 7


@pytest.mark.parametrize("wait", [0.0, 1e-7, 1e-6, 1e-5])
def test_a_wait_ends(wait: float) -> None:
    """However short: a queue whose lock is open, as it is after something was put in, waits for ever on Python 3.11
    and 3.12 once in some ten thousand times.
    """
    reader = threading.Thread(target=partial(_read, wait), daemon=True)
    reader.start()
    reader.join(ENDS_S)
    assert not reader.is_alive()


def _read(wait: float) -> None:
    for _ in range(MANY):
        assert Mailbox[int]().get(wait) is None
