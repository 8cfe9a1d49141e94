"""The commands that list what the daemon knows: `status`, `leases`, `pools`, `line`.

Rule: rows are for people, `-o json` and `-o yaml` the daemon's documents as they came, and `-o name` what another
command takes, one a line.  A pool that is not there is a mistake of the line, never an empty list.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

from ..client.errors import UsageError
from . import completion, options, output, parsing
from .options import CaFileOption, Form, FormOption, JsonOption, OidcOption, TokenFileOption, UrlOption
from .parameters import Argument, Option
from .watch import check_terminal, watch_lines

if TYPE_CHECKING:
    from ..client import PPA, Client

_TELLS_S = 2.0  # for a daemon that has just answered


class Listed(NamedTuple):
    """What is listed, and whether there are several pools, so that rows say which."""

    items: Sequence[Any]
    pools: bool


class Rows(Protocol):
    """What makes rows of items."""

    def __call__(self, items: Sequence[Any], *, wide: bool, pools: bool) -> list[str]:
        """The rows, with their head."""


def status(
    ppas: Annotated[
        list[str] | None,
        Argument(metavar="PPA", help="These PPAs.  [default: all]", autocompletion=completion.ppas),
    ] = None,
    pool: options.OfPoolOption = None,
    owner: options.OfOwnerOption = None,
    state: options.OfStateOption = None,
    select: options.OfLabelsOption = None,
    watch: Annotated[bool, Option("--watch", help="Redraw the rows every two seconds.")] = False,
    form: FormOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show the PPAs: who has which, what is being cleaned.

    AGE is how long a PPA has been in its state, LEFT how long its lease goes on if nobody touches it.
    """
    form = one_form(form, json)
    if watch:
        check_terminal(form in (None, Form.WIDE))
    references = [parsing.reference(text) for text in ppas or ()]
    client, select = parsing.connect(url, token_file, ca_file, oidc), parsing.selector(select, "--select")
    known, away = partial(_ppas, client, references, pool, owner, state, select), partial(_away, client)
    if watch:
        watch_lines(lambda: _rows(known(), form, _ppa_rows), away)
    _show(known(), form, "ppa", _ppa_rows)
    if (remark := away()) is not None:
        output.say(remark)


def leases(
    pool: options.OfPoolOption = None,
    owner: options.OfOwnerOption = None,
    request_id: Annotated[str | None, Option("--request-id", metavar="ID", help="That of this request alone.")] = None,
    select: options.OfLabelsOption = None,
    form: FormOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show the leases that run: whose they are, and for how long.

    LEFT is how long if nobody touches it.
    """
    form = one_form(form, json)
    client = parsing.connect(url, token_file, ca_file, oidc)
    found = client.leases(pool=pool, request_id=request_id, select=parsing.selector(select, "--select"))
    _check_pool(client, pool, found)
    _show(_owned(found, owner), form, "id", _lease_rows)


def pools(
    pool: options.OfPoolOption = None,
    select: options.OfLabelsOption = None,
    form: FormOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show the pools: how many PPAs are free, how many wait.

    OLDEST is the longest wait in the line.
    """
    form = one_form(form, json)
    client = parsing.connect(url, token_file, ca_file, oidc)
    found = client.pools(select=parsing.selector(select, "--select"))
    chosen = [each for each in found if pool in (None, each["pool"])]
    _check_pool(client, pool, chosen)
    _show(Listed(chosen, True), form, "pool", _pool_rows)


def line(
    pool: options.OfPoolOption = None,
    owner: options.OfOwnerOption = None,
    form: FormOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show who waits for a PPA, in the order in which they are served.

    PLACE is that in the line of the pool, WHY what each of them waits for.
    """
    form = one_form(form, json)
    client = parsing.connect(url, token_file, ca_file, oidc)
    found = client.line(pool=pool)
    _check_pool(client, pool, found)
    _show(_owned(found, owner), form, "request_id", _line_rows)


def _owned(found: Sequence[Any], owner: str | None) -> Listed:
    """Those of an owner; the pool is told where there is more than one in all."""
    several = len({each.get("pool") for each in found}) > 1
    return Listed([each for each in found if is_of(owner, each.get("owner"))], several)


def one_form(form: Form | None, json: bool) -> Form | None:
    """How a list is printed, by -o or --json.  Raises UsageError where they say different things."""
    if json and form not in (None, Form.JSON):
        raise UsageError(f"--json or -o {form}, not both")
    return Form.JSON if json else form


def is_of(wanted: str | None, owner: object) -> bool:
    """Whether that owner is the one that is wanted, by its whole text or as a pattern.  None: any."""
    if wanted is None or wanted == owner:
        return True
    from fnmatch import fnmatchcase

    return isinstance(owner, str) and fnmatchcase(owner, wanted)


# -- what is listed -----------------------------------------------------------------------------------------------


def _ppas(
    client: Client,
    references: Sequence[str],
    pool: str | None,
    owner: str | None,
    state: options.StateName | None,
    select: str | None,
) -> Listed:
    found: list[PPA] = [client.ppa(each) for each in references]
    if select is not None or not references:
        listed = client.ppas(pool=pool, select=select)
        found = [each for each in listed if not references or each["ppa"] in references]
    of_pool = [each for each in found if pool in (None, each.get("pool"))]
    _check_pool(client, pool, of_pool)
    several = len({each.get("pool") for each in of_pool}) > 1
    chosen = (each for each in of_pool if state in (None, each.get("state")))
    return Listed([each for each in chosen if is_of(owner, each.get("owner"))], several)


def _check_pool(client: Client, pool: str | None, found: Sequence[object]) -> None:
    """Raise UsageError if a pool was named, has nothing, and is not there."""
    if pool is not None and not found and pool not in (names := [each["pool"] for each in client.pools()]):
        raise UsageError(_no_such_pool(pool, names))


def _no_such_pool(pool: str, names: Sequence[str]) -> str:
    return f"--pool: there is no pool {pool!r}; the pools are {', '.join(names)}"


def _away(client: Client) -> str | None:
    """Return a remark if nothing is lent yet, or the daemon does not reach Launchpad; else None.  The daemon knows
    without asking Launchpad, and what it does not reach before its first look it may just not have asked yet.
    """
    told = client.readiness(within=_TELLS_S) or {}
    launchpad = told.get("launchpad")
    if not isinstance(launchpad, dict):
        return None
    if not told.get("ready") and "detail" in told:
        return f"nothing can be lent yet: {told['detail']}"
    if launchpad.get("ok") is not False:
        return None
    return f"Launchpad is away since {launchpad.get('since')}: {launchpad.get('why')}"


# -- how it is printed --------------------------------------------------------------------------------------------


def _show(listed: Listed, form: Form | None, name: str, rows: Rows) -> None:
    """Print them; `name`: the member that names one."""
    if form in (Form.JSON, Form.YAML):
        output.structured({"items": list(listed.items)}, form)
    elif form is Form.NAME:
        for item in listed.items:
            output.line(output.escaped(item[name]))
    else:
        for text in _rows(listed, form, rows):
            output.line(text)


def _rows(listed: Listed, form: Form | None, rows: Rows) -> list[str]:
    return rows(listed.items, wide=form is Form.WIDE, pools=listed.pools)


def _ppa_rows(items: Sequence[Any], *, wide: bool, pools: bool) -> list[str]:
    from . import tables

    return tables.ppa_rows(items, wide=wide, pools=pools)


def _lease_rows(items: Sequence[Any], *, wide: bool, pools: bool) -> list[str]:
    from . import tables

    return tables.lease_rows(items, wide=wide, pools=pools)


def _line_rows(items: Sequence[Any], *, wide: bool, pools: bool) -> list[str]:
    from . import tables

    return tables.line_rows(items, wide=wide, pools=pools)


def _pool_rows(items: Sequence[Any], *, wide: bool, pools: bool) -> list[str]:
    from . import tables

    return tables.pool_rows(items, wide=wide, pools=pools)
