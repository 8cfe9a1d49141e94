"""What only shows when several options are seen together, and what the host must have: the files that they name.

Rule: these checks read the raw document and skip what is wrong by itself, so that one run finds all mistakes.
Nobody becomes operator by being able to connect from elsewhere.  They must not ask the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..backoff import REQUEST_ENDS_S
from ..reference import Reference
from ..times import exactly
from .addresses import SERVICES, is_launchpad, is_local, parse_listen, parse_service
from .document import Document, KeyPath, format_path
from .files import resolve, unreadable_reason
from .parsers import parse_or_none, plain_text, seconds
from .patterns import MAX_PPAS, Pattern, parse_dependency, parse_pattern
from .schema import LaunchpadSection, PoolSection, RetrySection
from .settings import Listen

_CREDENTIALS_HINT = (
    "run `ppa-assigner login` and name here the file that it writes, "
    "or let systemd hand it over (LoadCredential=launchpad:FILE)"
)


def check(document: Document, environ: Mapping[str, str], folder: Path) -> None:
    """Report what does not go together.  Relative paths start at `folder`."""
    _check_forms(document)
    _check_ppas(document)
    for name in document.section("pools"):
        _check_pool(document, ("pools", name))
    _check_timeouts(document)
    _check_api(document, folder)
    _check_credentials(document, environ, folder)


# -- PPAs ---------------------------------------------------------------------------------------------------------


def _check_forms(document: Document) -> None:
    data = document.section()
    if "ppas" in data and "pools" in data:
        line = document.line(("pools",))
        document.report_line(
            document.line(("ppas",)),
            f"ppas: cannot be used together with pools (line {line}); keep one of them: "
            "ppas is short for pools: {default: {ppas: [...]}}",
        )
    elif not data.keys() & {"ppas", "pools"}:
        document.report((), 'there are no PPAs; list them, like ppas: ["~owner/ubuntu/pool-{001..020}"]')


def _lists(document: Document) -> Iterator[tuple[KeyPath, list[Any]]]:
    paths: list[KeyPath] = [("ppas",), *(("pools", name, "ppas") for name in document.section("pools")), ("retire",)]
    for path in paths:
        items = document.section(*path[:-1]).get(str(path[-1]))
        if isinstance(items, list):
            yield path, items


def _check_ppas(document: Document) -> None:
    found: list[tuple[KeyPath, Pattern]] = []
    for path, items in _lists(document):
        read = ((index, parse_or_none(parse_pattern, item)) for index, item in enumerate(items))
        found += [((*path, index), item) for index, item in read if item is not None]
    total = sum(item.count for _, item in found)
    if total > MAX_PPAS:
        document.report_line(
            document.line(found[0][0][:-1]), f"{total} PPAs are listed in all; at most {MAX_PPAS} can be served"
        )
        return
    seen: dict[Reference, KeyPath] = {}
    for path, item in found:
        _check_repeats(document, path, item, seen)


def _check_repeats(document: Document, path: KeyPath, item: Pattern, seen: dict[Reference, KeyPath]) -> None:
    twice = []
    for ppa in item.expand():
        if seen.setdefault(ppa, path) is not path:
            twice.append(ppa)
        elif own := _own_dependency(document, path, ppa):
            document.report(own, f"{ppa} cannot depend on itself; take it out of the baseline of its own pool")
    if twice:
        first = seen[twice[0]]
        more = f" and {len(twice) - 1} more" if len(twice) > 1 else ""
        document.report(
            path,
            f"{twice[0]}{more} is listed already in line {document.line(first)} ({_list_name(first)}); {_remedy(path)}",
        )


def _list_name(path: KeyPath) -> str:
    return f"pool {path[1]}" if path[0] == "pools" else format_path(path[:1])


def _remedy(path: KeyPath) -> str:
    if path[0] == "retire":
        return "a PPA is lent or retired: keep it in one list"
    return "a PPA is in one list, once: take it out of the other"


def _own_dependency(document: Document, path: KeyPath, ppa: Reference) -> KeyPath | None:
    if path[0] != "pools":
        return None
    baseline = (*path[:2], "baseline")
    given = document.section(*baseline).get("dependencies")
    for index, item in enumerate(given if isinstance(given, list) else ()):
        if parse_or_none(parse_dependency, item) == str(ppa):
            return (*baseline, "dependencies", index)
    return None


# -- durations that must fit each other -----------------------------------------------------------------------------


def _check_pool(document: Document, path: KeyPath) -> None:
    _check_order(document, path, ("ttl", "max_ttl"), PoolSection)
    _check_order(document, (*path, "retry"), ("first", "max"), RetrySection)
    settle = parse_or_none(seconds, document.section(*path).get("settle", REQUEST_ENDS_S))
    root = parse_or_none(parse_service, document.section("launchpad").get("service", SERVICES["production"]))
    if settle is not None and 0 < settle < REQUEST_ENDS_S and root and is_launchpad(root):
        document.report(
            (*path, "settle"),
            f"{exactly(settle)} is too short for Launchpad, where a request may land late; "
            f"write {REQUEST_ENDS_S:g}s or more",
        )
    _check_proof(document, path)


def _check_proof(document: Document, path: KeyPath) -> None:
    """An unpublished PPA keeps its indexes and dates for ever (docs/explanation/launchpad.md#removal-from-disk)."""
    proof, off = document.section(*path).get("proof"), document.section(*path, "baseline").get("publish") is False
    if proof in ("index", "disk") and off:
        text = f"with baseline.publish: false nothing of {proof} ever changes; write proof: active or publish: true"
        document.report((*path, "proof"), text)


def _check_order(document: Document, path: KeyPath, keys: tuple[str, str], model: Any) -> None:
    """Report a pair whose first is longer than its second; a default counts like a value that was given."""
    given = document.section(*path)
    low, high = (parse_or_none(seconds, given.get(key, model.model_fields[key].default)) for key in keys)
    if low is None or high is None or low <= high:
        return
    short, long = keys
    if short in given:
        document.report(
            (*path, short), f"{exactly(low)} is longer than {long} ({exactly(high)}); raise {long} or lower {short}"
        )
    else:
        document.report(
            (*path, long), f"{exactly(high)} is shorter than {short} ({exactly(low)} by default); write {short} too"
        )


def _check_timeouts(document: Document) -> None:
    path: KeyPath = ("launchpad", "timeout")
    given = document.section(*path)
    default = LaunchpadSection().timeout.total
    total = parse_or_none(seconds, given.get("total", default))
    for key in ("connect", "read"):
        part = parse_or_none(seconds, given.get(key, 0.0))
        if total and part is not None and part > total:
            document.report(
                (*path, key), f"{exactly(part)} is longer than total ({exactly(total)}); lower it or raise total"
            )


# -- credentials --------------------------------------------------------------------------------------------------


def _check_credentials(document: Document, environ: Mapping[str, str], folder: Path) -> None:
    if document.is_reported(("launchpad",)):
        return
    given = document.section("launchpad").get("credentials")
    path: KeyPath = ("launchpad", "credentials")
    if given is None:
        _check_systemd_credentials(document, path, environ)
    elif (text := parse_or_none(plain_text, given)) is not None:
        file = resolve(text, folder)
        if wrong := unreadable_reason(file):
            document.report(path, f"{file} {wrong}; write it with `ppa-assigner login` and let this user read it")


def _check_systemd_credentials(document: Document, path: KeyPath, environ: Mapping[str, str]) -> None:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        document.report(path, f"there are no credentials for Launchpad; {_CREDENTIALS_HINT}")
    elif wrong := unreadable_reason(Path(directory) / "launchpad"):
        document.report(path, f"$CREDENTIALS_DIRECTORY/launchpad {wrong}; {_CREDENTIALS_HINT}")


_TLS = ("certificate", "key")


def _check_api(document: Document, folder: Path) -> None:
    """Report what does not go together in `api`."""
    _check_clients(document)
    given = document.section("api")
    where = parse_or_none(parse_listen, given.get("listen", "127.0.0.1:8020"))
    if where is not None:
        _check_exposure(document, where)
    _check_tls(document, where, folder)


def _check_clients(document: Document) -> None:
    clients = document.section("api").get("clients")
    seen: dict[tuple[str, str], KeyPath] = {}
    for index, client in enumerate(clients if isinstance(clients, list) else ()):
        for key in ("name", "token_sha256"):
            path: KeyPath = ("api", "clients", index, key)
            value = client.get(key) if isinstance(client, dict) else None
            first = (
                seen.setdefault((key, value.lower() if key != "name" else value), path)
                if isinstance(value, str)
                else path
            )
            if first is not path:
                document.report(path, f"another client has the same in line {document.line(first)}; each needs its own")


def _check_exposure(document: Document, where: Listen) -> None:
    if not is_local(where) and not document.section("api").get("clients"):
        document.report(
            ("api", "listen"),
            f"{where} can be reached by others and there are no clients, so everybody would be operator; "
            "add api.clients (see `ppa-assigner token`), or listen on 127.0.0.1 or a Unix socket",
        )


def _check_tls(document: Document, where: Listen | None, folder: Path) -> None:
    path: KeyPath = ("api", "tls")
    given = {key: value for key, value in document.section(*path).items() if value is not None and key in _TLS}
    if not given:
        return
    if where is not None and where.path is not None:
        document.report(path, f"is for an address, not for {where}; take it away")
    for key in _TLS:
        if key not in given:
            document.report((*path, key), "is missing; certificate and key go together")
        elif (text := parse_or_none(plain_text, given[key])) is not None and (
            wrong := unreadable_reason(resolve(text, folder))
        ):
            document.report((*path, key), f"{resolve(text, folder)} {wrong}; name a file that this user can read")
