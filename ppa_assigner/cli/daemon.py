"""The commands that are the daemon, not its clients: `run`, `demo`, `check-config`.

Rule: the one place where configuration, Launchpad, supervisor and API are wired together; imported when they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("config/ppas.yaml")

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")]


def run_command(config: Config = DEFAULT_CONFIG) -> int:
    """Serve the PPAs of a configuration until a signal comes."""
    return serve(config)


def demo_command() -> int:
    """Try it out: the daemon with a stand-in for Launchpad.

    It listens on 127.0.0.1:8020.
    """
    return serve_demo()


def check_config_command(config: Config = DEFAULT_CONFIG) -> int:
    """Say all that is wrong with a configuration."""
    return check(config)


def serve(config: Path) -> int:
    """The exit code of the daemon."""
    raise NotImplementedError(f"run --config {config}")


def serve_demo() -> int:
    """The exit code of the demo."""
    raise NotImplementedError("demo")


def check(config: Path) -> int:
    """0, or 78 after all mistakes were printed."""
    raise NotImplementedError(f"check-config --config {config}")
