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
from .schema import (
    EXTENSION_PREFIX,
    ApiSection,
    BaselineSection,
    ClientSection,
    ConfigFile,
    LaunchpadSection,
    PoolSection,
    RetrySection,
    SocketSection,
    TimeoutSection,
    TlsSection,
)

_SECTIONS: Mapping[str, type[BaseModel]] = {
    "the top of the file": ConfigFile,
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
_ALL_KEYS = sorted({key for model in _SECTIONS.values() for key in model.model_fields})
_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list, like [one, two]",
    "dict_type": "a section of pools, like {default: {ppas: [...]}}",
    "model_type": "a section of options, like {option: value}",
}


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
        return f"this is missing; every {'client' if path[0] == 'api' else 'pool'} needs it"
    if kind == "extra_forbidden":
        return _unknown_key(path, short)
    if given is None and path[-1] not in ("ppas", "pools"):
        return "there is no value; write one, or take the line away to have the default"
    if kind == "value_error":
        return str(finding["ctx"]["error"])
    if kind == "greater_than_equal":
        return f"must be at least {finding['ctx']['ge']}, not {quote_value(given)}"
    if kind == "less_than_equal":
        return f"may be at most {finding['ctx']['le']}, not {quote_value(given)}"
    if kind in _EXPECTED:
        return f"expects {_EXPECTED[kind]}, not {quote_value(given)}"
    return f"{quote_value(given)} does not fit: {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _unknown_key(path: KeyPath, short: bool) -> str:
    """What to say of an unknown key; `short`: the file has the short form, which cannot have pools."""
    key = str(path[-1])
    known = list(_model_at(path[:-1]).model_fields)
    if key in _ALL_KEYS:
        return f"this key is unknown here; it belongs in {_sections_with(key, short)}"
    if hint := did_you_mean(key, known):
        return f"this key is unknown{hint}"
    if meant := did_you_mean(key, _ALL_KEYS).rpartition(" ")[2].rstrip("?"):
        return f"this key is unknown; did you mean {meant}?  That belongs in {_sections_with(meant, short)}"
    return f"this key is unknown; the keys here are {', '.join(known)}"


def _sections_with(key: str, short: bool) -> str:
    homes = [home for home, model in _SECTIONS.items() if key in model.model_fields]
    instead = ", in place of the ppas at the top" if short and _SECTIONS[homes[0]] in _OF_POOLS else ""
    return " or ".join(homes) + instead


def _model_at(path: KeyPath) -> type[BaseModel]:
    model: type[BaseModel] = ConfigFile
    parts = iter(path)
    for part in parts:
        annotation = model.model_fields[str(part)].annotation
        model = next(models_in(annotation))
        if get_origin(annotation) in (dict, list):
            next(parts, None)  # the name of the pool or the number of the client
    return model


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)
