"""What an answer of Launchpad's web service means, in the words of the port.

Rule: only what an answer proves is told: an entry is an Active, readable PPA; a write succeeded with 209 and such an
entry, and in no other way.  Nothing here does I/O.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from ..port import (
    AccessDenied,
    ActAnswer,
    Conflict,
    Done,
    Entry,
    Gone,
    Moment,
    ReadAnswer,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ..record import YEARS, unstorable
from .http import Answer
from .redaction import one_line, refusal_of_credentials

ACTIVE = "Active"
DELETED = ("Deleting", "Deleted")
REDACTED = "tag:launchpad.net:2008:redacted"
RETURNED = 209  # "Content Returned" (docs/explanation/launchpad.md#success-is-209)
NOT_THERE = (404, 410)
NOT_ALLOWED = (401, 403)
# Answered before anything was done; unlike other 4xx, the same request may pass later.  412 is here for requests that
# set no condition: nobody but a server between can mean anything by it.
NOT_NOW = (408, 412, 425, 429)
PAGE = 300  # the most that Launchpad gives (docs/explanation/launchpad.md#page-size)
# A page of 300 PPAs has less than 20,000 values.
SMALL_BYTES, MOST_VALUES = 64 * 1024, 100_000
LONGEST_NUMBER = 15  # digits, so that it is exact also as a float

# docs/explanation/launchpad.md#new-ppas
MAKERS = "PPAs of a team can be made by its owner and administrators only, not by every member"


class UnreadableError(ValueError):
    """An answer that Launchpad's web service would not give."""


class FailedError(Exception):
    """A call of several requests ends here, with this answer."""

    def __init__(self, answer: Refused | Unavailable) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def read_answer(answer: Answer) -> ReadAnswer:
    """Of GET of an archive."""
    try:
        if answer.status == HTTPStatus.OK:
            return entry(document(answer), moment(answer))
        found = _of_the_ppa(answer)
    except UnreadableError as error:
        return Unavailable(str(error))
    return Unavailable(found.reason, status=answer.status) if isinstance(found, Refused) else found


def write_answer(answer: Answer) -> WriteAnswer:
    """Of a conditional PATCH of an archive."""
    try:
        return _write_answer(answer)
    except UnreadableError as error:
        return Unknown(str(error))


def _write_answer(answer: Answer) -> WriteAnswer:
    if answer.status == RETURNED:
        found = entry(document(answer), moment(answer))
        return Unknown(found.reason) if isinstance(found, Unavailable) else found
    if answer.status == HTTPStatus.PRECONDITION_FAILED:
        return Conflict(moment(answer))
    if answer.status == HTTPStatus.SEE_OTHER:
        return _not_canonical(answer)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_the_ppa(answer)
    return Unknown(said(answer))


def act_answer(answer: Answer) -> ActAnswer:
    """Of POST of an idempotent operation."""
    try:
        if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
            return Done(moment(answer))
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            return _not_canonical(answer)
        if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _refusal(answer)
        return Unavailable(said(answer), retry_after(answer), sent=True, status=answer.status)
    except UnreadableError as error:
        return Unavailable(str(error), sent=True)


def created(answer: Answer) -> str | Refused | Unavailable | Unknown:
    """Of POST that makes a PPA: the address of what was made."""
    try:
        if answer.status == HTTPStatus.CREATED:
            return text(answer.headers, "location")
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            return _not_canonical(answer)
        if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unknown(said(answer))
        return _not_created(answer)
    except UnreadableError as error:
        return Unknown(str(error))


def _not_created(answer: Answer) -> Refused | Unavailable:
    found = _refusal(answer)
    if isinstance(found, Unavailable):
        return found
    denied = answer.status in NOT_ALLOWED
    return Refused(f"{found.reason}; {MAKERS}" if denied else found.reason, found.moment, answer.status)


def problem(answer: Answer) -> Refused | Unavailable:
    """Of any answer that is no success, to a question about something else than the PPA itself: whether that is there,
    and is shown to us, only an answer about the PPA tells.
    """
    if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(said(answer), retry_after(answer), status=answer.status)
    if credentials_fault(answer) is None and answer.status in (*NOT_ALLOWED, *NOT_THERE):
        return Unavailable(said(answer), status=answer.status)
    return _refusal(answer)


def _of_the_ppa(answer: Answer) -> Gone | AccessDenied | Refused | Unavailable:
    """Of an answer about the PPA itself that is no success."""
    found = problem(answer)
    if credentials_fault(answer) is None and answer.status in NOT_THERE:
        return Gone(found.reason, moment(answer), answer.status)
    if credentials_fault(answer) is None and answer.status in NOT_ALLOWED:
        return AccessDenied(found.reason, moment(answer), answer.status)
    return found


def _refusal(answer: Answer) -> Refused | Unavailable:
    if fault := credentials_fault(answer):
        return Unavailable(fault)
    if answer.status in NOT_NOW:
        return Unavailable(said(answer), retry_after(answer))
    return Refused(said(answer), moment(answer), answer.status)


def _not_canonical(answer: Answer) -> Refused:
    where = one_line(answer.headers.get("location", "another address"))
    return Refused(f"nothing was written: not the canonical address, {where} is", moment(answer), answer.status)


def credentials_fault(answer: Answer) -> str | None:
    """Why Launchpad does not take our credentials, when that is what it says."""
    return refusal_of_credentials(_text(answer)) if answer.status == HTTPStatus.UNAUTHORIZED else None


def entry(data: dict[str, Any], seen: Moment) -> Entry | Gone | AccessDenied | Unavailable:
    """An archive's representation.  Raises UnreadableError for what is none."""
    status, description = data.get("status"), data.get("description")
    if status is None:
        return Unavailable("the service does not tell a PPA's status: its version must be devel")
    if REDACTED in (status, description):
        return AccessDenied("not readable for us", seen)
    if status in DELETED:
        return Gone(f"its status is {status}", seen)
    if status != ACTIVE:
        return Unavailable(f"its status is {one_line(str(status))}")
    if not (description is None or isinstance(description, str)) or unstorable(description or ""):
        raise UnreadableError("a description that is not text")
    return Entry(
        url=text(data, "self_link"),
        etag=text(data, "http_etag"),
        description=description,
        moment=seen,
        displayname=str(data.get("displayname", "")),
        publish=_flag(data, "publish", True),
        build_debug_symbols=_flag(data, "build_debug_symbols", False),
        publish_debug_symbols=_flag(data, "publish_debug_symbols", False),
        web=_web(data.get("web_link")),
        private=_flag(data, "private", False),
    )


def of_deleted(answer: Answer) -> str | None:
    """The description of a PPA that was deleted.  Raises UnreadableError for any other answer."""
    data = document(answer) if answer.status == HTTPStatus.OK else None
    if data is None:
        raise UnreadableError(said(answer))
    description = data.get("description")
    if description == REDACTED or not (description is None or isinstance(description, str)):
        raise UnreadableError("a deleted PPA whose description is not shown to us")
    return description


def shown_to_all(answer: Answer) -> bool | Unavailable:
    """Whether an unsigned GET of a public PPA shows its texts (docs/explanation/launchpad.md#redacted-entries)."""
    found = read_answer(answer)
    if isinstance(found, Gone | Unavailable):
        return Unavailable(found.reason)
    return isinstance(found, Entry)


def page(answer: Answer) -> tuple[dict[str, Any], Moment]:
    """One page of a collection.  Raises FailedError for any other answer."""
    try:
        if answer.status != HTTPStatus.OK:
            raise FailedError(problem(answer))
        data = document(answer)
        if not _are_entries(data.get("entries")):
            raise UnreadableError("a listing without entries")
        if len(data["entries"]) > PAGE:
            raise UnreadableError(f"a page of {len(data['entries'])} entries: {PAGE} were asked for")
        return data, moment(answer)
    except UnreadableError as error:
        raise FailedError(Unavailable(str(error))) from error


def _are_entries(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def document(answer: Answer) -> dict[str, Any]:
    """The JSON object in an answer.  Raises UnreadableError."""
    if len(answer.body) > SMALL_BYTES and _values(answer.body) > MOST_VALUES:
        raise UnreadableError(f"{answer.status} with more than {MOST_VALUES} values in it")
    try:
        data = json.loads(answer.body.decode(), parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{answer.status} without JSON in it") from error
    if not isinstance(data, dict):
        raise UnreadableError(f"{answer.status} with something else than a JSON object")
    return data


def _values(body: bytes) -> int:
    """How many values a JSON document may have at the most, told without making any: each takes many times the memory
    of its text.
    """
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if (quotes := bare.count(b'"')) > 2 * MOST_VALUES:
        return quotes // 2
    outside = b"".join(bare.split(b'"')[::2])
    return sum(map(outside.count, (b",", b"{", b"[")))


def _number(digits: str) -> float:
    """Nothing here is counted in numbers of so many digits: they are not made into what breaks arithmetic later."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else float(digits)


def moment(answer: Answer) -> Moment:
    """When it was given.  Raises UnreadableError: each has one (docs/explanation/launchpad.md#date-header)."""
    try:
        date = _date(answer.headers["date"])
    except (KeyError, ValueError) as error:
        raise UnreadableError(f"{answer.status} without a date") from error
    return Moment(date, answer.started, answer.ended)


def date(value: object) -> datetime | None:
    """A date as an entry has it; None for what is none, or of no age that a record can hold."""
    try:
        return _of_this_age(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _date(text: str) -> datetime:
    """The time in a header, in UTC.  Raises ValueError."""
    try:
        return _of_this_age(parsedate_to_datetime(text))
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError("not a date") from error


def _of_this_age(date: datetime) -> datetime:
    date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    if date.year not in YEARS:
        raise ValueError("not a date of this age")
    return date


def retry_after(answer: Answer) -> float | None:
    """Seconds, from either form of Retry-After."""
    value = answer.headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return float(value)
    try:
        return max(0.0, (_date(value) - moment(answer).date).total_seconds())
    except ValueError:
        return None


def said(answer: Answer) -> str:
    """Status and plain text of an answer in one line; pages made for people are left out."""
    words = [str(answer.status), http_phrase(answer.status)]
    if answer.headers.get("content-type", "").startswith("text/plain"):
        words.append(_text(answer))
    if oops := answer.headers.get("x-lazr-oopsid"):
        words.append(f"({oops})")
    return one_line(" ".join(words))


def http_phrase(status: int) -> str:
    """`Bad Gateway` for 502; empty for what is not standard."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def text(data: Mapping[str, Any], name: str) -> str:
    """That field.  Raises UnreadableError when it is not text, or empty."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableError(f"a representation without {name}")
    return value


def _text(answer: Answer) -> str:
    return answer.body.decode("utf-8", "replace").strip()


def _web(link: Any) -> str | None:
    """An address that may be shown to people as it is."""
    return link if isinstance(link, str) and re.fullmatch(r"https?://[!-~]{1,500}", link) else None


def _flag(data: dict[str, Any], name: str, default: bool) -> bool:
    value = data.get(name)
    return value if isinstance(value, bool) else default
