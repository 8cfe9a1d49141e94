"""The commands that act on leases that there are: `touch`, `release`, `hold`, `withdraw`.

Rule: `selection` says which leases are meant; one that cannot be acted on does not keep the others from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from ..client.errors import AssignerError, UnknownLease, UsageError
from . import completion, options, output, parsing, selection
from .options import (
    CaFileOption,
    JsonOption,
    LeaseArgument,
    MineOption,
    MineOwnerOption,
    OidcOption,
    TokenFileOption,
    UrlOption,
)
from .parameters import Argument, Option
from .selection import Choice

if TYPE_CHECKING:
    from ..client import PPA, Client, Lease

Act = Callable[[Choice], Any]
_Show = Callable[[Any], None]


def touch(
    lease: LeaseArgument = None,
    mine: MineOption = False,
    owner: MineOwnerOption = None,
    ttl: options.TtlOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Prove that you are still there; print when the lease ends.

    That is its end if nobody touches it any more: by --idle, where that comes first.  With --mine a line for each PPA.
    """
    extension = parsing.optional_seconds("--ttl", ttl)
    _check(lease, mine, owner)
    client = parsing.connect(url, token_file, ca_file, oidc)

    def act(choice: Choice) -> Lease:
        return client.touch(choice.lease, extension)

    def show(found: Lease) -> None:
        end = output.escaped(found.get("ends") or found["until"])
        output.line(f"{output.escaped(found['ppa'])}  {end}" if mine else end)

    return _act_on_mine(client, owner, act, show, json) if mine else _act_on_one(client, lease, act, show, json)


def release(
    lease: LeaseArgument = None,
    mine: MineOption = False,
    owner: MineOwnerOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Give the PPA back.

    Prints nothing; with --mine the PPAs.
    """
    _check(lease, mine, owner)
    client = parsing.connect(url, token_file, ca_file, oidc)
    if not mine:
        return _act_on_one(client, lease, lambda choice: client.release(choice.lease), _nothing, json)
    released: list[Choice] = []

    def act(choice: Choice) -> PPA | None:
        ppa = client.release(choice.lease)
        released.append(choice)
        return ppa

    return _act_on_mine(client, owner, act, lambda _: output.line(output.escaped(released[-1].ppa)), json)


def hold(
    period: Annotated[str, Option("--for", metavar="TIME", help="How much longer: 30m, 2h, 1d or seconds.")],
    lease: LeaseArgument = None,
    id_: Annotated[
        str | None,
        Option(
            "--lease",
            metavar="ID",
            help="With a PPA: the lease that it must have.  [default: $PPA_LEASE_ID, else the one that it has]",
            autocompletion=completion.leases,
        ),
    ] = None,
    mine: MineOption = False,
    owner: MineOwnerOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Keep a PPA for its owner longer than its lease.

    Once, and no longer than its pool allows: to look into what went wrong.
    """
    seconds = parsing.optional_seconds("--for", period)
    _check(lease, mine, owner)
    if id_ is not None and (mine or (lease is not None and not selection.is_ppa(lease))):
        raise UsageError("--lease goes with a PPA, or stands alone")
    client = parsing.connect(url, token_file, ca_file, oidc)

    def act(choice: Choice) -> PPA:
        return client.operate(selection.ppa_of(client, choice), "hold", lease=choice.lease, **{"for": seconds})

    held: list[PPA] = []
    if mine:
        code = _act_on_mine(client, owner, act, held.append, json)
    elif (named := selection.required_of(lease, id_)) is not None:
        code = _told(act(named), held.append, json)
    else:
        code = _act_on_one(client, lease, act, held.append, json)
    if held:
        from .tables import show_ppas

        show_ppas(held)
    return code


def withdraw(
    request_id: Annotated[
        str, Argument(metavar="REQUEST", help="The request's id.", autocompletion=completion.requests)
    ],
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Withdraw a request: it waits no longer, and gives back what it got.

    For one whose command is gone or whose answer was lost; assign and exec withdraw theirs when they are interrupted.
    """
    released = parsing.connect(url, token_file, ca_file, oidc).withdraw(request_id)
    if released is None:
        raise UnknownLease(f"no request {request_id} of yours waits or has a PPA")
    if json:
        output.document({"items": released})


def _check(lease: str | None, mine: bool, owner: str | None) -> None:
    if mine and lease is not None:
        raise UsageError(f"{lease} or --mine, not both")
    if owner is not None and not mine:
        raise UsageError("--owner goes with --mine")


def _act_on_one(client: Client, given: str | None, act: Act, show: _Show, json: bool) -> int:
    return _told(selection.on_lease(client, given, act), show, json)


def _told(found: Any, show: _Show, json: bool) -> int:
    if json:
        output.document(found)
    else:
        show(found)
    return 0


def _act_on_mine(client: Client, owner: str | None, act: Act, show: _Show, json: bool) -> int:
    """Act on all leases of the caller.  Returns the exit code of the first that failed, else 0."""
    failed: list[AssignerError] = []
    done = []
    for found in selection.on_all(selection.mine(client, owner), act, failed):
        done.append(found)
        if not json:
            show(found)
    if json:
        output.document({"items": done})
    return failed[0].exit_code if failed else 0


def _nothing(_: object) -> None:
    """Print nothing: that it went well is told by the exit code."""
