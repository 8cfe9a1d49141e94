"""The control interface from another process: a typed client with a method for each command.

Needs nothing of the stand-in's framework, so that tests and benches start quickly. Every call has a deadline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

import urllib3

DEADLINE = 30.0


class ControlError(Exception):
    """The stand-in could not do what was asked; the text says why."""


class Rejected(ControlError):  # noqa: N818 - callers know it by this name
    """An upload was refused, with the reason."""


class ControlClient:
    """Drives a stand-in. `url` is its control address. Safe for many threads. See `commands` for what each
    method does.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") + "/"
        self._pool = urllib3.PoolManager(maxsize=16, retries=False)

    def call(self, command: str, wait: float = 0.0, **arguments: Any) -> Any:
        """Run any command by its name; `wait` is how long it may take beyond the usual deadline, in seconds."""
        response = self._pool.request(
            "POST",
            self.url + command,
            body=json.dumps(arguments).encode(),
            timeout=urllib3.Timeout(total=DEADLINE + wait),
        )
        result = json.loads(response.data)
        if response.status == 409:
            raise Rejected(result["error"])
        if response.status != 200:
            raise ControlError(result["error"])
        return result

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    # the stand-in as a whole

    def about(self) -> dict[str, Any]:
        """Addresses, series, architectures, credentials."""
        return cast("dict[str, Any]", self.call("about"))

    def reset(self, spec: dict[str, Any] | None = None, owner: str | None = None, ppas: int = 0) -> dict[str, Any]:
        """Start over with a fresh world."""
        return cast("dict[str, Any]", self.call("reset", spec=spec, owner=owner, ppas=ppas))

    def delay(self, seconds: float) -> None:
        """Delay each request by that many seconds."""
        self.call("delay", seconds=seconds)

    def clock(self, at: str | None = None, step: float | None = None, speed: float | None = None) -> dict[str, Any]:
        """Set, step, speed up or read the clock."""
        return cast("dict[str, Any]", self.call("clock", at=at, step=step, speed=speed))

    def run(self, script: str, times: int = 1) -> None:
        """`publisher`, `death_row`, `copies`, `builders`, `uploads` or `retry_waiting`, finished on return."""
        self.call("run", script=script, times=times)

    def automatic(self, **every: float | None) -> dict[str, float]:
        """Run scripts by themselves, every that many seconds of the stand-in's clock."""
        return cast("dict[str, float]", self.call("automatic", wait=0.0, **every))

    def runs(self, script: str, least: int = 0, timeout: float = 0.0) -> int:
        """How often a script ran by itself; waits for `least`."""
        return cast("int", self.call("runs", wait=timeout, script=script, least=least, timeout=timeout))

    # people and PPAs

    def person(self, name: str, display_name: str | None = None, admin: bool = False) -> str:
        """Make a person."""
        return cast("str", self.call("person", name=name, display_name=display_name, admin=admin))

    def team(self, name: str, owner: str, members: Sequence[str] = ()) -> str:
        """Make a team."""
        return cast("str", self.call("team", name=name, owner=owner, members=list(members)))

    def member(self, team: str, person: str, remove: bool = False, admin: bool = False) -> None:
        """Add a member to a team, or remove it."""
        self.call("member", team=team, person=person, remove=remove, admin=admin)

    def token(
        self, person: str, level: str = "WRITE_PRIVATE", consumer: str = "standin", expired: bool = False
    ) -> dict[str, str]:
        """Make a token."""
        token = self.call("token", person=person, level=level, consumer=consumer, expired=expired)
        return cast("dict[str, str]", token)

    def authorise(self, request_token: str, person: str, level: str = "WRITE_PUBLIC") -> None:
        """A person decides on what a program asks for; UNAUTHORIZED declines."""
        self.call("authorise", request_token=request_token, person=person, level=level)

    def suspend(self, person: str, value: bool = True) -> None:
        """Suspend an account, or not."""
        self.call("suspend", person=person, value=value)

    def ppas(
        self,
        owner: str,
        names: Sequence[str] = (),
        count: int = 0,
        prefix: str = "pool-",
        displayname: str | None = None,
        description: str | None = None,
        deleted: bool = False,
    ) -> list[str]:
        """Make PPAs, and if `deleted` delete them at once; returns their references."""
        made = self.call(
            "ppas",
            owner=owner,
            names=list(names),
            count=count,
            prefix=prefix,
            displayname=displayname,
            description=description,
            deleted=deleted,
        )
        return cast("list[str]", made)

    def ppa(self, ppa: str) -> dict[str, Any]:
        """Settings, description and contents of a PPA, in short."""
        return cast("dict[str, Any]", self.call("ppa", ppa=ppa))

    def description(self, ppa: str) -> str | None:
        """The description as it is now."""
        return cast("str | None", self.call("description", ppa=ppa))

    def descriptions(self, ppa: str) -> list[dict[str, Any]]:
        """Every accepted write: {"at", "by", "description", "request", "active", "coming", …}."""
        return cast("list[dict[str, Any]]", self.call("descriptions", ppa=ppa))

    def describe(self, ppa: str, text: str | None) -> None:
        """Write the description as a person does by the web form."""
        self.call("describe", ppa=ppa, text=text)

    def settings(self, ppa: str, **values: Any) -> None:
        """Set `enabled`, `private`, `publish` and so on."""
        self.call("settings", ppa=ppa, **values)

    def uploader(self, ppa: str, person: str, remove: bool = False) -> None:
        """Give the right to upload, or take it away."""
        self.call("uploader", ppa=ppa, person=person, remove=remove)

    def subscribe(self, ppa: str, person: str, password: str | None = None) -> dict[str, str]:
        """Let a person download from a private PPA: {"user", "password"}."""
        return cast("dict[str, str]", self.call("subscribe", ppa=ppa, person=person, password=password))

    def signing_key(self, owner: str, exists: bool = True) -> str | None:
        """Show the key of an owner's PPAs on them, or take it away; returns its fingerprint."""
        return cast("str | None", self.call("signing_key", owner=owner, exists=exists))

    def remove_ppa(self, ppa: str) -> None:
        """Delete a PPA: Deleting, and gone with the next publisher run."""
        self.call("remove_ppa", ppa=ppa)

    # packages

    def upload(
        self,
        ppa: str,
        source: str,
        version: str,
        series: str | None = None,
        status: str = "Published",
        binaries: Iterable[dict[str, Any]] = (),
        files: Iterable[dict[str, Any]] = (),
    ) -> None:
        """Add publications without any checks."""
        self.call(
            "upload",
            ppa=ppa,
            source=source,
            version=version,
            series=series,
            status=status,
            binaries=list(binaries),
            files=list(files),
        )

    def upload_many(
        self, ppa: str, sources: Sequence[Sequence[str]], series: str | None = None, binaries: bool = False
    ) -> None:
        """Add published sources [[name, version], …]."""
        self.call("upload_many", ppa=ppa, sources=[list(s) for s in sources], series=series, binaries=binaries)

    def dput(
        self,
        ppa: str,
        source: str,
        version: str,
        series: str | None = None,
        signer: str | None = None,
        files: Iterable[dict[str, Any]] = (),
    ) -> None:
        """Upload as users do; raises Rejected."""
        self.call("dput", ppa=ppa, source=source, version=version, series=series, signer=signer, files=list(files))

    def door(self, signer: str | None = None, signed: bool = False, waiting: bool = False) -> str:
        """Who signs what is put into the door for `dput`; returns where its folders are."""
        return cast("str", self.call("door", signer=signer, signed=signed, waiting=waiting))

    def verdicts(self, ppa: str | None = None) -> list[dict[str, Any]]:
        """What became of uploads: {"ppa", "source", "version", "accepted", "reason", "at"}."""
        return cast("list[dict[str, Any]]", self.call("verdicts", ppa=ppa))

    def accept(self, ppa: str, source: str, version: str, binary: str, arch: str | None = None) -> None:
        """Add an accepted upload that the publisher has not seen."""
        self.call("accept", ppa=ppa, source=source, version=version, binary=binary, arch=arch)

    def build(
        self, ppa: str, source: str, version: str, state: str, arch: str | None = None, series: str | None = None
    ) -> int:
        """Add a build; returns its number."""
        number = self.call("build", ppa=ppa, source=source, version=version, state=state, arch=arch, series=series)
        return cast("int", number)

    def build_state(self, number: int, state: str, dependencies: str | None = None) -> None:
        """Put a build into another state."""
        self.call("build_state", number=number, state=state, dependencies=dependencies)

    def building(self, on: bool = True, **seconds: float) -> dict[str, Any]:
        """Let builds go by themselves: `queue`, `take` and `upload` seconds each, looked at `every` so many."""
        return cast("dict[str, Any]", self.call("building", on=on, **seconds))

    def build_rule(self, **rule: Any) -> int:
        """Say how builds end (`builders.BuildRule`); returns the rule's number."""
        return cast("int", self.call("build_rule", **rule))

    def build_rules(self) -> list[dict[str, Any]]:
        """The rules with their counts, the one that is asked first first."""
        return cast("list[dict[str, Any]]", self.call("build_rules"))

    def build_unrule(self, number: int | None = None) -> int:
        """Remove one rule, or all."""
        return cast("int", self.call("build_unrule", number=number))

    def snapshots(self, ppa: str) -> list[str]:
        """The times of a PPA's snapshots, as in their addresses, oldest first."""
        return cast("list[str]", self.call("snapshots", ppa=ppa))

    def packages(self, ppa: str) -> dict[str, list[dict[str, Any]]]:
        """All publications, builds and uploads of a PPA."""
        return cast("dict[str, list[dict[str, Any]]]", self.call("packages", ppa=ppa))

    def copy_jobs(self) -> int:
        """How many copies are queued."""
        return cast("int", self.call("copy_jobs"))

    # faults and log

    def fault(self, action: str, **rule: Any) -> int:
        """Add a rule (`faults.Rule`); returns its id."""
        return cast("int", self.call("fault", action=action, **rule))

    def faults(self) -> list[dict[str, Any]]:
        """All rules with their counts."""
        return cast("list[dict[str, Any]]", self.call("faults"))

    def unfault(self, number: int | None = None) -> int:
        """Remove one rule, or all."""
        return cast("int", self.call("unfault", number=number))

    def held(self, least: int = 0, timeout: float = 0.0) -> list[dict[str, Any]]:
        """The held requests: {"number", "method", "path", "stage", "rule", "waited"}."""
        return cast("list[dict[str, Any]]", self.call("held", wait=timeout, least=least, timeout=timeout))

    def release(self, number: int | None = None, verdict: str = "go", rule: int | None = None) -> int:
        """Let a held request go on, or all."""
        return cast("int", self.call("release", number=number, verdict=verdict, rule=rule))

    def log(self, timeout: float = 0.0, **wanted: Any) -> list[dict[str, Any]]:
        """Requests by `since`, `method`, `path`, `operation`, `consumer`, `status`, `state`, `applied`; waits for
        `least`."""
        return cast("list[dict[str, Any]]", self.call("log", wait=timeout, timeout=timeout, **wanted))

    def last(self) -> int:
        """The number of the last request."""
        return cast("int", self.call("last"))

    def forget(self) -> None:
        """Empty the log."""
        self.call("forget")
