"""A service description taken apart into facts that can be compared: fields, operations, parameters, choices.

Reads only; knows nothing of Launchpad.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

W = "{http://research.sun.com/wadl/2006/10}"


class Fact(NamedTuple):
    """One thing that a description says: about `thing`, in `place`."""

    kind: str
    place: str
    thing: str
    more: tuple[str, ...] = ()


def facts(text: bytes) -> set[Fact]:
    """All facts of a description."""
    root = ElementTree.fromstring(text)  # noqa: S314 - our own server's, or a file of a package
    found: set[Fact] = set()
    for representation in root.iter(f"{W}representation"):
        found |= _fields(representation)
    for method in root.iter(f"{W}method"):
        found |= _operation(method)
    return found


def _fields(representation: ElementTree.Element) -> set[Fact]:
    place = representation.get("id")
    kind = "writable" if (place or "").endswith("-diff") else "field"
    return {
        Fact(kind, place, param.get("name", ""), (*_type(param), *_choices(param)))
        for param in representation.findall(f"{W}param")
        if place is not None
    }


def _operation(method: ElementTree.Element) -> set[Fact]:
    place = method.get("id")
    if place is None:
        return set()
    found = {Fact("operation", place, method.get("name", ""))}
    for param in method.iter(f"{W}param"):
        found.add(Fact("parameter", place, param.get("name", ""), _choices(param)))
        if param.get("required") == "true":
            found.add(Fact("required", place, param.get("name", "")))
    return found


def _type(element: ElementTree.Element) -> tuple[str, ...]:
    link = element.find(f"{W}link")
    kind = (link.get("resource_type") or "").partition("#")[2] if link is not None else ""
    return (element.get("type") or "", kind)


def _choices(element: ElementTree.Element) -> tuple[str, ...]:
    return tuple(option.get("value", "") for option in element.findall(f"{W}option"))
