"""Whether a document has the shape of a configuration: pydantic judges, and here its findings are put in plain words.

Rule: every finding is blamed on the very key or item, in one sentence that says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .document import Document, Place
from .parsers import nearest, shown
from .schema import (
    OWN,
    ApiSection,
    BaselineSection,
    ClientSection,
    File,
    LaunchpadSection,
    PoolSection,
    RetrySection,
    SocketSection,
    TimeoutSection,
    TlsSection,
)

_HOMES: Mapping[str, type[BaseModel]] = {
    "the top of the file": File,
    "a pool (pools: {default: {ppas: [...]}})": PoolSection,
    "launchpad": LaunchpadSection,
    "launchpad.timeout": TimeoutSection,
    "api": ApiSection,
    "api.socket": SocketSection,
    "api.tls": TlsSection,
    "a pool's baseline": BaselineSection,
    "a pool's retry": RetrySection,
    "a client in api.clients": ClientSection,
}
_OF_POOLS = (PoolSection, BaselineSection, RetrySection)
_ALL_KEYS = sorted({key for model in _HOMES.values() for key in model.model_fields})
_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list, like [one, two]",
    "dict_type": "a section of pools, like {default: {ppas: [...]}}",
    "model_type": "a section of options, like {option: value}",
}


def shaped(document: Document) -> File | None:
    """The document as sections; None when anything in it was blamed."""
    try:
        return File.model_validate(_without_own_keys(document.data))
    except ValidationError as error:
        for finding in error.errors(include_url=False):
            place = _place(finding)
            document.blame(place, _sentence(finding["type"], place, finding, "ppas" in document.section()))
    return None


def _without_own_keys(data: Any) -> Any:
    """What stands at the top under `x-…` is the author's own: a place for anchors."""
    own = isinstance(data, dict)
    return {key: value for key, value in data.items() if not key.startswith(OWN)} if own else data


def _place(finding: Any) -> Place:
    place = tuple(finding["loc"])
    # pydantic's way of saying that the key itself is meant
    return place[:-1] if place[-1:] == ("[key]",) and finding["type"] != "extra_forbidden" else place


def _sentence(kind: str, place: Place, finding: Any, short: bool) -> str:
    given = finding["input"]
    if kind == "missing":
        return f"this is missing; every {'client' if place[0] == 'api' else 'pool'} needs it"
    if kind == "extra_forbidden":
        return _unknown(place, short)
    if given is None and place[-1] not in ("ppas", "pools"):
        return "there is no value; write one, or take the line away to have the default"
    if kind == "value_error":
        return str(finding["ctx"]["error"])
    if kind == "greater_than_equal":
        return f"must be at least {finding['ctx']['ge']}, not {shown(given)}"
    if kind == "less_than_equal":
        return f"may be at most {finding['ctx']['le']}, not {shown(given)}"
    if kind in _EXPECTED:
        return f"expects {_EXPECTED[kind]}, not {shown(given)}"
    return f"{shown(given)} does not fit: {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _unknown(place: Place, short: bool) -> str:
    """`short`: the file has the short form, beside which there can be no pools."""
    key = str(place[-1])
    known = list(_model_at(place[:-1]).model_fields)
    if key in _ALL_KEYS:
        return f"this key is unknown here; it belongs in {_homes(key, short)}"
    if hint := nearest(key, known):
        return f"this key is unknown{hint}"
    if meant := nearest(key, _ALL_KEYS).rpartition(" ")[2].rstrip("?"):
        return f"this key is unknown; did you mean {meant}?  That belongs in {_homes(meant, short)}"
    return f"this key is unknown; the keys here are {', '.join(known)}"


def _homes(key: str, short: bool) -> str:
    homes = [home for home, model in _HOMES.items() if key in model.model_fields]
    instead = ", in place of the ppas at the top" if short and _HOMES[homes[0]] in _OF_POOLS else ""
    return " or ".join(homes) + instead


def _model_at(place: Place) -> type[BaseModel]:
    model: type[BaseModel] = File
    parts = iter(place)
    for part in parts:
        annotation = model.model_fields[str(part)].annotation
        model = next(_models(annotation))
        if get_origin(annotation) in (dict, list):
            next(parts, None)  # the name of the pool or the number of the client
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
