"""Single values of a configuration: durations, texts and names.

Rule: each function takes whatever YAML may hold, or a text of it, and gives the value meant, or raises ValueError with
one sentence for people that names the value and says what to write.  Nothing here knows where a value stands.
"""

from __future__ import annotations

import difflib
import enum
import math
import re
import reprlib
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from ..labels import TOLD
from ..record import unstorable
from ..selectors import key_fault, value_fault
from ..times import DAY, exactly, parse_duration

MAX_DURATION = 3650 * DAY
MAX_TIMEOUT = DAY  # a socket takes no more than 24 days
_DURATION_HOW = "write a number of seconds or a text like 500ms, 30s, 5m, 8h, 7d"
_OCTAL = re.compile(r"[0-7]{3,4}")
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80

WRONG: Any = object()
"""Stands where something wrong stood, which was reported, so that the rest can be looked at."""


def quote_value(value: object) -> str:
    """The value on one line in plain ASCII, as YAML writes it, cut when long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    return ascii_only(_SHORT.repr(value))


def ascii_only(text: str) -> str:
    """The text with what is not printable in plain ASCII escaped, so that a message fits on any terminal's line."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question after the known word that was probably meant; empty without one."""
    close = difflib.get_close_matches(word[:80].lower(), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


# -- durations ----------------------------------------------------------------------------------------------------


def seconds(value: object) -> float:
    """A duration in seconds, 0 or longer: a number of seconds, or a text like 500ms, 30s, 5m, 8h, 7d."""
    number = _number_of_seconds(value)
    if number < 0:
        raise ValueError(f"{quote_value(value)} is negative; a duration is 0 or longer")
    if not number <= MAX_DURATION:
        raise ValueError(f"{quote_value(value)} is too long; at most {exactly(MAX_DURATION)}")
    return float(number)


def _number_of_seconds(value: object) -> float:
    if isinstance(value, str) and (number := parse_duration(value)) is not None:
        return number
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:  # not NaN
        return value
    raise ValueError(f"{quote_value(value)} is not a duration; {_DURATION_HOW}")


def positive(value: object) -> float:
    """A duration longer than 0, in seconds."""
    number = seconds(value)
    if number == 0:
        raise ValueError("must be longer than 0")
    return number


def timeout(value: object) -> float:
    """A duration that a connection may take, in seconds."""
    number = positive(value)
    if number > MAX_TIMEOUT:
        raise ValueError(f"{quote_value(value)} is too long for one request; at most {exactly(MAX_TIMEOUT)}")
    return number


def whole_seconds(value: object) -> float:
    """A duration of whole seconds, at least one: a record keeps no fractions."""
    number = seconds(value)
    if number < 1 or number != math.floor(number):
        raise ValueError(f"{quote_value(value)} must be whole seconds, at least 1: records keep no fractions")
    return number


# -- texts and names ----------------------------------------------------------------------------------------------


def amount(value: object) -> int:
    """A number of PPAs."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
        raise ValueError(f"{quote_value(value)} is not a number of PPAs; write a whole number from 1 to 10000")
    return value


def plain_text(value: object) -> str:
    """A text that Launchpad can hold."""
    if not isinstance(value, str):
        quoted = "; put it in quotes" if isinstance(value, int | float | bool) else ""
        raise ValueError(f"expects a text, not {quote_value(value)}{quoted}")
    if unstorable(value):
        raise ValueError(
            f"{quote_value(value)} holds NUL or half a surrogate pair, which Launchpad cannot keep; take it out"
        )
    return value


def matching(form: str, what: str) -> Callable[[str], str]:
    """A parser of texts of this form."""
    pattern = re.compile(form)

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{quote_value(text)} is not a {what}")
        return text

    return check


def label_key(text: str) -> str:
    """The key of a label of our own: Launchpad's begin with `lp/`."""
    if fault := key_fault(text):
        raise ValueError(f"{quote_value(text)} {fault}")
    if text.startswith(TOLD):
        raise ValueError(f"{quote_value(text)} begins with {TOLD}, as what Launchpad tells; take another prefix")
    return text


def label_value(text: str) -> str:
    """The value of a label."""
    if fault := value_fault(text):
        raise ValueError(f"{quote_value(text)} {fault}")
    return text


def file_mode(value: object) -> int:
    """The mode of a file: a text, or a number, of three or four octal digits."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else plain_text(value)
    if not _OCTAL.fullmatch(text) or int(text, 8) > 0o777:
        raise ValueError(f'{quote_value(value)} is not a mode of a file; write three octal digits, like "660"')
    return int(text, 8)


def single_line(text: str) -> str:
    """A text of one line without space at its ends, as Launchpad keeps it.

    See docs/explanation/launchpad.md#display-name.
    """
    if len(text.splitlines()) > 1 or text != text.strip():
        raise ValueError(f"{quote_value(text)} must be one line without space at its ends: Launchpad keeps no other")
    return text


def client_name(text: str) -> str:
    """A client's name, as `by` in records shows it: 1 to 128 printable characters."""
    if not single_line(text).isprintable() or not 1 <= len(text) <= 128:
        raise ValueError(f"{quote_value(text)} is not a name for a client; use 1 to 128 printable characters")
    return text


def glob_pattern(text: str) -> str:
    """A shell pattern for owners, as `fnmatch` reads it."""
    if not 1 <= len(text) <= 256:
        raise ValueError("a pattern for owners has 1 to 256 characters, like ci-*")
    return check_brackets(text)


def check_brackets(text: str) -> str:
    """A shell pattern that `fnmatch` can read, as it stands."""
    if "[" in text and "]" not in text[text.rindex("[") + 2 :]:
        raise ValueError(f"{quote_value(text)} opens a '[' and never closes it; write [[] for the character itself")
    try:
        fnmatchcase("", text)
    except re.error:
        raise ValueError(f"{quote_value(text)} is not a pattern; write one like ci-*") from None
    return text


def ppa_glob(text: str) -> str:
    """A shell pattern for PPAs in the form `~owner/ubuntu/name`."""
    if glob_pattern(text)[0] not in "~*?[":
        raise ValueError(f"{quote_value(text)} is not a pattern of PPAs; write one like ~acme/ubuntu/*")
    return text


def enum_member(kind: type[enum.Enum]) -> Callable[[object], enum.Enum]:
    """A parser of the values of an enum."""

    def check(value: object) -> enum.Enum:
        known = [member.value for member in kind]
        if value not in known:
            hint = did_you_mean(value, known) if isinstance(value, str) else ""
            raise ValueError(f"{quote_value(value)} is none of {', '.join(known)}{hint}")
        return kind(value)

    return check


def version(value: object) -> str:
    """The version of the web service: `devel`, because 1.0 does not show a PPA's `status`."""
    if value != "devel":
        raise ValueError(
            f"{quote_value(value)} cannot be used; only devel shows a PPA's status: write devel or leave it out"
        )
    return "devel"
