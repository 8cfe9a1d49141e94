"""What a response of Launchpad's web service means, in the terms of the port.

Rule: nothing is concluded that a response does not prove: an entry is an Active, readable PPA; a write succeeded with
209 and such an entry, and in no other way.  The handlers `on_…` take the response to one kind of request.  Nothing
here does I/O.
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
from .http import Response
from .redaction import credentials_refusal, one_line

ACTIVE = "Active"
DELETED_STATES = ("Deleting", "Deleted")
REDACTED = "tag:launchpad.net:2008:redacted"
CONTENT_RETURNED = 209  # "Content Returned" (docs/explanation/launchpad.md#success-is-209)
ABSENT_STATUSES = (404, 410)
DENIED_STATUSES = (401, 403)
# Answered before anything was done; unlike other 4xx, the same request may succeed later.  412 is here for requests
# that set no condition: only a server in between can mean anything by it.
RETRYABLE = (408, 412, 425, 429)
PAGE_SIZE = 300  # the most that Launchpad gives (docs/explanation/launchpad.md#page-size)
# A page of 300 PPAs has less than 20,000 values.
SMALL_BYTES, MAX_VALUES = 64 * 1024, 100_000
MAX_EXACT_DIGITS = 15  # digits, so that it is exact also as a float

# docs/explanation/launchpad.md#new-ppas
WHO_MAY_CREATE = "PPAs of a team can be made by its owner and administrators only, not by every member"


class UnreadableResponseError(ValueError):
    """A response that Launchpad's web service would not give."""


class RequestFailedError(Exception):
    """A call of several requests ends with this answer."""

    def __init__(self, answer: Refused | Unavailable) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def on_read(response: Response) -> ReadAnswer:
    """What the response to a GET of an archive says of the PPA."""
    try:
        if response.status == HTTPStatus.OK:
            return parse_entry(json_object(response), moment_of(response))
        found = _on_ppa_failure(response)
    except UnreadableResponseError as error:
        return Unavailable(str(error))
    return Unavailable(found.reason, status=response.status) if isinstance(found, Refused) else found


def on_write(response: Response) -> WriteAnswer:
    """What became of a conditional PATCH of an archive."""
    try:
        return _on_write(response)
    except UnreadableResponseError as error:
        return Unknown(str(error))


def _on_write(response: Response) -> WriteAnswer:
    if response.status == CONTENT_RETURNED:
        found = parse_entry(json_object(response), moment_of(response))
        return Unknown(found.reason) if isinstance(found, Unavailable) else found
    if response.status == HTTPStatus.PRECONDITION_FAILED:
        return Conflict(moment_of(response))
    if response.status == HTTPStatus.SEE_OTHER:
        return _on_redirect(response)
    if HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _on_ppa_failure(response)
    return Unknown(summary(response))


def on_act(response: Response) -> ActAnswer:
    """What became of a POST of an idempotent operation."""
    try:
        if response.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
            return Done(moment_of(response))
        if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
            return _on_redirect(response)
        if HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _refusal(response)
        return Unavailable(summary(response), retry_after(response), sent=True, status=response.status)
    except UnreadableResponseError as error:
        return Unavailable(str(error), sent=True)


def on_create(response: Response) -> str | Refused | Unavailable | Unknown:
    """What became of a POST that creates a PPA: the address of the new PPA, or why there is none."""
    try:
        if response.status == HTTPStatus.CREATED:
            return required_text(response.headers, "location")
        if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
            return _on_redirect(response)
        if not HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unknown(summary(response))
        return _on_create_refused(response)
    except UnreadableResponseError as error:
        return Unknown(str(error))


def _on_create_refused(response: Response) -> Refused | Unavailable:
    found = _refusal(response)
    if isinstance(found, Unavailable):
        return found
    denied = response.status in DENIED_STATUSES
    return Refused(f"{found.reason}; {WHO_MAY_CREATE}" if denied else found.reason, found.moment, response.status)


def on_failure(response: Response) -> Refused | Unavailable:
    """What a failed read of something other than the PPA itself means.  Whether the PPA exists and is shown to us, only
    a response about the PPA says.
    """
    if not HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(summary(response), retry_after(response), status=response.status)
    if credentials_fault(response) is None and response.status in (*DENIED_STATUSES, *ABSENT_STATUSES):
        return Unavailable(summary(response), status=response.status)
    return _refusal(response)


def _on_ppa_failure(response: Response) -> Gone | AccessDenied | Refused | Unavailable:
    """What a failed request for the PPA itself means."""
    found = on_failure(response)
    if credentials_fault(response) is None and response.status in ABSENT_STATUSES:
        return Gone(found.reason, moment_of(response), response.status)
    if credentials_fault(response) is None and response.status in DENIED_STATUSES:
        return AccessDenied(found.reason, moment_of(response), response.status)
    return found


def _refusal(response: Response) -> Refused | Unavailable:
    if fault := credentials_fault(response):
        return Unavailable(fault)
    if response.status in RETRYABLE:
        return Unavailable(summary(response), retry_after(response))
    return Refused(summary(response), moment_of(response), response.status)


def _on_redirect(response: Response) -> Refused:
    where = one_line(response.headers.get("location", "another address"))
    return Refused(f"nothing was written: not the canonical address, {where} is", moment_of(response), response.status)


def credentials_fault(response: Response) -> str | None:
    """Why Launchpad does not accept our credentials, if that is what the response says; else None."""
    return credentials_refusal(_body_text(response)) if response.status == HTTPStatus.UNAUTHORIZED else None


def parse_entry(data: dict[str, Any], seen: Moment) -> Entry | Gone | AccessDenied | Unavailable:
    """What an archive's representation says of it.  Raises UnreadableResponseError if it is not one."""
    status, description = data.get("status"), data.get("description")
    if status is None:
        return Unavailable("the service does not tell a PPA's status: its version must be devel")
    if REDACTED in (status, description):
        return AccessDenied("not readable for us", seen)
    if status in DELETED_STATES:
        return Gone(f"it is deleted on Launchpad: its status is {status}", seen)
    if status != ACTIVE:
        return Unavailable(f"its status is {one_line(str(status))}")
    if not (description is None or isinstance(description, str)) or unstorable(description or ""):
        raise UnreadableResponseError("a description that is not text")
    return Entry(
        url=required_text(data, "self_link"),
        etag=required_text(data, "http_etag"),
        description=description,
        moment=seen,
        displayname=str(data.get("displayname", "")),
        publish=_flag(data, "publish", True),
        build_debug_symbols=_flag(data, "build_debug_symbols", False),
        publish_debug_symbols=_flag(data, "publish_debug_symbols", False),
        web=safe_link(data.get("web_link")),
        private=_flag(data, "private", False),
    )


def deleted_description(response: Response) -> str | None:
    """The description of a deleted PPA.  Raises UnreadableResponseError for any other response."""
    data = json_object(response) if response.status == HTTPStatus.OK else None
    if data is None:
        raise UnreadableResponseError(summary(response))
    description = data.get("description")
    if description == REDACTED or not (description is None or isinstance(description, str)):
        raise UnreadableResponseError("a deleted PPA whose description is not shown to us")
    return description


def on_anonymous_read(response: Response) -> bool | Unavailable:
    """Whether the response to an unsigned GET of a public PPA shows its texts, as only that of an enabled one does
    (docs/explanation/launchpad.md#redacted-entries).
    """
    found = on_read(response)
    if isinstance(found, Gone | Unavailable):
        return Unavailable(found.reason)
    return isinstance(found, Entry)


def parse_page(response: Response) -> tuple[dict[str, Any], Moment]:
    """One page of a collection, and its moment.  Raises RequestFailedError for any other response."""
    try:
        if response.status != HTTPStatus.OK:
            raise RequestFailedError(on_failure(response))
        data = json_object(response)
        if not _is_list_of_objects(data.get("entries")):
            raise UnreadableResponseError("a listing without entries")
        if len(data["entries"]) > PAGE_SIZE:
            raise UnreadableResponseError(f"a page of {len(data['entries'])} entries: {PAGE_SIZE} were asked for")
        return data, moment_of(response)
    except UnreadableResponseError as error:
        raise RequestFailedError(Unavailable(str(error))) from error


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def json_object(response: Response) -> dict[str, Any]:
    """The JSON object in a response.  Raises UnreadableResponseError."""
    data = _json(response)
    if not isinstance(data, dict):
        raise UnreadableResponseError(f"{response.status} with something else than a JSON object")
    return data


def json_objects(response: Response) -> list[dict[str, Any]]:
    """The JSON objects in a response that is a list of them.  Raises UnreadableResponseError."""
    data = _json(response)
    if not _is_list_of_objects(data):
        raise UnreadableResponseError(f"{response.status} with something else than a list of JSON objects")
    found: list[dict[str, Any]] = data
    return found


def json_text(response: Response) -> str | None:
    """The text, or null, that is the JSON in a response.  Raises UnreadableResponseError."""
    data = _json(response)
    if data is not None and not isinstance(data, str):
        raise UnreadableResponseError(f"{response.status} with something else than a text")
    return data


def _json(response: Response) -> Any:
    if len(response.body) > SMALL_BYTES and _most_values(response.body) > MAX_VALUES:
        raise UnreadableResponseError(f"{response.status} with more than {MAX_VALUES} values in it")
    try:
        return json.loads(response.body.decode(), parse_int=_parse_number)
    except (ValueError, RecursionError) as error:
        raise UnreadableResponseError(f"{response.status} without JSON in it") from error


def _most_values(body: bytes) -> int:
    """An upper bound of the values in a JSON document, without making any: each takes many times the memory of its
    text.
    """
    if (most := _separators(body)) <= MAX_VALUES:
        return most
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if (quotes := bare.count(b'"')) > 2 * MAX_VALUES:
        return quotes // 2
    return _separators(b"".join(bare.split(b'"')[::2]))


def _separators(text: bytes) -> int:
    """How often a value may follow: in a whole document, those inside of its texts are counted too."""
    return sum(map(text.count, (b",", b"{", b"[")))


def _parse_number(digits: str) -> float:
    """An integer; as a float if it has too many digits, which would make later arithmetic slow or fail."""
    return int(digits) if len(digits) <= MAX_EXACT_DIGITS else float(digits)


def moment_of(response: Response) -> Moment:
    """When a response was given.  Raises UnreadableResponseError if it has no Date header, which each has
    (docs/explanation/launchpad.md#date-header).
    """
    try:
        parse_date = _parse_http_date(response.headers["date"])
    except (KeyError, ValueError) as error:
        raise UnreadableResponseError(f"{response.status} without a date") from error
    return Moment(parse_date, response.started, response.ended)


def parse_date(value: object) -> datetime | None:
    """A date in an entry, in UTC; None for what is not a date, or is not in the years that a record can hold."""
    try:
        return _in_plausible_years(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _parse_http_date(required_text: str) -> datetime:
    """The date in an HTTP header, in UTC.  Raises ValueError."""
    try:
        return _in_plausible_years(parsedate_to_datetime(required_text))
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError("not a date") from error


def _in_plausible_years(parse_date: datetime) -> datetime:
    parse_date = parse_date.replace(tzinfo=UTC) if parse_date.tzinfo is None else parse_date.astimezone(UTC)
    if parse_date.year not in YEARS:
        raise ValueError("not a date of this age")
    return parse_date


def retry_after(response: Response) -> float | None:
    """The seconds of a Retry-After header, which may hold a number or a date; None without one."""
    value = response.headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return float(value)
    try:
        return max(0.0, (_parse_http_date(value) - moment_of(response).date).total_seconds())
    except ValueError:
        return None


def summary(response: Response) -> str:
    """Status and plain text of a response in one line; HTML pages are left out."""
    words = [str(response.status), http_phrase(response.status)]
    if response.headers.get("content-type", "").startswith("text/plain"):
        words.append(_body_text(response))
    if oops := response.headers.get("x-lazr-oopsid"):
        words.append(f"({oops})")
    return one_line(" ".join(words))


def http_phrase(status: int) -> str:
    """The standard reason phrase of a status, like `Bad Gateway` for 502; empty for an unknown one."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def required_text(data: Mapping[str, Any], name: str) -> str:
    """The text in a field.  Raises UnreadableResponseError when it is missing, empty or not text."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableResponseError(f"a representation without {name}")
    return value


def _body_text(response: Response) -> str:
    return response.body.decode("utf-8", "replace").strip()


def safe_link(link: Any) -> str | None:
    """A link that may be shown to people as it is; None for anything else."""
    return link if isinstance(link, str) and re.fullmatch(r"https?://[!-~]{1,500}", link) else None


def _flag(data: dict[str, Any], name: str, default: bool) -> bool:
    value = data.get(name)
    return value if isinstance(value, bool) else default
