"""What a shell evaluates: the text that `assign --export` prints.

Rule: whatever the end is, the text leaves the variables either naming the lease that was just taken or unset, never
empty or those of an earlier lease; and it ends with the exit code, so that `eval "$(…)" || exit` ends too.  Nothing in
a value can leave its quotes.  The shells are those that read the language of POSIX.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from .commands import RUNS_OTHERS

if TYPE_CHECKING:
    from ..client import Lease

OPTION = "--export"
MOST = 64
"""PPAs that are taken together at the most."""
_DIGITS = 2
VARIABLES = ("PPA", "PPA_REFERENCE", "PPA_LEASE_ID", "PPA_WEB")
TOKEN = "PPA_LEASE_TOKEN"  # noqa: S105 - the name of a variable
"""By what the lease, or the group, is touched and released where no other token is given."""


def variables(lease: Lease) -> dict[str, str]:
    """What a command is told of its PPA; `PPA` is ready for dput."""
    return dict(zip(VARIABLES, (lease["dput"], lease["ppa"], lease["id"], lease["web"]), strict=True))


def all_variables(leases: Sequence[Lease], token: str | None = None) -> dict[str, str]:
    """The same for several PPAs: of the second one on the names end in _1, _2, …  `token` is that of all together."""
    first, *others = leases
    numbered = (
        (f"{name}_{number}", value)
        for number, lease in enumerate(others, start=1)
        for name, value in variables(lease).items()
    )
    return variables(first) | dict(numbered) | ({} if token is None else {TOKEN: token})


def environment(leases: Sequence[Lease], token: str | None = None) -> dict[str, str]:
    """This process's, with the variables of these leases and of no others."""
    others = [*_left_of(os.environ, 0), TOKEN]
    return {name: value for name, value in os.environ.items() if name not in others} | all_variables(leases, token)


def exports(leases: Sequence[Lease], token: str | None = None) -> str:
    """The text that sets the variables, and unsets those of more PPAs, or of a token, that were set before."""
    lines = [f"export {name}={_quoted(value)}" for name, value in all_variables(leases, token).items()]
    left = [*_left_of(os.environ, len(leases) - 1), *(_earlier_token() if token is None else ())]
    return "\n".join([*lines, f"unset -v {' '.join(left)}"] if left else lines)


def refusal(code: int, arguments: Sequence[str] = ()) -> str:
    """The text that unsets them and fails with the code; on one line, which splitting into words cannot change.  Those
    of more PPAs are there for as many as are asked for, or as an earlier command exported.
    """
    wanted = [f"{name}_{number}" for number in range(1, _wanted(arguments)) for name in VARIABLES]
    names = dict.fromkeys([*VARIABLES, *wanted, *_left_of(os.environ, 0), *_earlier_token()])
    return f"unset -v {' '.join(names)}; (exit {code})"


def _earlier_token() -> list[str]:
    """Its variable, where an earlier command exported one."""
    return [TOKEN] if TOKEN in os.environ else []


def _left_of(variables: Iterable[str], last: int) -> list[str]:
    """Those that an earlier command set for a PPA of a higher number than this one."""
    found = []
    for variable in variables:
        name, _, number = variable.rpartition("_")
        if name in VARIABLES and _is_number(number) and int(number) > last:
            found.append((int(number), variable))
    return [variable for _, variable in sorted(found)]


def _wanted(arguments: Sequence[str]) -> int:
    """How many PPAs this command line asks for, told by its words alone."""
    words = [part for word in arguments for part in (word.split("=", 1) if word.startswith("--") else [word])]
    counts = [int(after) for word, after in pairwise(words) if word == "--count" and _is_number(after)]
    return min(MOST, max([words.count("--want"), *counts]))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def evaluates(arguments: Sequence[str]) -> bool:
    """Whether a shell evaluates what this command line prints.  Told by its words alone, for a line that cannot be read
    fails too.  What follows `exec` is another program's, and so is stdout then.
    """
    words = list(takewhile("--".__ne__, arguments))
    command = next((word for word in words if not word.startswith("-")), None)
    return command != RUNS_OTHERS and any(word.startswith(OPTION) for word in words)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
