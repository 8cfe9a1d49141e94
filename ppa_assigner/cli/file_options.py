"""The options that name files, which a shell completes; apart, for their type is slow to load.

Rule: as for `options`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from .parameters import Option

CONFIG_VARIABLE = "PPA_ASSIGNER_CONFIG"


def _found_config() -> Path:
    from ..config import find_config

    return find_config()


ConfigOption = Annotated[
    Path,
    Option("--config", metavar="FILE", envvar=CONFIG_VARIABLE, show_envvar=False,
                 default_factory=_found_config, show_default=False,
                 help=f"The configuration.  [default: ${CONFIG_VARIABLE}, else ./config/ppas.yaml, else"
                 " /etc/ppa-assigner/ppas.yaml]"),
]  # fmt: skip
ChangesOption = Annotated[
    list[Path] | None,
    Option(
        "--changes",
        metavar="FILE",
        help="A .changes file that will be uploaded, as --source: its version, and its files, which Launchpad compares"
        " with what the PPA had.  Up to 50 times.",
    ),
]
