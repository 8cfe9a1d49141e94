"""The settings of a PPA that are not fields of its entry: dependencies, processors, uploaders; and forms that change
them or create a PPA.

Rule: what `read_settings` returns has the form in which the operations here take it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from ..port import ActAnswer, ArchiveSettings, Done, Entry, Moment, Refused
from ..record import unstorable
from ..reference import Reference
from . import responses
from .responses import REDACTED, RequestFailedError
from .session import Get, collection_url, operation_form, operation_url, pages
from .urls import archive_at, archive_url, last_part, person_url, reference_at

WRITABLE_FIELDS = frozenset({"displayname", "publish", "build_debug_symbols", "publish_debug_symbols"})


def read_settings(get: Get, entry: Entry) -> ArchiveSettings:
    """Dependencies, processors and uploaders of a PPA: three requests.  Raises RequestFailedError,
    UnreadableResponseError, NotSentError, NoResponseError.
    """
    dependencies, moment = _all_entries(get, collection_url(f"{entry.url}/dependencies"))
    return ArchiveSettings(
        dependencies=tuple(sorted({_dependency(one, moment) for one in dependencies})),
        processors=read_processors(get, entry.url),
        uploaders=tuple(sorted(read_uploaders(get, entry))),
        moment=moment,
    )


def read_processors(get: Get, url: str) -> tuple[str, ...]:
    """What the PPA at this address builds for, sorted: one request."""
    processors, _ = _all_entries(get, collection_url(f"{url}/processors"))
    return tuple(sorted({responses.required_text(one, "name") for one in processors}))


def read_uploaders(get: Get, entry: Entry) -> frozenset[str]:
    """Who holds an upload right of their own on `main`, the only one that counts, as `~name`; not the owner, who needs
    none (docs/explanation/launchpad.md#upload-rights).
    """
    rights, _ = _all_entries(get, operation_url(entry.url, "getUploadersForComponent", component_name="main"))
    return frozenset(last_part(responses.required_text(one, "person_link")) for one in rights) - {
        f"~{reference_at(entry.url).owner}"
    }


def add_dependency_form(root: str, dependency: str) -> dict[str, str]:
    """The form that adds a dependency.  Of another PPA all is used; of a distribution what builds use by default:
    Updates and what it rests on, all components.  Raises ValueError for what is not an archive.
    """
    url = archive_url(root, dependency)
    ppa = dependency.startswith(("~", "ppa:"))
    pocket, component = ("Release", "main") if ppa else ("Updates", "multiverse")
    return operation_form("addArchiveDependency", dependency=url, pocket=pocket, component=component)


def on_dependency_added(answer: ActAnswer) -> ActAnswer:
    """What became of adding a dependency: one that was there already is refused by Launchpad, and counts as done."""
    if isinstance(answer, Refused) and "already registered" in answer.reason:
        return Done(answer.moment)
    return answer


def remove_dependency_form(root: str, dependency: str) -> dict[str, str]:
    """The form that removes a dependency.  Raises ValueError for what is not an archive."""
    return operation_form("removeArchiveDependency", dependency=archive_url(root, dependency))


def set_processors_form(root: str, names: Collection[str]) -> dict[str, str]:
    """The form that lets builds be for exactly these processors."""
    links = [f"{root}+processors/{quote(name, safe='')}" for name in sorted(set(names))]
    return operation_form("setProcessors", processors=links)


def upload_right_form(root: str, name: str, who: str) -> dict[str, str]:
    """The form that gives or takes an upload right, by the operation `name`."""
    return operation_form(name, person=person_url(root, who), component_name="main")


def create_ppa_form(root: str, ppa: Reference, displayname: str, description: str) -> dict[str, str]:
    """The form that creates a PPA.  Raises ValueError for texts that Launchpad would not keep as they are: in forms it
    makes every line end a plain newline (docs/explanation/launchpad.md#texts-in-forms).
    """
    if unstorable(displayname) or unstorable(description) or "\r" in description:
        raise ValueError("NUL, lone surrogates and carriage returns cannot be given to a new PPA")
    return operation_form(
        "createPPA",
        distribution=f"{root}{quote(ppa.distribution)}",
        name=ppa.name,
        displayname=displayname,
        description=description,
    )


def _all_entries(get: Get, url: str) -> tuple[list[dict[str, Any]], Moment]:
    """All entries of a collection, and the moment of its first page."""
    found = list(pages(get, url))
    return [one for page, _ in found for one in page], found[0][1]


def _dependency(data: dict[str, Any], moment: Moment) -> str:
    url = responses.required_text(data, "dependency_link")
    if url == REDACTED:
        raise RequestFailedError(Refused("depends on an archive that we may not read", moment))
    return archive_at(url)
