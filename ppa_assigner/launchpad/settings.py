"""What belongs to a PPA beside packages and fields: dependencies, processors, uploaders; and how a PPA is made.

Rule: the forms in which `read` gives things are those in which the operations here take them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from ..port import ActAnswer, ArchiveSettings, Done, Entry, Moment, Refused
from ..record import unstorable
from ..reference import Reference
from . import responses
from .responses import PAGE, REDACTED, FailedError
from .session import Get, operation, pages, query
from .urls import archive_at, last_part, reference_of, to_archive, to_person

FIELDS = frozenset({"displayname", "publish", "build_debug_symbols", "publish_debug_symbols"})
PAGED = f"ws.size={PAGE}"


def read(get: Get, entry: Entry) -> ArchiveSettings:
    """Three requests.  Raises FailedError, UnreadableError, NotSentError, NoAnswerError."""
    dependencies, moment = _all(get, f"{entry.url}/dependencies?{PAGED}")
    processors, _ = _all(get, f"{entry.url}/processors?{PAGED}")
    return ArchiveSettings(
        dependencies=tuple(sorted({_dependency(one, moment) for one in dependencies})),
        processors=tuple(sorted({responses.text(one, "name") for one in processors})),
        uploaders=tuple(sorted(uploaders(get, entry))),
        moment=moment,
    )


def uploaders(get: Get, entry: Entry) -> frozenset[str]:
    """Who holds an upload right of their own on `main`, the only one that counts, as `~name`; not the owner, who needs
    none (docs/explanation/launchpad.md#upload-rights).
    """
    rights, _ = _all(get, query(entry.url, "getUploadersForComponent", component_name="main"))
    return frozenset(last_part(responses.text(one, "person_link")) for one in rights) - {
        f"~{reference_of(entry.url).owner}"
    }


def adding(root: str, dependency: str) -> dict[str, str]:
    """The fields that add an archive.  Of another PPA all is taken; of a distribution what builds are given where
    nothing is said: Updates and what it rests on, all components.  Raises ValueError for what is no archive.
    """
    url = to_archive(root, dependency)
    ppa = dependency.startswith(("~", "ppa:"))
    pocket, component = ("Release", "main") if ppa else ("Updates", "multiverse")
    return operation("addArchiveDependency", dependency=url, pocket=pocket, component=component)


def added(answer: ActAnswer) -> ActAnswer:
    """One that was there already is refused by Launchpad, and as good as done."""
    if isinstance(answer, Refused) and "already registered" in answer.reason:
        return Done(answer.moment)
    return answer


def removing(root: str, dependency: str) -> dict[str, str]:
    """The fields that take it away.  Raises ValueError for what is no archive."""
    return operation("removeArchiveDependency", dependency=to_archive(root, dependency))


def building_for(root: str, names: Collection[str]) -> dict[str, str]:
    """The fields that make builds be for exactly these processors."""
    links = [f"{root}+processors/{quote(name, safe='')}" for name in sorted(set(names))]
    return operation("setProcessors", processors=links)


def upload_right(root: str, name: str, who: str) -> dict[str, str]:
    """The fields that give or take an upload right."""
    return operation(name, person=to_person(root, who), component_name="main")


def making(root: str, ppa: Reference, displayname: str, description: str) -> dict[str, str]:
    """The fields that make a PPA.  Raises ValueError for texts that Launchpad would not keep as they are: in forms it
    makes every line end a plain newline (docs/explanation/launchpad.md#texts-in-forms).
    """
    if unstorable(displayname) or unstorable(description) or "\r" in description:
        raise ValueError("NUL, lone surrogates and carriage returns cannot be given to a new PPA")
    return operation(
        "createPPA",
        distribution=f"{root}{quote(ppa.distribution)}",
        name=ppa.name,
        displayname=displayname,
        description=description,
    )


def _all(get: Get, url: str) -> tuple[list[dict[str, Any]], Moment]:
    """All entries of a collection, and the moment of its first page."""
    found = list(pages(get, url))
    return [one for page, _ in found for one in page], found[0][1]


def _dependency(data: dict[str, Any], moment: Moment) -> str:
    url = responses.text(data, "dependency_link")
    if url == REDACTED:
        raise FailedError(Refused("depends on an archive that we may not read", moment))
    return archive_at(url)
