"""`init`: the files that an operator begins with, copied out of the program.

Rule: a file that is there stays as it is unless --force says otherwise, and then nothing is written at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from ..client.errors import AssignerError, UsageError
from . import output
from .parameters import Argument, Option
from .shipped import ShippedFile, shipped_files

MANUAL = "man"
NEXT = """\
next: put your PPAs into {config}; ppa-assigner login --output {credentials}; name that file there under launchpad;
ppa-assigner check-config --config {config}"""


class CannotWriteError(AssignerError):
    """A file is there already, or cannot be written."""

    exit_code = os.EX_CONFIG


def init(
    folder: Annotated[
        Path | None, Argument(metavar="DIR", help="Where the files are written; made if it is not there.")
    ] = None,
    listed: Annotated[bool, Option("--list", help="Print the names of the files, and write none.")] = False,
    printed: Annotated[
        str | None, Option("--print", metavar="FILE", help="Print this one of them, and write none.")
    ] = None,
    force: Annotated[bool, Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Write the files to begin with: example configuration, systemd units, monitoring, recipes, manual.

    Prints the name of each.  `ppa-assigner init config` writes where run, check-config and doctor look first.
    """
    if (folder is not None) + listed + (printed is not None) != 1:
        raise UsageError("say where: ppa-assigner init DIR; or --list, or --print FILE")
    if force and folder is None:
        raise UsageError("--force goes with DIR: nothing is written without it")
    files = {file.name: file for file in (*shipped_files(), *_manual())}
    if listed:
        for name in files:
            output.line(name)
    elif printed is not None:
        _print(files, printed)
    elif folder is not None:
        _write(files, folder, force)


def _manual() -> list[ShippedFile]:
    from .app import parser
    from .manual_pages import pages_of

    return [ShippedFile(f"{MANUAL}/{name}", text.encode("ascii")) for name, text in pages_of(parser()).items()]


def _print(files: Mapping[str, ShippedFile], name: str) -> None:
    if name not in files:
        raise UsageError(f"--print: there is no file {name}; ppa-assigner init --list names them")
    output.line(files[name].content.decode().removesuffix("\n"))


def _write(files: Mapping[str, ShippedFile], folder: Path, force: bool) -> None:
    wanted = {folder / name: file for name, file in files.items()}
    if not force:
        _refuse_to_overwrite(wanted)
    for path, file in wanted.items():
        _write_one(path, file)
        output.line(str(path))
    config, credentials = (output.escaped(folder / name) for name in ("ppas.yaml", "launchpad.credentials"))
    for text in NEXT.format(config=config, credentials=credentials).splitlines():
        output.say(text)


def _refuse_to_overwrite(wanted: Mapping[Path, ShippedFile]) -> None:
    there = [path for path in wanted if os.path.lexists(path)]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise CannotWriteError(f"already there: {there[0]}{more}; nothing is written, --force overwrites")


def _write_one(path: Path, file: ShippedFile) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        if file.executable:
            path.chmod(path.stat().st_mode | 0o111)
    except OSError as error:
        raise CannotWriteError(f"{path} cannot be written: {error.strerror}") from None
