"""The options about uploads that several commands share: how far they must be, how long that may take, whose login.

Rule: as for `options`; apart, for the type of files is slow to load.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ..words import Goal
from .parameters import Option
from .parsing import DURATIONS

GoalOption = Annotated[Goal, Option("--for", help="How far they must be.")]
ArchesOption = Annotated[
    list[str] | None,
    Option("--arch", metavar="ARCH", help="An architecture that counts.  [default: those that a source is built for]"),
]
APPEAR, TIMEOUT = "20m", "4h"
_APPEAR_HELP = f"How long a source may take to appear at Launchpad: {DURATIONS}."
_TIMEOUT_HELP = "How long to wait in all."
_RETRY_HELP = "How often to have builds tried again that failed for a chroot problem or a lost builder."
AppearOption = Annotated[str, Option("--appear", metavar="TIME", help=_APPEAR_HELP)]
TimeoutOption = Annotated[str, Option("--timeout", metavar="TIME", help=_TIMEOUT_HELP)]
RetryOption = Annotated[int, Option("--retry", metavar="N", min=0, help=_RETRY_HELP)]
GivenGoalOption = Annotated[
    Goal | None,
    Option("--for", help="How far what is uploaded must be before COMMAND runs.  [default: installable]"),
]
"""As the options above, for a command that has to know whether they were given."""
GivenAppearOption = Annotated[
    str | None, Option("--appear", metavar="TIME", help=f"{_APPEAR_HELP}  [default: {APPEAR}]")
]
GivenTimeoutOption = Annotated[
    str | None, Option("--timeout", metavar="TIME", help=f"{_TIMEOUT_HELP}  [default: {TIMEOUT}]")
]
GivenRetryOption = Annotated[int | None, Option("--retry", metavar="N", min=0, help=f"{_RETRY_HELP}  [default: 0]")]
AuthOption = Annotated[
    Path | None,
    Option(
        "--auth",
        metavar="FILE",
        help="Your subscription to a private PPA, as apt has it (machine … login … password …, or a deb line): its"
        " index is read with it.",
    ),
]
UploadOption = Annotated[
    list[Path] | None,
    Option(
        "--upload",
        metavar="FILE.changes…",
        help="Upload this with dput, and wait for it; files that follow are uploaded with it.  Of several PPAs the"
        " first one, $PPA, gets it.",
    ),
]
UploadToOption = Annotated[
    str | None,
    Option(
        "--upload-to",
        metavar="URL",
        help="Where uploads go, by ftp, sftp, http or https; below it is a folder for each PPA."
        "  [default: $PPA_ASSIGNER_UPLOAD_TO, else Launchpad]",
    ),
]
