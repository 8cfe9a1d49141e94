"""The commands for operators, `adopt`, `quarantine`, `resume`, `discard` and `clean`; and `token`.

Rule: before something that cannot be undone, what will be lost is shown and the PPA's name must be typed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from ..client.errors import NotPermitted, UsageError
from ..reference import Reference
from . import output, parsing, signals
from .options import CaFileOption, JsonOption, OidcOption, PpaArgument, TokenFileOption, UrlOption
from .parameters import Option

if TYPE_CHECKING:
    from ..client import PPA
    from ..documents import Content

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""


def adopt(
    ppa: PpaArgument,
    yes: Annotated[bool, Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Take in a PPA, whose content will be deleted.

    For a PPA that holds somebody's packages, or a record that cannot be read.  Shows the content and asks.
    """
    client = parsing.connect(url, token_file, ca_file, oidc)
    reference = parsing.reference(ppa)
    if not yes:
        _check_adoptable(client.ppa(reference))
        with signals.interruptible():
            _confirm(reference, client.content(reference))
            signals.again()
    _show(client.operate(reference, "adopt"), json)


def _check_adoptable(ppa: PPA) -> None:
    """Raise NotPermitted where the daemon would refuse, so that nobody is asked in vain."""
    if ppa["state"] is not None:
        what = f"{ppa['ppa']} has a record, and is {ppa['state']}; adopt is for PPAs without one that can be read"
        raise NotPermitted(f"not adopted: {what}")
    if ppa["condition"] == "missing":
        raise NotPermitted(f"not adopted: {ppa['ppa']} is missing on Launchpad")


def _confirm(reference: str, content: Content) -> None:
    """Show what will be deleted and ask for the PPA's name; raise UsageError unless it is typed."""
    import contextlib

    with contextlib.redirect_stdout(sys.stderr):
        output.content(content)
    _ask_for_name(reference, f"All of this will be deleted from {reference}.", "adopted")


def _ask_for_name(reference: str, warning: str, done: str) -> None:
    import contextlib

    with contextlib.redirect_stdout(sys.stderr):
        output.line(warning)
        print("Type the PPA's name to go on: ", end="", flush=True)  # noqa: T201 - a question
    answer = sys.stdin.readline().strip()
    name = Reference.parse(reference)
    if answer not in (name.name, str(name), name.dput, f"ppa:{name.owner}/{name.name}"):
        raise UsageError(f"not {done}: that is not the name of {reference}; --yes goes on without asking")


def quarantine(
    ppa: PpaArgument,
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why; everybody can read it.")],
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Keep a PPA from being lent and cleaned.

    A PPA in use stays so until its lease ends.
    """
    client = parsing.connect(url, token_file, ca_file, oidc)
    _show(client.operate(parsing.reference(ppa), "quarantine", reason=reason), json)


def resume(
    ppa: PpaArgument,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Take a PPA out of quarantine."""
    _show(parsing.connect(url, token_file, ca_file, oidc).operate(parsing.reference(ppa), "resume"), json)


def discard(
    ppa: PpaArgument,
    delete: Annotated[bool, Option("--delete", help="Have Launchpad delete it then, for good.")] = False,
    reason: Annotated[str | None, Option("--reason", metavar="TEXT", help="Why; everybody can read it.")] = None,
    yes: Annotated[bool, Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Lend a PPA no more: after its lease and a last clean it is discarded.

    Nothing leads back.  With --delete, Launchpad deletes it some minutes later; a daemon that is restarted before has
    to be asked again.
    """
    client = parsing.connect(url, token_file, ca_file, oidc)
    reference = parsing.reference(ppa)
    if delete and not yes:
        with signals.interruptible():
            _confirm_deletion(reference, client.ppa(reference))
            signals.again()
    facts = {"reason": reason} if reason is not None else {}
    _show(client.operate(reference, "discard", delete=delete, **facts), json)


def _confirm_deletion(reference: str, shown: PPA) -> None:
    """Ask for the name of a PPA that will be deleted; raise UsageError unless it is typed."""
    held = f", which {shown['owner']} has" if shown["state"] == "used" else ""
    _ask_for_name(reference, f"{reference}{held} will be deleted on Launchpad, with all that is in it.", "discarded")


def clean(
    ppa: PpaArgument,
    dry_run: Annotated[bool, Option("--dry-run", help="Show what a clean would delete.")] = False,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show, with --dry-run, what a clean would delete.

    The daemon itself cleans what is dirty.
    """
    if not dry_run:
        raise UsageError("the daemon cleans by itself what is dirty; clean --dry-run shows what would be deleted")
    content = parsing.connect(url, token_file, ca_file, oidc).content(parsing.reference(ppa))
    if json:
        output.document(content)
    else:
        output.content(content)


def token(json: JsonOption = False) -> None:
    """Print a new token, and the line that lets it in.

    The second line is for the client's entry in the configuration.
    """
    import hashlib
    import secrets

    new = secrets.token_hex(32)
    digest = hashlib.sha256(new.encode()).hexdigest()
    if json:
        output.document({"token": new, "token_sha256": digest})
        return
    output.line(new)
    output.line(f"token_sha256: {digest}")


def _show(ppa: object, json: bool) -> None:
    if json:
        output.document(ppa)
    elif isinstance(ppa, dict):
        from .tables import show_ppas

        show_ppas([ppa])
