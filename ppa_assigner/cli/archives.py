"""The commands about what is uploaded, before it is and when it is done: `check-upload`, `promote`,
`history`.

Rule: exit code 65 says that Launchpad would not take it, or did not, and what was printed says why.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ..client.errors import Unavailable
from . import options, output, parsing, selection, signals
from .options import CaFileOption, JsonOption, LeaseArgument, OidcOption, PpaArgument, TokenFileOption, UrlOption
from .parameters import Argument, Option
from .parsing import DURATIONS
from .selection import Choice

if TYPE_CHECKING:
    from ..client import Client, Promotion, UploadCheck

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""
PROMOTE_POLL_S = 10.0
TOUCH_S = 10.0


def check_upload(
    changes: Annotated[list[Path], Argument(metavar="FILE.changes", help="What would be uploaded.")],
    pool: options.PoolOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Say whether Launchpad would take an upload, and in which PPAs.

    No PPA is taken for that. Without --pool the PPAs of all pools are asked for versions and files that they had.
    """
    sources = parsing.sources_in(changes, "FILE.changes")
    found = parsing.connect(url, token_file, ca_file, oidc).check_upload(sources, pool=pool)
    if json:
        output.document(found)
    else:
        _show(found)
    return 0 if found["accepted"] else os.EX_DATAERR


def promote(
    to: Annotated[str, Option("--to", metavar="PPA", help="Where to: a PPA that promote_to allows.")],
    lease: LeaseArgument = None,
    source: Annotated[
        list[str] | None,
        Option("--source", metavar="NAME=VERSION", help="This source of the lease.  [default: all that came in it]"),
    ] = None,
    series: Annotated[
        list[str] | None,
        Option("--series", metavar="SERIES", help="To this series.  [default: the one that each source is in]"),
    ] = None,
    timeout: Annotated[str, Option("--timeout", metavar="TIME", help=f"How long to wait: {DURATIONS}.")] = "1h",
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Copy what a lease's PPA holds to a PPA that stays, with its binaries.

    Only what is published there.  Ends when it is published in the other PPA, so that the lease may end; what is there
    already is done.
    """
    target, sources = parsing.reference(to, "--to"), [parsing.source_of(text) for text in source or ()]
    end = time.monotonic() + parsing.seconds("--timeout", timeout)
    client = parsing.connect(url, token_file, ca_file, oidc)

    def act(choice: Choice) -> Promotion:
        return _promoted(client, choice.lease, lambda: client.promote(
            choice.lease, target, sources=sources, series=series or ()), end)  # fmt: skip

    with signals.interruptible():
        found = selection.on_lease(client, lease, act)
        signals.again()
    if json:
        output.document(found)
    else:
        for copy in found["copies"]:
            output.line(output.escaped(f"{copy['name']} {copy['version']} {copy['series']}: {copy['state']}"))
    if found["state"] == "published":
        return 0
    late = "not published in time: " if found["state"] == "copying" else ""
    output.say(late + "; ".join(copy["why"] for copy in found["copies"] if copy["state"] != "published"))
    return os.EX_DATAERR


def _promoted(client: Client, lease: str, ask: Callable[[], Promotion], end: float) -> Promotion:
    """Ask until all is published, one copy failed or the time is up; keeps the lease alive meanwhile."""
    told = ""
    while True:
        found = ask()
        if found["state"] != "copying" or time.monotonic() >= end:
            return found
        if (why := next(copy["why"] for copy in found["copies"] if copy["state"] == "copying")) != told:
            output.say(told := why)
        time.sleep(max(0.0, min(PROMOTE_POLL_S, end - time.monotonic())))
        with contextlib.suppress(Unavailable):
            client.touch(lease, within=TOUCH_S)


def history(
    ppa: PpaArgument,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show who had a PPA before, when, and what was in it.

    Asked of Launchpad, which remembers the leases that published something; the newest first.
    """
    found = parsing.connect(url, token_file, ca_file, oidc).history(parsing.reference(ppa))
    if json:
        output.document({"items": found})
        return
    for one in found:
        output.line(output.escaped(f"{one['since'] or '?'}  {one['until']}  {one['owner']}  {one['lease']}"))
        for source in one["sources"]:
            output.line(output.escaped(f"  {source['name']} {source['version']} {source['series']}"))
        if (snapshot := one["snapshot"]) is not None:
            output.line(output.escaped(f"  {snapshot['url']}"))


def _show(found: UploadCheck) -> None:
    for source in found["sources"]:
        output.line(output.escaped(f"{source['name']} {source['version']}: {_of_all(source)}"))
        for ppa, had in source["burnt"].items():
            output.line(output.escaped(f"  {ppa} had {had}"))
    for ppa, why in found["unknown"].items():
        output.line(output.escaped(f"  {ppa} could not be asked: {why}"))
    takes = found["takes"]
    verdict = f"accepted in {len(takes)} PPAs: {', '.join(takes)}" if found["accepted"] else "accepted in none"
    output.line(output.escaped(verdict))


def _of_all(source: object) -> str:
    """What is the same in all PPAs."""
    of = source if isinstance(source, dict) else {}
    orig, series = of.get("orig"), of.get("series")
    if of.get("known") is False:
        return f"no series {series} takes uploads"
    if orig:
        return f"{orig['file']} differs from the distribution's, which is at {orig['url']}"
    where = f" in {series}" if series else ""
    component = of.get("component")
    return f"{component}{where}" if component else f"new{where}" if of.get("known") else "series not compared"
