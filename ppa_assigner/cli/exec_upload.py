"""`exec --upload`: what is done with a PPA before COMMAND: upload with dput, wait, and write down how apt reads it.

Rule: nothing is uploaded to a PPA of which the goal cannot be told.  What was uploaded may fail, which is not a failure
of the lease: the PPA is given back like any other.  A file with a login is for its owner's eyes, and is removed, also
where this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..client.errors import NotInTime, UsageError
from ..words import Goal
from . import dput, output

if TYPE_CHECKING:
    from ..client import AptSource, Client, Holding, Source, Uploads
    from .children import Children
    from .wait import UploadsWait

SOURCES, SNAPSHOT, VERSIONS = "PPA_SOURCES", "PPA_SNAPSHOT", "PPA_VERSIONS"
"""What COMMAND is told besides its PPA."""
_WITHIN_S = 60.0
_IN_THE_ARCHIVE = (Goal.PUBLISHED, Goal.INSTALLABLE)
_PRIVATE = (
    "{} is private, and its index is shown to subscribers only: nothing was uploaded.  --auth FILE has your own"
    " subscription, or --for published does without"
)


class UploadSteps:
    """`files` are the .changes, and `sources` what is in them.  `auth`: a file with the login for a private PPA."""

    def __init__(
        self,
        files: Sequence[Path],
        sources: Sequence[Source],
        *,
        goal: Goal,
        arches: Sequence[str],
        appear: float,
        timeout: float,
        retries: int,
        auth: Path | None,
        door: str | None,
    ) -> None:
        """Raises UsageError."""
        from .wait import UploadsWait

        self._files, self._sources, self._goal, self._auth = files, sources, goal, auth
        self._place = dput.place_at(door or os.environ.get(dput.VARIABLE) or None)
        login = auth if goal is Goal.INSTALLABLE else None
        self._waiting = partial(
            UploadsWait, sources, goal.value, arches, appear, timeout, retries=retries, auth=login
        )  # fmt: skip
        self._waiting()  # before anything is done for options that cannot be meant

    @contextlib.contextmanager
    def done(self, client: Client, holding: Holding, children: Children) -> Iterator[int | Mapping[str, str]]:
        """Upload, and wait for the goal.  Gives what COMMAND is told, or the exit code of what went wrong."""
        if self._goal is Goal.INSTALLABLE and self._auth is None:
            self._refuse_private(children.interruptibly(partial(self._source, client, holding)))
        code = self._upload(holding.ppa, children)
        if code:
            yield code
            return
        code, source = children.interruptibly(partial(self._wait, client, holding, children.check))
        if source is None:
            yield code
            return
        with self._file(source, children) as told:
            versions = " ".join(f"{one['name']}={one['version']}" for one in self._sources)
            yield {**told, **self._snapshot(source), VERSIONS: versions}

    def _refuse_private(self, source: AptSource) -> None:
        if source["private"]:
            raise UsageError(_PRIVATE.format(source["ppa"]))

    def _upload(self, ppa: str, children: Children) -> int:
        with children.folder() as folder:
            command = dput.command(folder, self._place, ppa, self._files)
            code = children.run(command, os.environ, ours=True)
        if children.why_lost is not None:
            return os.EX_NOPERM
        if code and not children.stopped:
            output.say(f"dput failed with exit code {code}: not all was uploaded to {ppa}")
            return os.EX_DATAERR
        return code

    def _wait(self, client: Client, holding: Holding, check: Callable[[], None]) -> tuple[int, AptSource | None]:
        """The exit code of a wait; and where it is reached, what apt needs."""
        from .upload_view import view_for

        with contextlib.redirect_stdout(sys.stderr):  # stdout is COMMAND's
            view = view_for(json=False)
            waiting: UploadsWait = self._waiting()
            report = waiting.run(client, holding.id, view, check)
            code = view.ended(report)
        return code, None if code else self._source(client, holding, report)

    def _source(self, client: Client, holding: Holding, report: Uploads | None = None) -> AptSource:
        found = self._sources if report is None else report["sources"]
        series = sorted({str(one["series"]) for one in found if one.get("series")})
        return client.apt_source(holding.id, series, within=_WITHIN_S)

    def _snapshot(self, source: AptSource) -> Mapping[str, str]:
        """The time as a snapshot is named by it."""
        found = source.get("snapshot")
        if found is None or self._goal not in _IN_THE_ARCHIVE:
            return {}
        return {SNAPSHOT: found["at"].replace("-", "").replace(":", "")}

    @contextlib.contextmanager
    def _file(self, source: AptSource, children: Children) -> Iterator[Mapping[str, str]]:
        from .apt_sources import deb822

        try:
            text = deb822(source, self._auth)
        except NotInTime as error:
            output.say(f"{error}; {SOURCES} is not set")
            yield {}
            return
        with children.folder() as folder:
            path = folder / "ppa.sources"
            path.touch(mode=0o600)
            path.write_text(text)
            if self._auth is None:
                folder.chmod(0o755)
                path.chmod(0o644)
            yield {SOURCES: str(path)}
