"""Representations kept until the object changes, so that the stand-in is quick enough for loads that tests put on it.

Only what lazr.restful would compute again with the same result is kept. Its lists make entries of a class that cannot
be given, so the class itself is taught here, once per process.
"""

# mypy: disallow-untyped-calls=False
# (lazr.restful ships no types)

from __future__ import annotations

from typing import Any

from lazr.restful import EntryResource
from lazr.restful._resource import _default_html_renderer

from .access import VIEW, current


class Stamped:
    """An object that knows when it was changed: every attribute that is set makes what was kept of it void."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        self.__dict__["kept"] = {}


def _key(resource: Any, kind: str, media_type: str) -> tuple[Any, ...]:
    caller = current()
    seen = caller is None or resource.context.permits(VIEW, caller)
    return kind, media_type, resource.request.version, seen


def _field_without_lookup(resource: Any, field_name: str, field: Any) -> tuple[Any, Any, Any]:
    """No field of the stand-in is shown in a way of its own, so no renderer is looked for."""
    name, value = resource._unmarshallField(field_name, field)
    return name, value, _default_html_renderer


def teach() -> None:
    """Make lazr.restful's entries keep what they computed; once per process."""
    represent, etag = EntryResource._representation, EntryResource.getETag

    def kept_representation(resource: Any, media_type: str) -> Any:
        if not isinstance(resource.context, Stamped) or media_type != resource.JSON_TYPE:
            return represent(resource, media_type)
        kept, key = resource.context.__dict__["kept"], _key(resource, "representation", media_type)
        if key not in kept:
            kept[key] = represent(resource, media_type)
        return kept[key]

    def kept_etag(resource: Any, media_type: str, cache: Any = None) -> Any:
        if not isinstance(resource.context, Stamped):
            return etag(resource, media_type, cache)
        kept, key = resource.context.__dict__["kept"], _key(resource, "etag", media_type)
        if key not in kept:
            kept[key] = etag(resource, media_type, cache)
        return kept[key]

    EntryResource._representation = kept_representation
    EntryResource.getETag = kept_etag
    EntryResource._field_with_html_renderer = _field_without_lookup
    EntryResource.redacted_fields = ()  # asked for a cache that is not used
