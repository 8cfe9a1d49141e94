"""The command `events`: what happened since the daemon's start, and what happens.

Rule: people get a sentence a line, scripts with --json the daemon's document a line.
"""

from __future__ import annotations

from typing import Annotated

from . import completion, output, parsing
from .options import CaFileOption, JsonOption, OidcOption, TokenFileOption, UrlOption
from .parameters import Argument, Option

_RESETS = {
    "restarted": "the daemon was restarted: what happened meanwhile is not known to it",
    "forgotten": "more happened than the daemon remembers: events are missing here",
}


def events(
    ppa: Annotated[
        str | None,
        Argument(metavar="PPA", help="Of this PPA alone.  [default: all]", autocompletion=completion.ppas),
    ] = None,
    follow: Annotated[bool, Option("--follow", "-f", help="Go on with those to come.")] = False,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    oidc: OidcOption = None,
    ca_file: CaFileOption = None,
) -> None:
    """Show what happened since the daemon's start.

    A line each, at this host's time.  --follow goes on when the daemon is restarted.  --json prints a document a line.
    """
    import json as encoder

    from .sentences import line_of

    reference = None if ppa is None else parsing.reference(ppa)
    client = parsing.connect(url, token_file, ca_file, oidc)
    if reference is not None:
        client.ppa(reference)  # one that is not served is a mistake of the line
    for event in client.events(follow=follow, ppa=reference):
        if json:
            output.line(encoder.dumps(event))
        elif event.get("kind") == "reset":
            output.say(_RESETS.get(str(event.get("data", {}).get("why")), "events are missing here"))
        elif reference in (None, event.get("ppa")):
            output.line(line_of(event, output.terminal_width()))
