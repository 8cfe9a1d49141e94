"""How an option is read that is not a plain value: by a function, as a text of some form, as a member of an enum.

Rule: what was found to be wrong stays so, and is not read again; nothing here knows an option.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import core_schema

from . import parsers
from .parsers import WRONG


def unless_wrong(value: object, read: Callable[[object], object]) -> object:
    """The value as it is read; what is WRONG stays so."""
    return value if value is WRONG else read(value)


class Parsed:
    """Has an option read by a function, which raises ValueError; `schema` is what the JSON schema says of it."""

    def __init__(self, parse: Callable[[object], object], **schema: Any) -> None:
        self._parse = parse
        self._schema = schema if {"anyOf", "enum", "const"} & schema.keys() else {"type": "string", **schema}

    def __get_pydantic_core_schema__(self, *_: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda value: unless_wrong(value, self._parse))

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        return dict(self._schema)


def text(read: Callable[[str], object] = str, **schema: Any) -> Parsed:
    """Has an option be a text that a function reads, which raises ValueError."""
    return Parsed(lambda value: read(parsers.plain_text(value)), **schema)


def form(pattern: str, what: str, then: Callable[[str], str] = str) -> Parsed:
    """Has an option be a text of this form; a message says `what` is expected."""
    check = parsers.matching(pattern, what)
    return text(lambda given: then(check(given)), pattern=f"^{pattern}$")


def member(kind: type[Enum]) -> Parsed:
    """Has an option be the value of a member of this enum."""
    return Parsed(parsers.enum_member(kind), enum=[each.value for each in kind])


class OrText:
    """What the JSON schema says of a section in whose place a text may stand."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}
