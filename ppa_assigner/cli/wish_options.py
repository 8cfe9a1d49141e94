"""The options by which `assign` and `exec` say what is asked of the daemon: both have all of them.

Rule: an option is a member here and nowhere else; `wish` says what its text means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ..client.errors import UsageError
from . import completion, parsing
from .file_options import ChangesOption
from .options import PoolOption, TtlOption
from .parameters import Option
from .parsing import DURATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from ..client import Wish


class WishOptions(NamedTuple):
    """What was given, as a group of the parameters of a command."""

    owner: Annotated[
        str | None,
        Option(
            "--owner",
            metavar="TEXT",
            help="Who holds the PPA: a job's URL, a ticket, …  Needed, unless the token of a CI job says it.",
        ),
    ] = None
    pool: PoolOption = None
    wait: Annotated[str, Option("--wait", metavar="TIME", help=f"How long to wait for a PPA: {DURATIONS}.")] = "0"
    ttl: TtlOption = None
    idle: Annotated[
        str | None,
        Option("--idle", metavar="TIME", help="End the lease when nobody touched it for that long, and a margin."),
    ] = None
    note: Annotated[str | None, Option("--note", metavar="TEXT", help="For people; the PPA's page shows it.")] = None
    ppa: Annotated[
        str | None,
        Option("--ppa", metavar="PPA", help="This PPA and no other.", autocompletion=completion.ppas),
    ] = None
    select: Annotated[
        str | None,
        Option("--select", metavar="SELECTOR", help="Only a PPA with such labels: size=big, 'k in (a,b)', !k, …"),
    ] = None
    number: Annotated[
        int | None,
        Option("--count", metavar="N", min=1, max=64, help="So many PPAs at once, all or none."),
    ] = None
    want: Annotated[
        list[str] | None,
        Option(
            "--want",
            metavar="POOL[:SELECTOR]",
            help="A PPA of this pool, with such labels; once for each PPA that is to be had at once, all or none.",
        ),
    ] = None
    source: Annotated[
        list[str] | None,
        Option(
            "--source",
            metavar="NAME=VERSION",
            help="A source that will be uploaded: a PPA that ever had that version is not taken; --changes has the"
            " files compared too.  Up to 50 times.",
        ),
    ] = None
    changes: ChangesOption = None
    uploader: Annotated[
        str | None, Option("--uploader", metavar="~WHO", help="Who may upload while the lease lasts.")
    ] = None
    priority: Annotated[
        int,
        Option(
            "--priority",
            metavar="N",
            min=0,
            max=100,
            help="Be served earlier than others who wait: each step is worth some minutes of waiting.",
        ),
    ] = 0
    request_id: Annotated[
        str | None,
        Option(
            "--request-id",
            metavar="ID",
            help="Your own name for this request: asking again, with --attempt one higher, gets the same PPA.",
        ),
    ] = None
    attempt: Annotated[
        int,
        Option(
            "--attempt",
            metavar="N",
            min=0,
            help="How often this --request-id was asked for before, by earlier commands.",
        ),
    ] = 0

    def wish(self, upload: Sequence[Path] = ()) -> Wish:
        """What the daemon is asked for; always with a request id, for a wish that may be withdrawn.  `upload`: files
        that are uploaded too, besides those of --changes.
        """
        import uuid

        if self.attempt and self.request_id is None:
            raise UsageError("--attempt counts the tries of a --request-id: give that too")
        changes = list(dict.fromkeys([*(self.changes or ()), *upload]))
        return {
            **self._wanted(),
            "wait": parsing.seconds("--wait", self.wait),
            "ttl": parsing.optional_seconds("--ttl", self.ttl),
            "idle": parsing.optional_seconds("--idle", self.idle),
            "note": self.note,
            "sources": [
                *(parsing.source_of(text) for text in self.source or ()),
                *(parsing.sources_in(changes) if changes else ()),
            ],
            "uploader": self.uploader,
            "priority": self.priority or None,
            "request_id": self.request_id if self.request_id is not None else str(uuid.uuid4()),
            "attempt": self.attempt,
        }

    @property
    def several(self) -> bool:
        """Whether it is for several PPAs, however many these are."""
        return self.want is not None or (self.number or 1) > 1

    def _wanted(self) -> Wish:
        """Which PPAs are asked for."""
        select = parsing.selector(self.select, "--select")
        if self.want is None and not self.several:
            ppa = None if self.ppa is None else parsing.reference(self.ppa, "--ppa")
            return {"pool": self.pool, "ppa": ppa, "select": select}
        if self.ppa is not None:
            raise UsageError("--ppa names one PPA: neither --count nor --want goes with it")
        if self.want is None:
            return {"want": [{"pool": self.pool, "select": select, "count": self.number or 1}]}
        if self.pool is not None or self.select is not None or self.number is not None:
            raise UsageError("--want says pool and labels of each PPA: --pool, --select and --count do not go with it")
        parts = (text.partition(":") for text in self.want)
        return {"want": [{"pool": pool, "select": parsing.selector(of or None, "--want")} for pool, _, of in parts]}
