"""`login`: a person grants access once, in any browser, and a file keeps it for the daemon.

Rule: the file is its owner's alone from its first byte on, is there whole or not at all, and is never overwritten
unasked.  No browser is opened, no keyring touched; no secret is printed.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

from ..client.errors import AssignerError, UsageError
from . import output, parsing
from .parameters import Option
from .signals import interruptible

if TYPE_CHECKING:
    from .oauth import Authorisation

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

OURS_ALONE = 0o600
EXPLAINED = """\
Open this address in a browser, on any machine, and log in there as the account that the daemon is to act as
(a member of the team that owns the PPAs):
"""
WHY = "The daemon writes descriptions and deletes packages, so that reading is not enough. Grant there"
NEXT = """\
Name it in the configuration,

    launchpad: {{{service}credentials: {quoted}}}

or let systemd hand it over: LoadCredential=launchpad:{path}
"""


class AccessLevel(enum.StrEnum):
    """What a person can be asked to grant."""

    WRITE_PUBLIC = "WRITE_PUBLIC"
    WRITE_PRIVATE = "WRITE_PRIVATE"


GRANTS = {
    AccessLevel.WRITE_PUBLIC: "Change Non-Private Data (WRITE_PUBLIC), which is enough for public PPAs",
    AccessLevel.WRITE_PRIVATE: "Change Anything (WRITE_PRIVATE), which private PPAs need",
}


class WrongSetupError(AssignerError):
    """The file of the credentials cannot be written, or the environment cannot be used."""

    exit_code = os.EX_CONFIG


def login(
    service: Annotated[
        str,
        Option("--service", metavar="NAME|URL", help="production, staging, qastaging or a service's address."),
    ] = "production",
    file: Annotated[
        Path, Option("--output", "-o", metavar="FILE", help="Where the credentials are written, mode 0600.")
    ] = Path("launchpad.credentials"),
    level: Annotated[
        AccessLevel | None,
        Option(
            "--level",
            metavar="WRITE_PUBLIC|WRITE_PRIVATE",
            case_sensitive=False,
            help="Offer only this access: WRITE_PUBLIC is enough for public PPAs, private ones need WRITE_PRIVATE."
            "  [default: the person chooses]",
        ),
    ] = None,
    force: Annotated[bool, Option("--force", help="Overwrite the file.")] = False,
    wait: Annotated[str, Option("--wait", metavar="TIME", help="How long to wait for the person.")] = "15m",
) -> None:
    """Get Launchpad's permission, once, and write it to a file.

    On any machine: it prints an address to open in a browser, and waits for what is decided there.
    """
    levels = [each for each in AccessLevel if level in (None, each)]
    with (
        interruptible(),
        _authorisation(service, parsing.seconds("--wait", wait)) as authorisation,
        _NewFile(file, force) as new,
    ):
        _show(authorisation.ask([each.value for each in levels]), levels, wait)
        who = _granted(authorisation, new)
    _tell(f"\n{os.path.abspath(file)} has the credentials{f' of {who}' if who else ''}.")
    _tell_next(service, os.path.abspath(file))


@contextlib.contextmanager
def _authorisation(service: str, wait: float) -> Iterator[Authorisation]:
    from ..launchpad import InsecureEnvironment, service_url
    from .oauth import Authorisation

    try:
        service_url(service)
    except ValueError as error:
        raise UsageError(f"--service: {error}") from None
    try:
        authorisation = Authorisation(service, wait)
    except (InsecureEnvironment, ValueError) as error:
        raise WrongSetupError(str(error)) from None
    with contextlib.closing(authorisation):
        yield authorisation


def _granted(authorisation: Authorisation, new: _NewFile) -> str | None:
    """Write the file as soon as there is a token; return who granted it, or None if Launchpad does not say."""
    from ..launchpad import new_credentials
    from .oauth import CONSUMER

    token = authorisation.granted()
    new.keep(new_credentials(CONSUMER, *token)[1])
    return authorisation.person(token)


class _NewFile:
    """The file of the credentials, made before anybody is asked, so that nobody grants what cannot be kept.

    It is removed again unless `keep` was called.  With `force` it is made next to the one that it replaces.
    """

    def __init__(self, wanted: Path, force: bool) -> None:
        self._wanted, self._kept = wanted, False
        if os.path.isdir(wanted):  # Path's own raises for a name that is too long
            raise WrongSetupError(f"{wanted} is a directory")
        self._path = wanted.with_name(f".{wanted.name}.{secrets.token_hex(4)}") if force else wanted
        try:
            self._fd = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OURS_ALONE)
        except FileExistsError:
            raise WrongSetupError(f"{wanted} is there already; --force overwrites it") from None
        except OSError as error:
            raise self._cannot(error) from None

    def __enter__(self) -> _NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)
        if not self._kept:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def keep(self, text: str) -> None:
        """Write the text to the file; it is whole and on the disk when this returns."""
        try:
            os.fchmod(self._fd, OURS_ALONE)  # the umask may have taken some of it away
            with open(self._fd, "w", encoding="ascii", closefd=False) as file:
                file.write(text)
            os.fsync(self._fd)
            if self._path != self._wanted:
                self._path.replace(self._wanted)
        except OSError as error:
            raise self._cannot(error) from None
        self._kept = True

    def _cannot(self, error: OSError) -> WrongSetupError:
        return WrongSetupError(f"cannot write {self._wanted}: {error.strerror or type(error).__name__}")


def _show(url: str, levels: list[AccessLevel], wait: str) -> None:
    """Print the address, which is all of stdout; the explanations go to stderr."""
    _tell(EXPLAINED)
    output.line(url)
    _tell(f"\n{WHY}\n")
    _tell("\nor\n".join(f"    {GRANTS[each]}" for each in levels))
    _tell(f"\nWaiting for that, {wait} at most; Ctrl-C ends it.")


def _tell_next(service: str, path: str) -> None:
    other = "" if service == "production" else f"service: {json.dumps(service)}, "
    _tell(NEXT.format(service=other, quoted=json.dumps(path), path=path))


def _tell(text: str) -> None:
    print("\n".join(map(output.escaped, text.split("\n"))), file=sys.stderr, flush=True)  # noqa: T201 - for people
