"""`check-config`: what is wrong with a configuration, and what may be, for people, editors and CI.

Rule: nothing is asked of Launchpad, and nothing is changed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ..client.errors import UsageError
from . import output
from .file_options import ConfigOption
from .output import configuration_error
from .parameters import Option

if TYPE_CHECKING:
    from ..config import Settings


def check_config_command(
    config: ConfigOption,
    json: Annotated[bool, Option("--json", help="Print the findings as JSON.")] = False,
    schema: Annotated[bool, Option("--schema", help="Print the JSON schema of a configuration.")] = False,
) -> int:
    """Say everything that is wrong with a configuration, each mistake with its line.

    Asks nobody but the file and the credentials' file.  Ends with 0, also where there are warnings, or with 78.
    """
    if schema and json:
        raise UsageError("--json or --schema, not both: --json is about what is found")
    if schema:
        return print_schema()
    return check(config, json=json)


def check(config: Path, *, json: bool) -> int:
    """Print what was found, and give the exit code."""
    from ..config import ConfigError, credentials_path, find_warnings, load
    from ..launchpad import CredentialsError, load_credentials

    settings: Settings | None = None
    mistakes: list[dict[str, Any]] = []
    try:
        settings = load(config)
        load_credentials(credentials_path(settings))
    except ConfigError as error:
        mistakes = [{"file": one.file, "line": one.line, "message": one.message} for one in error.mistakes]
    except CredentialsError as error:
        mistakes = [{"file": str(config), "line": None, "message": str(error)}]
    found = find_warnings(settings) if settings is not None else []
    if json:
        output.document({"valid": not mistakes, "mistakes": mistakes, "warnings": found})
    else:
        _tell(settings, mistakes, found)
    return os.EX_CONFIG if mistakes else 0


def print_schema() -> int:
    """Print the JSON schema as it is shipped."""
    output.line(schema_text().rstrip())
    return 0


def schema_text() -> str:
    """The schema as `config/ppas.schema.json` has it."""
    import json

    from ..config import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def _tell(settings: Settings | None, mistakes: list[dict[str, Any]], found: list[str]) -> None:
    for one in mistakes:
        configuration_error(one["message"] if one["line"] is None else f"{one['file']}:{one['line']}: {one['message']}")
    for warning in found:
        configuration_error(f"warning: {warning}")
    if settings is not None and not mistakes:
        from ..config import describe

        output.line(describe(settings))
