"""What the documents have in common: their terms, their limits, and how a shape says what its type cannot.

Rule: a limit that is here is part of the API.  Annotations are evaluated, not kept as text: what a member may be is
read from them at run time.
"""

import sys
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetPydanticSchema

from ..selectors import MOST_CHARACTERS

if sys.version_info >= (3, 12):
    from typing import TypedDict as TypedDict
else:  # pydantic cannot read the older one
    from typing_extensions import TypedDict as TypedDict

POOL = "default"
"""The pool of a request that names none."""
SOURCES = 50
"""The most sources that one request may name: each may cost a request to Launchpad for each PPA."""
FILES = 200
"""The most files that the sources of one request may name in all."""
LONGEST_S = 10 * 366 * 86400.0
"""More than any pool allows; a longer time could not be added to a date."""

NO_NUL: dict[str, Any] = {"pattern": "^[^\\u0000]*$"}
"""For the schema alone: `api.parsing` and `api.middleware` refuse it in their own words before anything else is looked
at.
"""
RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="the client's own name for a request")]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_S, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=NO_NUL)]
Time = Annotated[str, Field(description="RFC 3339, UTC, whole seconds", examples=["2026-11-25T03:14:12Z"])]
PpaName = Annotated[str, Field(description="~owner/ubuntu/name", examples=["~ci-pool/ubuntu/pool-001"])]
Selector = Annotated[
    str,
    Field(
        max_length=MOST_CHARACTERS,
        description="Kubernetes' syntax: `k=v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, joined by commas",
        examples=["size=big,!gpu"],
        json_schema_extra=NO_NUL,
    ),
]
Labels = Annotated[
    dict[str, str],
    Field(description="those of the configuration, and what Launchpad tells, below `lp/`, as far as it was asked"),
]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]*$", max_length=256, examples=["hello"])]
SourceVersion = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z+.:~-]*$", max_length=256, examples=["2.10-3"])]

S = TypeVar("S")


def sent_as(kind: Any) -> GetPydanticSchema:
    """In an annotation: the member is sent as `kind`, though programs have it as the annotated type.  A state is a text
    to them, of which the schema knows all values.
    """
    return GetPydanticSchema(lambda _, schema_of: schema_of(kind))


def shown(*examples: dict[str, Any]) -> Callable[[type[S]], type[S]]:
    """A decorator: the schema shows these examples of the document."""
    return _configured(json_schema_extra={"examples": list(examples)})


def body(*examples: dict[str, Any]) -> Callable[[type[S]], type[S]]:
    """A decorator: the document is sent to the daemon.  Types are not converted, and unknown members are refused."""
    shown = {"json_schema_extra": {"examples": list(examples)}} if examples else {}
    return _configured(extra="forbid", strict=True, **shown)


def others_allowed(shape: type[S]) -> type[S]:
    """A decorator: the document may have more members than the schema names."""
    return _configured(extra="allow")(shape)


def examples_of(shape: object) -> list[dict[str, Any]]:
    """The examples that the schema of a document shows."""
    config: dict[str, Any] = getattr(shape, "__pydantic_config__", {})
    found: list[dict[str, Any]] = config.get("json_schema_extra", {}).get("examples", [])
    return found


def _configured(**config: Any) -> Callable[[type[S]], type[S]]:
    def configured(shape: type[S]) -> type[S]:
        shape.__pydantic_config__ = config  # type: ignore[attr-defined]  # of which pydantic reads it
        return shape

    return configured


class SnapshotAddress(TypedDict):
    """Where what a lease had stays readable: the PPA as it was `at` a time."""

    at: Time
    url: str


LeftBehind = Annotated[
    SnapshotAddress | None,
    Field(description="of a lease that is over, while its PPA remembers it; null if nothing was published or kept"),
]
