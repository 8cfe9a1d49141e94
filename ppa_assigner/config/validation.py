"""Validates a document by the schema: pydantic finds the mistakes, and here they are put in plain words.

Rule: every mistake is reported at its own key or item, in one sentence that says what to write instead.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .document import Document, KeyPath, format_path
from .parsers import WRONG, did_you_mean, quote_value
from .schema import EXTENSION_PREFIX, ConfigFile

_MESSAGES = {
    "value_error": "{error}",
    "greater_than_equal": "must be at least {ge}, not {given}",
    "less_than_equal": "may be at most {le}, not {given}",
    "string_type": "expects a text, not {given}",
    "bool_type": "expects true or false, not {given}",
    "int_type": "expects a whole number, not {given}",
    "list_type": "expects a list, like [one, two], not {given}",
    "dict_type": "expects a section of pools, like {{default: {{ppas: [...]}}}}, not {given}",
    "model_type": "expects a section of options, like {{option: value}}, not {given}",
}
"""What to say of each type of pydantic's errors, with what its context gives."""


def validate(document: Document) -> ConfigFile:
    """The document as a configuration.  What is wrong in it is reported and taken out: a default stands in its place,
    or WRONG.
    """
    data, reported = _without_extensions(document.data), False
    while True:
        try:
            return ConfigFile.model_validate(data)
        except ValidationError as error:
            findings = error.errors(include_url=False)
        if not reported:  # what is found later follows from what was taken out
            data, reported = copy.deepcopy(data), True
            for finding in findings:
                document.report(finding["loc"], _message(finding, "ppas" in data))
        for finding in findings:
            _take_out(data, finding)


def _take_out(data: Any, finding: Any) -> None:
    if finding["input"] is WRONG:
        raise TypeError(f"{format_path(finding['loc'])}: an option that is required must take WRONG")
    *parents, key = finding["loc"]
    for part in parents:
        if data[part] is None:
            data[part] = {}
        data = data[part]
    if isinstance(data, list) or finding["type"] == "missing":
        data[key] = WRONG
    else:
        del data[key]


def _without_extensions(data: dict[str, Any]) -> dict[str, Any]:
    """The data without the keys at the top that begin with `x-`: they are the author's own, a place for anchors."""
    return {key: value for key, value in data.items() if not key.startswith(EXTENSION_PREFIX)}


def _message(finding: Any, short: bool) -> str:
    kind, path, given = finding["type"], finding["loc"], finding["input"]
    if kind == "missing":
        return f"this is missing; every {_kind_of_section(path)} needs it"
    if kind == "extra_forbidden":
        return _unknown_key(path, short)
    if given is None and path[-1] not in ("ppas", "pools"):
        return "there is no value; write one, or take the line away to have the default"
    if kind == "dict_type" and path[-1] == "labels":
        return f"expects labels, like {{size: big}}, not {quote_value(given)}"
    if kind == "dict_type" and path[-1] == "claims":
        return f"expects claims, like {{repository_id: 123}}, not {quote_value(given)}"
    if kind in _MESSAGES:
        return _MESSAGES[kind].format(given=quote_value(given), **finding.get("ctx", {}))
    return f"{quote_value(given)} does not fit: {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _kind_of_section(path: KeyPath) -> str:
    if path[0] == "api":
        return "oidc" if "oidc" in path else "client"
    return "item with labels" if path[-1] == "ppa" else "pool"


# -- keys that are unknown ----------------------------------------------------------------------------------------


def _sections(model: type[BaseModel] = ConfigFile, path: KeyPath = ()) -> Iterator[tuple[KeyPath, type[BaseModel]]]:
    """All sections by their paths, in which `*` stands for the name of a pool and the number of an item."""
    yield path, model
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            many = ("*",) if get_origin(field.annotation) in (dict, list) else ()
            yield from _sections(inner, (*path, name, *many))


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that an option of this type has."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


_SECTIONS = dict(_sections())
_ALL_KEYS = sorted({key for model in _SECTIONS.values() for key in model.model_fields})
_ITEM = "an item of ppas ({ppa: ..., labels: {...}})"
_NAMES: Mapping[KeyPath, str] = {
    (): "the top of the file",
    ("pools", "*"): "a pool (pools: {default: {ppas: [...]}})",
    ("ppas", "*"): _ITEM,
    ("pools", "*", "ppas", "*"): _ITEM,
    ("pools", "*", "baseline"): "a pool's baseline",
    ("pools", "*", "retry"): "a pool's retry",
    ("pools", "*", "as_new"): "a pool's as_new",
    ("pools", "*", "order"): "a pool's order",
    ("pools", "*", "grow"): "a pool's grow",
    ("api", "clients", "*"): "a client in api.clients",
    ("api", "clients", "*", "oidc"): "a client's oidc",
}
"""What people call a section, where that is not its path."""


def _unknown_key(path: KeyPath, short: bool) -> str:
    """What to say of an unknown key; `short`: the file has the short form, which cannot have pools."""
    *section, key = ("*" if isinstance(part, int) else str(part) for part in path)
    if section[:1] == ["pools"]:
        section[1] = "*"
    known = list(_SECTIONS[tuple(section)].model_fields)
    if key in _ALL_KEYS:
        return f"this key is unknown here; it belongs in {_sections_with(key, short)}"
    if hint := did_you_mean(key, known):
        return f"this key is unknown{hint}"
    if meant := did_you_mean(key, _ALL_KEYS).rpartition(" ")[2].rstrip("?"):
        return f"this key is unknown; did you mean {meant}?  That belongs in {_sections_with(meant, short)}"
    return f"this key is unknown; the keys here are {', '.join(known)}"


def _sections_with(key: str, short: bool) -> str:
    homes = [path for path, model in _SECTIONS.items() if key in model.model_fields]
    instead = ", in place of the ppas at the top" if short and homes[0][:1] == ("pools",) else ""
    return " or ".join(dict.fromkeys(_NAMES.get(path, format_path(path)) for path in homes)) + instead
