"""What all sections of the configuration file have in common, and the kinds of options that several sections have.

Rule: a kind of option that one section alone has stands beside that section.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from . import parsers
from .forms import text
from .parsers import WRONG

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Made = TypeVar("Made", bound="DataclassInstance")


def _empty_list(value: object) -> object:
    return [] if value is None else [WRONG] if value is WRONG else value


Empty = BeforeValidator(lambda value: {} if value is None else value)  # all lines of a section may be comments
EmptyList = BeforeValidator(_empty_list)
PathText = Annotated[str, text()]
Glob = Annotated[str, text(parsers.glob_pattern, minLength=1, maxLength=256)]
PpaGlobs = Annotated[list[Annotated[str, text(parsers.ppa_glob, pattern=r"^[~*?\[]", maxLength=256)]], EmptyList]
Many = Annotated[int, Field(ge=0, le=1_000_000)]


class Section(BaseModel):
    """What all sections have in common: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    def to(self, kind: type[Made], **other: object) -> Made:
        """Make the settings that have options of the same names, lists as tuples; `other` is what they have instead."""
        names = {field.name for field in fields(kind)}
        own = {name: tuple(each) if isinstance(each, list) else each for name, each in self if name in names}
        return kind(**own | other)
