"""The commands about what is uploaded, before and after a lease: `check-upload`.

Rule: exit code 65 says that Launchpad would not take it, and what was printed says why.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from . import options, output, parsing
from .options import CaFileOption, JsonOption, TokenFileOption, UrlOption
from .parameters import Argument

if TYPE_CHECKING:
    from ..client import UploadCheck


def check_upload(
    changes: Annotated[list[Path], Argument(metavar="FILE.changes", help="What would be uploaded.")],
    pool: options.PoolOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    token_file: TokenFileOption = None,
    ca_file: CaFileOption = None,
) -> int:
    """Say whether Launchpad would take an upload, and in which PPAs.

    No PPA is taken for that. Without --pool the PPAs of all pools are asked for versions and files that they had.
    """
    sources = parsing.sources_in(changes, "FILE.changes")
    found = parsing.connect(url, token_file, ca_file).check_upload(sources, pool=pool)
    if json:
        output.document(found)
    else:
        _show(found)
    return 0 if found["accepted"] else os.EX_DATAERR


def _show(found: UploadCheck) -> None:
    for source in found["sources"]:
        output.line(output.escaped(f"{source['name']} {source['version']}: {_of_all(source)}"))
        for ppa, had in source["burnt"].items():
            output.line(output.escaped(f"  {ppa} had {had}"))
    for ppa, why in found["unknown"].items():
        output.line(output.escaped(f"  {ppa} could not be asked: {why}"))
    takes = found["takes"]
    verdict = f"accepted in {len(takes)} PPAs: {', '.join(takes)}" if found["accepted"] else "accepted in none"
    output.line(output.escaped(verdict))


def _of_all(source: object) -> str:
    """What is the same in all PPAs."""
    of = source if isinstance(source, dict) else {}
    orig, series = of.get("orig"), of.get("series")
    if of.get("known") is False:
        return f"no series {series} takes uploads"
    if orig:
        return f"{orig['file']} differs from the distribution's, which is at {orig['url']}"
    where = f" in {series}" if series else ""
    component = of.get("component")
    return f"{component}{where}" if component else f"new{where}" if of.get("known") else "series not compared"
