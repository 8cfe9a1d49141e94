"""What only shows when several options are seen together, and what the host must have: the files that they name.

Rule: an option that was wrong by itself is left out, so that one run finds all mistakes.  Nobody becomes operator by
being able to connect from elsewhere.  They must not ask the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..backoff import REQUEST_ENDS_S
from ..options import Proof, Wear
from ..reference import Reference
from ..times import exactly
from .addresses import is_launchpad, is_local
from .client_checks import check_clients
from .document import Document, KeyPath, format_path
from .files import resolve, unreadable_reason
from .parsers import WRONG, label_key, matching
from .patterns import EXAMPLE, MAX_PPAS, Pattern
from .schema import ApiSection, ConfigFile, PoolSection, PpaSection
from .section import Section

_pool_name = matching("[A-Za-z0-9._-]{1,64}", "name of a pool; use 1 to 64 letters, digits, '.', '_' or '-'")
_CREDENTIALS_HINT = (
    "run `ppa-assigner login` and name here the file that it writes, "
    "or let systemd hand it over (LoadCredential=launchpad:FILE)"
)


def check(document: Document, file: ConfigFile, environ: Mapping[str, str], folder: Path) -> None:
    """Report what does not go together.  Relative paths start at `folder`."""
    _check_forms(document)
    _check_ppas(document, file)
    for name, pool in file.pools.items():
        _check_pool(document, ("pools", name), pool, file.launchpad.service)
        _check_growth(document, ("pools", name), pool)
    _check_timeouts(document, file)
    check_clients(document, file.api.clients, folder)
    _check_exposure(document, file.api)
    _check_tls(document, file.api, folder)
    _check_credentials(document, file.launchpad.credentials, environ, folder)


# -- PPAs ---------------------------------------------------------------------------------------------------------


def _check_forms(document: Document) -> None:
    if {"ppas", "pools"} <= document.data.keys():
        document.report_line(
            document.line(("ppas",)),
            f"ppas: cannot be used together with pools (line {document.line(('pools',))}); keep one of them: "
            "ppas is short for pools: {default: {ppas: [...]}}",
        )
    elif not {"ppas", "pools"} & document.data.keys():
        document.report((), f"there are no PPAs; list them, like {EXAMPLE}")


def _listed(file: ConfigFile) -> Iterator[tuple[KeyPath, Pattern]]:
    lists: dict[KeyPath, list[Pattern]] = {("ppas",): _patterns(file.ppas)}
    lists |= {("pools", name, "ppas"): _patterns(pool.ppas) for name, pool in file.pools.items()}
    for path, items in (lists | {("retire",): file.retire}).items():
        yield from (((*path, index), item) for index, item in enumerate(items) if item is not WRONG)


def _patterns(items: list[PpaSection]) -> list[Pattern]:
    """The PPAs of the items, which keep their numbers: what was wrong is WRONG."""
    return [getattr(item, "ppa", WRONG) for item in items]


def _check_ppas(document: Document, file: ConfigFile) -> None:
    listed = list(_listed(file))
    if (total := sum(item.count for _, item in listed)) > MAX_PPAS:
        line = document.line(listed[0][0][:-1])
        document.report_line(line, f"{total} PPAs are listed in all; at most {MAX_PPAS} can be served")
        return
    seen: dict[Reference, KeyPath] = {}
    for path, item in listed:
        _check_repeats(document, path, item, seen)
    for path, labels in _labels(file):
        _check_keys(document, path, labels)
    _check_ranges(document, file, seen)
    for name, pool in file.pools.items():
        _check_dependencies(document, ("pools", name, "baseline", "dependencies"), pool)


def _check_repeats(document: Document, path: KeyPath, item: Pattern, seen: dict[Reference, KeyPath]) -> None:
    if twice := [ppa for ppa in item.expand() if seen.setdefault(ppa, path) is not path]:
        first = seen[twice[0]]
        more = f" and {len(twice) - 1} more" if len(twice) > 1 else ""
        document.report(
            path,
            f"{twice[0]}{more} is listed already in line {document.line(first)} ({_list_name(first)}); {_remedy(path)}",
        )


def _check_ranges(document: Document, file: ConfigFile, seen: dict[Reference, KeyPath]) -> None:
    """A name of a pool that grows may stand in the list of that pool too, and nowhere else."""
    for name, pool in file.pools.items():
        if pool.grow is None or pool.grow.names is WRONG:
            continue
        path = ("pools", name, "grow", "names")
        elsewhere = {ppa: at for ppa, at in seen.items() if at[:2] != ("pools", name)}
        twice = [ppa for ppa in pool.grow.names.expand() if ppa in elsewhere]
        if twice:
            line = document.line(elsewhere[twice[0]])
            document.report(path, f"{twice[0]} is in line {line} too ({_list_name(elsewhere[twice[0]])}); name it once")
        seen.update((ppa, path) for ppa in pool.grow.names.expand() if ppa not in seen)


def _check_growth(document: Document, path: KeyPath, pool: PoolSection) -> None:
    """Without a list of PPAs a pool grows; and only such a pool can have others for those that are burnt."""
    given = document.data["pools"][path[1]]
    if pool.grow is None and not {"ppas", "grow"} & (given or {}).keys():
        document.report(path, f"it has neither ppas nor grow; list PPAs, like {EXAMPLE}")
    if Wear.BURNT in pool.as_new.when and pool.grow is None:
        document.report((*path, "as_new", "when"), "burnt needs grow, or the pool has fewer and fewer PPAs")
    if pool.grow is not None and pool.grow.max is not WRONG and pool.grow.keep_free > pool.grow.max:
        text = f"{pool.grow.keep_free} is more than max ({pool.grow.max}); raise max or lower keep_free"
        document.report((*path, "grow", "keep_free"), text)


def _check_dependencies(document: Document, path: KeyPath, pool: PoolSection) -> None:
    given = pool.baseline.dependencies or []
    own = {str(ppa) for item in _patterns(pool.ppas) if given and item is not WRONG for ppa in item.expand()}
    for index, dependency in enumerate(given):
        if dependency in own:
            text = f"{dependency} cannot depend on itself; take it out of the baseline of its own pool"
            document.report((*path, index), text)


def _labels(file: ConfigFile) -> Iterator[tuple[KeyPath, Mapping[str, str]]]:
    """All labels that the file gives, with the paths of their sections."""
    lists: dict[KeyPath, list[PpaSection]] = {("ppas",): file.ppas}
    for name, pool in file.pools.items():
        yield ("pools", name, "labels"), pool.labels
        lists["pools", name, "ppas"] = pool.ppas
    for path, items in lists.items():
        yield from (((*path, n, "labels"), item.labels) for n, item in enumerate(items) if item is not WRONG)


def _check_keys(document: Document, path: KeyPath, labels: Mapping[str, str]) -> None:
    for key in labels:
        try:
            label_key(key)
        except ValueError as error:
            document.report((*path, key), str(error))


def _list_name(path: KeyPath) -> str:
    return f"pool {path[1]}" if path[0] == "pools" else format_path(path[:1])


def _remedy(path: KeyPath) -> str:
    if path[0] == "retire":
        return "a PPA is lent or retired: keep it in one list"
    return "a PPA is in one list, once: take it out of the other"


# -- durations that must fit each other -----------------------------------------------------------------------------


def _check_pool(document: Document, path: KeyPath, pool: PoolSection, service: str) -> None:
    _check_order(document, path, ("ttl", "max_ttl"), pool)
    _check_order(document, (*path, "retry"), ("first", "max"), pool.retry)
    if pool.settle < REQUEST_ENDS_S and is_launchpad(service):
        document.report(
            (*path, "settle"),
            f"{exactly(pool.settle)} is too short for Launchpad, where a request may land late; "
            f"write {REQUEST_ENDS_S:g}s or more",
            ("launchpad", "service"),
        )
    if pool.proof is not Proof.ACTIVE and pool.baseline.publish is False:
        # such a PPA keeps its indexes and dates for ever (docs/explanation/launchpad.md#removal-from-disk)
        text = f"nothing of {pool.proof.value} ever changes; write proof: active or publish: true"
        document.report((*path, "proof"), f"with baseline.publish: false {text}")
    try:
        _pool_name(str(path[-1]))
    except ValueError as error:
        document.report(path, str(error))


def _check_order(document: Document, path: KeyPath, keys: tuple[str, str], section: Section) -> None:
    """Report a pair whose first is longer than its second; a default counts like a value that was given."""
    short, long = keys
    low, high = (getattr(section, key) for key in keys)
    if low <= high:
        return
    if short in section.model_fields_set:
        text = f"{exactly(low)} is longer than {long} ({exactly(high)}); raise {long} or lower {short}"
        document.report((*path, short), text, (*path, long))
    else:
        text = f"{exactly(high)} is shorter than {short} ({exactly(low)} by default); write {short} too"
        document.report((*path, long), text, (*path, short))


def _check_timeouts(document: Document, file: ConfigFile) -> None:
    path, timeout = ("launchpad", "timeout"), file.launchpad.timeout
    for key in {"connect", "read"} & timeout.model_fields_set:
        if (part := getattr(timeout, key)) > timeout.total:
            text = f"{exactly(part)} is longer than total ({exactly(timeout.total)}); lower it or raise total"
            document.report((*path, key), text, (*path, "total"))


# -- credentials --------------------------------------------------------------------------------------------------


def _check_credentials(document: Document, given: str | None, environ: Mapping[str, str], folder: Path) -> None:
    path: KeyPath = ("launchpad", "credentials")
    if given is not None:
        file = resolve(given, folder)
        if wrong := unreadable_reason(file):
            document.report(path, f"{file} {wrong}; write it with `ppa-assigner login` and let this user read it")
    elif not (directory := environ.get("CREDENTIALS_DIRECTORY")):
        document.report(path, f"there are no credentials for Launchpad; {_CREDENTIALS_HINT}")
    elif wrong := unreadable_reason(Path(directory) / "launchpad"):
        document.report(path, f"$CREDENTIALS_DIRECTORY/launchpad {wrong}; {_CREDENTIALS_HINT}")


# -- the API ------------------------------------------------------------------------------------------------------


def _check_exposure(document: Document, api: ApiSection) -> None:
    if not is_local(api.listen) and not api.clients:
        document.report(
            ("api", "listen"),
            f"{api.listen} can be reached by others and there are no clients, so everybody would be operator; "
            "add api.clients (see `ppa-assigner token`), or listen on 127.0.0.1 or a Unix socket",
            ("api", "clients"),
        )


def _check_tls(document: Document, api: ApiSection, folder: Path) -> None:
    path: KeyPath = ("api", "tls")
    files = {key: getattr(api.tls, key) for key in ("certificate", "key")}
    lacking = [key for key, file in files.items() if file is None and not document.is_reported((*path, key))]
    if len(lacking) == len(files):
        return
    if api.listen.path is not None:
        document.report(path, f"is for an address, not for {api.listen}; take it away")
    for key in lacking:
        document.report((*path, key), "is missing; certificate and key go together")
    for key, given in files.items():
        if given is not None and (wrong := unreadable_reason(file := resolve(given, folder))):
            document.report((*path, key), f"{file} {wrong}; name a file that this user can read")
