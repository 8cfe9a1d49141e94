"""`check-config`: what is wrong with a configuration, and what may be, for people, editors and CI.

Rule: nothing is asked of Launchpad, and nothing is changed.
"""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Any

from ..config import ConfigError, Settings, credentials_path, describe, json_schema, load, warnings
from ..launchpad import CredentialsError, load_credentials
from . import CONFIGURATION, output
from .daemon import wrong


def check(config: Path, *, json: bool) -> int:
    """Print what was found, and give the exit code."""
    settings: Settings | None = None
    mistakes: list[dict[str, Any]] = []
    try:
        settings = load(config)
        load_credentials(credentials_path(settings))
    except ConfigError as error:
        mistakes = [{"file": one.file, "line": one.line, "message": one.message} for one in error.mistakes]
    except CredentialsError as error:
        mistakes = [{"file": str(config), "line": None, "message": str(error)}]
    found = warnings(settings) if settings is not None else []
    if json:
        output.document({"valid": not mistakes, "mistakes": mistakes, "warnings": found})
    else:
        _tell(settings, mistakes, found)
    return CONFIGURATION if mistakes else 0


def print_schema() -> int:
    """Print the JSON schema as it is shipped."""
    output.line(schema_text().rstrip())
    return 0


def schema_text() -> str:
    """The schema as `config/ppas.schema.json` has it."""
    return json_module.dumps(json_schema(), indent=2) + "\n"


def _tell(settings: Settings | None, mistakes: list[dict[str, Any]], found: list[str]) -> None:
    for one in mistakes:
        wrong(one["message"] if one["line"] is None else f"{one['file']}:{one['line']}: {one['message']}")
    for warning in found:
        wrong(f"warning: {warning}")
    if settings is not None and not mistakes:
        output.line(describe(settings))
