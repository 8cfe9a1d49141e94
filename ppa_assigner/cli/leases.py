"""The command that takes a PPA, `assign`, and how a request is taken back.

Rule: a PPA that was taken is either printed on stdout or given back.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from ..client.errors import AssignerError, UsageError
from . import output, parsing, shell, signals
from .options import CaFileOption, JsonOption, OidcOption, TokenFileOption, UrlOption
from .parameters import Option
from .progress import WaitProgress
from .signals import Interrupted, interruptible
from .wish_options import WishOptions

if TYPE_CHECKING:
    from ..client import Client, Lease, Wish
    from ..client.lease import LeaseTerm
    from ..documents import LeaseGroup

_EXPORT_HELP = 'Print lines for a shell: lease=$(ppa-assigner assign … --export) || exit; eval "$lease"'
_WITHDRAW_S = 10.0
_AWAY_S = 2.0  # for a daemon that did not answer before: if it is gone, so is the request


def assign(
    wanted: WishOptions,
    json: JsonOption = False,
    export: Annotated[bool, Option(shell.OPTION, help=_EXPORT_HELP)] = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Take a PPA and print it; with --count or --want several, one a line.

    A terminal's stderr shows also its lease and end.
    """
    if json and export:
        raise UsageError("--json or --export, not both")
    wish = wanted.wish()
    client = parsing.connect(url, token_file, ca_file, oidc)
    check_owner(client, wanted.owner)
    with interruptible(), taking_back(client, wish) as progress:
        term = take(client, wanted.owner, wish, progress)
        lease, leases = term.lease, [term.lease, *term.others]
        output.mask(term.token)
        if json:
            output.document(_group(term) if wanted.several else lease)
        else:
            output.line(shell.exports(leases, term.token) if export else "\n".join(each["ppa"] for each in leases))
    for each in leases:
        _show_on_terminal(each)


def _group(term: LeaseTerm) -> LeaseGroup:
    """The document of leases that were taken together."""
    lead = term.lease
    found: LeaseGroup = {
        "group": lead.get("group"), "request_id": lead["request_id"], "attempt": lead["attempt"],
        "leases": [lead, *term.others],
    }  # fmt: skip
    return found if term.token is None else {**found, "token": term.token}


def _show_on_terminal(lease: Lease) -> None:
    """Tell a person, who may have to give it back by hand, what was taken and for how long."""
    if not sys.stderr.isatty():
        return
    from datetime import UTC, datetime

    from .tables import ending

    facts = (("PPA", lease["dput"]), ("Lease", lease["id"]), ("Ends", ending(dict(lease), datetime.now(UTC))))
    with contextlib.suppress(OSError):
        print(*output.aligned(facts), sep="\n", file=sys.stderr, flush=True)  # noqa: T201 - for people


def check_owner(client: Client, owner: str | None) -> None:
    """Raises UsageError where nothing says who is to hold the PPA."""
    if owner is None and not client.may_say_owner:
        raise UsageError("--owner is missing: who holds the PPA; only the token of a CI job may say it instead")


def take(client: Client, owner: str | None, wish: Wish, progress: WaitProgress) -> LeaseTerm:
    """Take a PPA for this owner, and show on stderr how the wait goes."""
    with progress.shown():
        term = client.take(owner, on_wait=progress.on_wait, **wish)
    signals.again()
    return term


@contextlib.contextmanager
def taking_back(client: Client, wish: Wish) -> Iterator[WaitProgress]:
    """Withdraw the request when the block is left by a signal, or because nobody can read the output."""
    progress = WaitProgress(client, wish.get("pool"))
    try:
        yield progress
    except (Interrupted, KeyboardInterrupt, OSError):
        withdraw(client, wish, _AWAY_S if progress.away else _WITHDRAW_S)
        raise
    except output.OutputError as error:
        what = "was released" if withdraw(client, wish, _WITHDRAW_S) else "ends by itself"
        raise output.OutputError(f"{error}; the lease {what}") from error


def withdraw(client: Client, wish: Wish, within: float) -> bool:
    """Withdraw the request, and give back the PPA that it got, trying for at most `within` seconds.

    Returns whether that worked; if not, says why on stderr.
    """
    request_id = wish["request_id"]
    with signals.held():  # a terminal that is closed sends its signal twice
        try:
            client.withdraw(request_id or "", within=within)
        except AssignerError as error:
            output.say(f"the request {request_id} could not be withdrawn: {error}")
            return False
    return True
