"""The options and arguments that several commands share, as the parser takes them.

Rule: only names, help and completion are here; `parsing` says what the texts mean.
"""

from __future__ import annotations

import enum
from typing import Annotated

from . import completion
from .parameters import Argument, Option
from .parsing import DURATIONS

UrlOption = Annotated[
    str | None,
    Option(
        "--url",
        metavar="URL",
        help="The daemon: http(s)://host:port or unix:/path.  [default: $PPA_ASSIGNER_URL, else http://127.0.0.1:8020]",
    ),
]
TokenFileOption = Annotated[
    str | None,
    Option("--token-file", metavar="FILE", help="File with the token.  [default: $PPA_ASSIGNER_TOKEN]"),
]
OidcOption = Annotated[
    str | None,
    Option(
        "--oidc",
        metavar="AUDIENCE",
        help="In place of a token: that which the CI system signs for this job, for this audience."
        "  [default: $PPA_ASSIGNER_OIDC, where no token is given]",
    ),
]
CaFileOption = Annotated[
    str | None,
    Option(
        "--ca-file",
        metavar="FILE",
        help="Certificates to trust in place of the system's, in PEM: for https.  [default: $PPA_ASSIGNER_CA]",
    ),
]
JsonOption = Annotated[bool, Option("--json", help="Print the daemon's document as JSON.")]
_FORM_NAMES = ("-o", "--output")


class Form(enum.StrEnum):
    """How a list is printed."""

    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class DocumentForm(enum.StrEnum):
    """How a document is printed."""

    JSON = "json"
    YAML = "yaml"


class StateName(enum.StrEnum):
    """A state that a PPA may be in, as its record says it."""

    FREE = "free"
    USED = "used"
    DIRTY = "dirty"
    DISCARDED = "discarded"


FormOption = Annotated[
    Form | None,
    Option(*_FORM_NAMES, help="More columns and nothing shortened, the daemon's documents, or names alone."),
]
DocumentFormOption = Annotated[DocumentForm | None, Option(*_FORM_NAMES, help="Print documents.")]
OfPoolOption = Annotated[
    str | None,
    Option("--pool", metavar="POOL", help="Those of this pool alone.", autocompletion=completion.pools),
]
OfOwnerOption = Annotated[
    str | None, Option("--owner", metavar="TEXT", help="Those of this owner alone; * stands for any text.")
]
OfStateOption = Annotated[StateName | None, Option("--state", help="Those in this state alone.")]
OfLabelsOption = Annotated[
    str | None,
    Option("-l", "--select", metavar="SELECTOR", help="Those with such labels alone: size=big, 'k in (a,b)', !k, …"),
]
LeaseArgument = Annotated[
    str | None,
    Argument(
        metavar="LEASE",
        help="The lease: its id, its request's id, or its PPA (~owner/ubuntu/name or ppa:owner/name)."
        "  [default: $PPA_LEASE_ID]",
        autocompletion=completion.leases_or_ppas,
    ),
]
MineOption = Annotated[
    bool,
    Option(
        "--mine",
        help="All leases that this client, which its token tells, asked for.  Where the daemon has no clients: all that"
        " there are, if they have one owner.",
    ),
]
MineOwnerOption = Annotated[
    str | None,
    Option("--owner", metavar="TEXT", help="With --mine: those of this owner alone; * stands for any text."),
]
PpaArgument = Annotated[
    str, Argument(metavar="PPA", help="~owner/ubuntu/name or ppa:owner/name", autocompletion=completion.ppas)
]
TtlOption = Annotated[
    str | None,
    Option("--ttl", metavar="TIME", help=f"When the lease ends, counted from now: {DURATIONS}."),
]
PoolOption = Annotated[
    str | None,
    Option("--pool", metavar="POOL", help="The pool.  [default: default]", autocompletion=completion.pools),
]


class OnLost(enum.StrEnum):
    """What `exec` does with its command when the lease is lost."""

    STOP = "stop"
    WARN = "warn"
