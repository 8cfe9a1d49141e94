"""`sources`: the file by which apt reads the PPA of a lease.

Rule: the key that signs the PPA is in the file, so that apt takes nothing else for it.  A login is in it only where the
caller gave one; it is in no message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ..client.errors import NotInTime, UsageError
from . import output, parsing, selection
from .options import CaFileOption, JsonOption, LeaseArgument, OidcOption, TokenFileOption, UrlOption
from .parameters import Option
from .upload_options import AuthOption

if TYPE_CHECKING:
    from pathlib import Path

    from ..client import AptSource

SeriesOption = Annotated[
    list[str] | None,
    Option("--series", metavar="SERIES", help="A series to read.  [default: those in which something came]"),
]
_PRIVATE = "{} is private: to read it apt needs your own subscription, by --auth FILE or in /etc/apt/auth.conf.d"
_NO_KEY = "Launchpad has made no key for {} yet, by which apt could know it: ask again later"


def sources(
    lease: LeaseArgument = None,
    series: SeriesOption = None,
    auth: AuthOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Print the file by which apt reads the PPA: for /etc/apt/sources.list.d/NAME.sources.

    It has the key that signs the PPA, and with --auth your login, so that nobody else may read it then.
    """
    if json and auth is not None:
        raise UsageError("--json prints no login: leave out --auth, or --json")
    client = parsing.connect(url, token_file, ca_file, oidc)
    found = selection.on_lease(client, lease, lambda chosen: client.apt_source(chosen.lease, series or ()))
    if json:
        output.document(found)
    else:
        output.line(deb822(found, auth).rstrip("\n"))


def deb822(source: AptSource, auth: Path | None = None) -> str:
    """The text of the file; `auth`: a file with the login for it.  Says on stderr where one is missing.  Raises
    UsageError, and NotInTime where Launchpad has made no key yet.
    """
    if not source["key"]:
        raise NotInTime(_NO_KEY.format(source["ppa"]))
    missing = _PRIVATE.format(source["ppa"]) if source["private"] and auth is None else None
    if missing is not None:
        output.say(missing)
    fields = {
        "Types": "deb",
        "URIs": source["uri"] if auth is None else _with_login(source["ppa"], auth),
        "Suites": " ".join(source["suites"]),
        "Components": " ".join(source["components"]),
        "Signed-By": "".join(f"\n {line or '.'}" for line in source["key"].splitlines()),
    }
    text = "".join(f"{name}:{'' if value.startswith(chr(10)) else ' '}{value}\n" for name, value in fields.items())
    return text if missing is None else f"# {missing}\n{text}"


def _with_login(ppa: str, auth: Path) -> str:
    from urllib.parse import quote, urlsplit

    from .private_index import login_for, logins_in

    login, path = login_for(logins_in(auth), ppa)
    parts = urlsplit(login.address)
    who = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}"
    return f"{parts.scheme}://{who}@{parts.netloc}{path}"
