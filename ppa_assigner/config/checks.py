"""What only shows when several options are seen together, and what the host must have: the files that they name.

Rule: these checks read the raw document and pass over what is wrong by itself, so that one run finds all mistakes.
Nobody becomes operator by being able to connect from elsewhere.  They must not ask the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..reference import Reference
from ..times import exactly
from .addresses import SERVICES, launchpads_own, listen, local, service
from .document import Document, Place, spelled
from .files import fault, placed
from .parsers import maybe, plain_text, seconds
from .patterns import MAX_PPAS, Pattern, dependency, pattern
from .schema import LaunchpadSection, PoolSection, RetrySection
from .settings import Listen

LEAST_SETTLE = 90.0  # until then a request of ours may still land (docs/explanation/launchpad.md#request-limit)
_HOW = (
    "run `ppa-assigner login` and name here the file that it writes, "
    "or let systemd hand it over (LoadCredential=launchpad:FILE)"
)


def check(document: Document, environ: Mapping[str, str], folder: Path) -> None:
    """Blame what does not go together.  `folder` is where a relative credentials path starts."""
    _pools_or_ppas(document)
    _ppas(document)
    for name in document.section("pools"):
        _pool(document, ("pools", name))
    _timeouts(document)
    _api(document, folder)
    _credentials(document, environ, folder)


# -- PPAs ---------------------------------------------------------------------------------------------------------


def _pools_or_ppas(document: Document) -> None:
    data = document.section()
    if "ppas" in data and "pools" in data:
        line = document.line(("pools",))
        document.note(
            document.line(("ppas",)),
            f"ppas: stands beside pools (line {line}); keep one of them: "
            "ppas is short for pools: {default: {ppas: [...]}}",
        )
    elif not data.keys() & {"ppas", "pools"}:
        document.blame((), 'there are no PPAs; list them, like ppas: ["~owner/ubuntu/pool-{001..020}"]')


def _lists(document: Document) -> Iterator[tuple[Place, list[Any]]]:
    places: list[Place] = [("ppas",), *(("pools", name, "ppas") for name in document.section("pools")), ("retire",)]
    for place in places:
        items = document.section(*place[:-1]).get(str(place[-1]))
        if isinstance(items, list):
            yield place, items


def _ppas(document: Document) -> None:
    found: list[tuple[Place, Pattern]] = []
    for place, items in _lists(document):
        read = ((index, maybe(pattern, item)) for index, item in enumerate(items))
        found += [((*place, index), item) for index, item in read if item is not None]
    total = sum(item.count for _, item in found)
    if total > MAX_PPAS:
        document.note(
            document.line(found[0][0][:-1]), f"{total} PPAs are listed in all; at most {MAX_PPAS} can be served"
        )
        return
    seen: dict[Reference, Place] = {}
    for place, item in found:
        _once(document, place, item, seen)


def _once(document: Document, place: Place, item: Pattern, seen: dict[Reference, Place]) -> None:
    twice = []
    for ppa in item.expand():
        if seen.setdefault(ppa, place) is not place:
            twice.append(ppa)
        elif own := _own_dependency(document, place, ppa):
            document.blame(own, f"{ppa} cannot depend on itself; take it out of the baseline of its own pool")
    if twice:
        first = seen[twice[0]]
        more = f" and {len(twice) - 1} more" if len(twice) > 1 else ""
        document.blame(
            place,
            f"{twice[0]}{more} is listed already in line {document.line(first)} ({_where(first)}); {_cure(place)}",
        )


def _where(place: Place) -> str:
    return f"pool {place[1]}" if place[0] == "pools" else spelled(place[:1])


def _cure(place: Place) -> str:
    if place[0] == "retire":
        return "a PPA is lent or retired: keep it in one list"
    return "a PPA is in one list, once: take it out of the other"


def _own_dependency(document: Document, place: Place, ppa: Reference) -> Place | None:
    if place[0] != "pools":
        return None
    baseline = (*place[:2], "baseline")
    given = document.section(*baseline).get("dependencies")
    for index, item in enumerate(given if isinstance(given, list) else ()):
        if maybe(dependency, item) == str(ppa):
            return (*baseline, "dependencies", index)
    return None


# -- durations that must fit each other -----------------------------------------------------------------------------


def _pool(document: Document, place: Place) -> None:
    _ordered(document, place, ("ttl", "max_ttl"), PoolSection)
    _ordered(document, (*place, "retry"), ("first", "max"), RetrySection)
    settle = maybe(seconds, document.section(*place).get("settle", LEAST_SETTLE))
    root = maybe(service, document.section("launchpad").get("service", SERVICES["production"]))
    if settle is not None and 0 < settle < LEAST_SETTLE and root and launchpads_own(root):
        document.blame(
            (*place, "settle"),
            f"{exactly(settle)} is too short for Launchpad, where a request may land late; "
            f"write {LEAST_SETTLE:g}s or more",
        )
    _provable(document, place)


def _provable(document: Document, place: Place) -> None:
    """An unpublished PPA keeps its indexes and dates for ever (docs/explanation/launchpad.md#removal-from-disk)."""
    proof, off = document.section(*place).get("proof"), document.section(*place, "baseline").get("publish") is False
    if proof in ("index", "disk") and off:
        text = f"with baseline.publish: false nothing of {proof} ever changes; write proof: active or publish: true"
        document.blame((*place, "proof"), text)


def _ordered(document: Document, place: Place, keys: tuple[str, str], model: Any) -> None:
    """Blame the pair when the first is longer than the second; a default counts like a value that was given."""
    given = document.section(*place)
    low, high = (maybe(seconds, given.get(key, model.model_fields[key].default)) for key in keys)
    if low is None or high is None or low <= high:
        return
    short, long = keys
    if short in given:
        document.blame(
            (*place, short), f"{exactly(low)} is longer than {long} ({exactly(high)}); raise {long} or lower {short}"
        )
    else:
        document.blame(
            (*place, long), f"{exactly(high)} is shorter than {short} ({exactly(low)} by default); write {short} too"
        )


def _timeouts(document: Document) -> None:
    place: Place = ("launchpad", "timeout")
    given = document.section(*place)
    default = LaunchpadSection().timeout.total
    total = maybe(seconds, given.get("total", default))
    for key in ("connect", "read"):
        part = maybe(seconds, given.get(key, 0.0))
        if total and part is not None and part > total:
            document.blame(
                (*place, key), f"{exactly(part)} is longer than total ({exactly(total)}); lower it or raise total"
            )


# -- credentials --------------------------------------------------------------------------------------------------


def _credentials(document: Document, environ: Mapping[str, str], folder: Path) -> None:
    if document.blamed(("launchpad",)):
        return
    given = document.section("launchpad").get("credentials")
    place: Place = ("launchpad", "credentials")
    if given is None:
        _handed_over(document, place, environ)
    elif (text := maybe(plain_text, given)) is not None:
        file = placed(text, folder)
        if wrong := fault(file):
            document.blame(place, f"{file} {wrong}; write it with `ppa-assigner login` and let this user read it")


def _handed_over(document: Document, place: Place, environ: Mapping[str, str]) -> None:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        document.blame(place, f"there are no credentials for Launchpad; {_HOW}")
    elif wrong := fault(Path(directory) / "launchpad"):
        document.blame(place, f"$CREDENTIALS_DIRECTORY/launchpad {wrong}; {_HOW}")


_TLS = ("certificate", "key")


def _api(document: Document, folder: Path) -> None:
    """Blame what does not go together.  `folder` is where relative paths start."""
    _clients(document)
    given = document.section("api")
    where = maybe(listen, given.get("listen", "127.0.0.1:8020"))
    if where is not None:
        _exposure(document, where)
    _tls(document, where, folder)


def _clients(document: Document) -> None:
    clients = document.section("api").get("clients")
    seen: dict[tuple[str, str], Place] = {}
    for index, client in enumerate(clients if isinstance(clients, list) else ()):
        for key in ("name", "token_sha256"):
            place: Place = ("api", "clients", index, key)
            value = client.get(key) if isinstance(client, dict) else None
            first = (
                seen.setdefault((key, value.lower() if key != "name" else value), place)
                if isinstance(value, str)
                else place
            )
            if first is not place:
                document.blame(place, f"another client has the same in line {document.line(first)}; each needs its own")


def _exposure(document: Document, where: Listen) -> None:
    if not local(where) and not document.section("api").get("clients"):
        document.blame(
            ("api", "listen"),
            f"{where} can be reached by others and there are no clients, so that anybody were operator; "
            "add api.clients (see `ppa-assigner token`), or listen on 127.0.0.1 or a Unix socket",
        )


def _tls(document: Document, where: Listen | None, folder: Path) -> None:
    place: Place = ("api", "tls")
    given = {key: value for key, value in document.section(*place).items() if value is not None and key in _TLS}
    if not given:
        return
    if where is not None and where.path is not None:
        document.blame(place, f"is for an address, not for {where}; take it away")
    for key in _TLS:
        if key not in given:
            document.blame((*place, key), "is missing; certificate and key go together")
        elif (text := maybe(plain_text, given[key])) is not None and (wrong := fault(placed(text, folder))):
            document.blame((*place, key), f"{placed(text, folder)} {wrong}; name a file that this user can read")
