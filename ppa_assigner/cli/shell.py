"""What a shell evaluates: the text that `assign --export` prints.

Rule: whatever the end is, the text leaves the variables either naming the lease that was just taken or unset, never
empty or those of an earlier lease; and it ends with the exit code, so that `eval "$(…)" || exit` ends too.  Nothing in
a value can leave its quotes.  The shells are those that read the language of POSIX.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from .commands import RUNS_OTHERS

if TYPE_CHECKING:
    from ..client import Lease

OPTION = "--export"
MOST = 64
"""PPAs that are taken together at the most."""
VARIABLES = ("PPA", "PPA_REFERENCE", "PPA_LEASE_ID", "PPA_WEB")


def variables(lease: Lease) -> dict[str, str]:
    """What a command is told of its PPA; `PPA` is ready for dput."""
    return dict(zip(VARIABLES, (lease["dput"], lease["ppa"], lease["id"], lease["web"]), strict=True))


def all_variables(leases: Sequence[Lease]) -> dict[str, str]:
    """The same for several PPAs: of the second one on the names end in _1, _2, …"""
    first, *others = leases
    numbered = (
        (f"{name}_{number}", value)
        for number, lease in enumerate(others, start=1)
        for name, value in variables(lease).items()
    )
    return variables(first) | dict(numbered)


def exports(leases: Sequence[Lease]) -> str:
    """The text that sets the variables, and unsets those of more PPAs that were taken together before."""
    lines = [f"export {name}={_quoted(value)}" for name, value in all_variables(leases).items()]
    return "\n".join([*lines, f"unset -v {_numbered(len(leases))}"] if len(leases) > 1 else lines)


def refusal(code: int, arguments: Sequence[str] = ()) -> str:
    """The text that unsets them and fails with the code; on one line, which splitting into words cannot change."""
    several = any(word.startswith(("--count", "--want")) for word in arguments)
    names = " ".join(VARIABLES) + (f" {_numbered(1)}" if several else "")
    return f"unset -v {names}; (exit {code})"


def _numbered(first: int) -> str:
    return " ".join(f"{name}_{number}" for number in range(first, MOST + 1) for name in VARIABLES)


def evaluates(arguments: Sequence[str]) -> bool:
    """Whether a shell evaluates what this command line prints.  Told by its words alone, for a line that cannot be read
    fails too.  What follows `exec` is another program's, and so is stdout then.
    """
    words = list(takewhile("--".__ne__, arguments))
    command = next((word for word in words if not word.startswith("-")), None)
    return command != RUNS_OTHERS and any(word.startswith(OPTION) for word in words)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
