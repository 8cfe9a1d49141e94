"""Representations kept until the object changes, so that the stand-in is quick enough for loads that tests put on it.

Only what lazr.restful would compute again with the same result is kept. Its lists make entries of a fixed class, so
that class itself is changed here, once per process.
"""

# mypy: disallow-untyped-calls=False
# (lazr.restful ships no types)

from __future__ import annotations

from typing import Any

from lazr.restful import EntryResource
from lazr.restful._resource import _default_html_renderer

from .access import VIEW, current


class Cached:
    """An object whose representations are cached: every attribute that is set empties its cache."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        self.__dict__["cached"] = {}


def _key(resource: Any, kind: str, media_type: str) -> tuple[Any, ...]:
    caller = current()
    seen = caller is None or resource.context.permits(VIEW, caller)
    return kind, media_type, resource.request.version, seen


def _field_without_lookup(resource: Any, field_name: str, field: Any) -> tuple[Any, Any, Any]:
    """A field with the default renderer: the stand-in has no others, so none is looked up."""
    name, value = resource._unmarshallField(field_name, field)
    return name, value, _default_html_renderer


def install() -> None:
    """Make lazr.restful's entries cache what they compute; once per process."""
    represent, etag = EntryResource._representation, EntryResource.getETag

    def cached_representation(resource: Any, media_type: str) -> Any:
        if not isinstance(resource.context, Cached) or media_type != resource.JSON_TYPE:
            return represent(resource, media_type)
        cached, key = resource.context.__dict__["cached"], _key(resource, "representation", media_type)
        if key not in cached:
            cached[key] = represent(resource, media_type)
        return cached[key]

    def cached_etag(resource: Any, media_type: str, cache: Any = None) -> Any:
        if not isinstance(resource.context, Cached):
            return etag(resource, media_type, cache)
        cached, key = resource.context.__dict__["cached"], _key(resource, "etag", media_type)
        if key not in cached:
            cached[key] = etag(resource, media_type, cache)
        return cached[key]

    EntryResource._representation = cached_representation
    EntryResource.getETag = cached_etag
    EntryResource._field_with_html_renderer = _field_without_lookup
    EntryResource.redacted_fields = ()  # asked for a cache that is not used
