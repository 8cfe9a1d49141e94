"""What a person sees of events, and of one PPA with all that is known of it."""

from __future__ import annotations

import json

import pytest
import yaml

from ppa_assigner.problems import Kind, Problem
from ppa_assigner.views import LeaseView

from ..api.fakes import Served
from ..commandline import cli
from .scene import JENKINS, happened, screen, timeless

EVENTS_80 = """
Nov 25 03:00:12  ~ci-pool/ubuntu/pool-002  first seen, free
Nov 25 03:14:12  ~ci-pool/ubuntu/pool-002  lent to …ild/job/noble-proposed/4711/
Nov 25 06:20:12  ~ci-pool/ubuntu/pool-002  given back by …roposed/4711/ after 3h
Nov 25 06:20:12  ~ci-pool/ubuntu/pool-002  cleaning: looking
Nov 25 06:21:12  ~ci-pool/ubuntu/pool-002  cleaning: deleting 12/40
Nov 25 06:24:12  ~ci-pool/ubuntu/pool-002  a clean failed, try 1: 503 Service U…
Nov 25 06:25:12  ~ci-pool/ubuntu/pool-002  ALARM: its record cannot be written:…
Nov 25 06:25:12  ~ci-pool/ubuntu/pool-002  quarantined: kept for #42
Nov 25 06:40:12  ~ci-pool/ubuntu/pool-002  all right again, was quarantined
Nov 25 06:45:12  ~ci-pool/ubuntu/pool-002  proved clean after 25m, at try 2
Nov 25 06:50:12  ~ci-pool/ubuntu/pool-002  labelled by=ann
"""

EVENTS_100 = """
Nov 25 03:00:12  ~ci-pool/ubuntu/pool-002  first seen, free
Nov 25 03:14:12  ~ci-pool/ubuntu/pool-002  lent to …ple/job/archive-rebuild/job/noble-proposed/4711/
Nov 25 06:20:12  ~ci-pool/ubuntu/pool-002  given back by …-rebuild/job/noble-proposed/4711/ after 3h
Nov 25 06:20:12  ~ci-pool/ubuntu/pool-002  cleaning: looking
Nov 25 06:21:12  ~ci-pool/ubuntu/pool-002  cleaning: deleting 12/40
Nov 25 06:24:12  ~ci-pool/ubuntu/pool-002  a clean failed, try 1: 503 Service Unavailable
Nov 25 06:25:12  ~ci-pool/ubuntu/pool-002  ALARM: its record cannot be written: 401 Unauthorized
Nov 25 06:25:12  ~ci-pool/ubuntu/pool-002  quarantined: kept for #42
Nov 25 06:40:12  ~ci-pool/ubuntu/pool-002  all right again, was quarantined
Nov 25 06:45:12  ~ci-pool/ubuntu/pool-002  proved clean after 25m, at try 2
Nov 25 06:50:12  ~ci-pool/ubuntu/pool-002  labelled by=ann
"""

SHOW_USED_80 = """
PPA        ~ci-pool/ubuntu/pool-003
dput       ppa:ci-pool/ubuntu/pool-003
Page       https://launchpad.net/~ci-pool/+archive/ubuntu/pool-003
Pool       default
State      used for 12m, since TIME
Condition  ok
Owner      ticket-4711
Lease      003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e
Request    build-003
Client     jenkins
Ends       in 9m, TIME, unless it is touched
Touched    4m ago, TIME
Note       a crash of the installer is looked into
Seen       2m ago, TIME

Events
Nov 25 03:14:12  lent to …s.example/job/archive-rebuild/job/noble-proposed/4711/
Nov 25 06:20:12  given back by …rchive-rebuild/job/noble-proposed/4711/ after 3h
Nov 25 06:20:12  cleaning: looking
Nov 25 06:21:12  cleaning: deleting 12/40
Nov 25 06:24:12  a clean failed, try 1: 503 Service Unavailable
Nov 25 06:25:12  ALARM: its record cannot be written: 401 Unauthorized
Nov 25 06:25:12  quarantined: kept for #42
Nov 25 06:40:12  all right again, was quarantined
Nov 25 06:45:12  proved clean after 25m, at try 2
Nov 25 06:50:12  labelled by=ann
"""

SHOW_DIRTY_80 = """
PPA         ~ci-pool/ubuntu/pool-005
dput        ppa:ci-pool/ubuntu/pool-005
Pool        default
State       dirty for 2d, since TIME
Condition   quarantined: 5 cleans failed
Fault       5 tries failed: 503 Service Unavailable
Last owner  mia
Lease       005c1f8f0e3a7d4b5f9e2c6d1a0b7c8e
Seen        2m ago, TIME

Events: none since the daemon's start
"""


@pytest.mark.parametrize(("columns", "shown"), [(80, EVENTS_80), (100, EVENTS_100)])
def test_events_are_sentences(one: Served, columns: int, shown: str) -> None:
    """At this host's time; nothing that is not known is said; of an owner the end."""
    happened(one.backend.events, "pool-002")
    assert screen(columns, "events", url=one.url) == shown
    assert screen(columns, "events", "ppa:ci-pool/pool-002", url=one.url) == shown
    assert screen(columns, "events", "ppa:ci-pool/pool-003", url=one.url) == "\n"


def test_events_in_a_pipe_are_whole(one: Served) -> None:
    """And with --json they are what they were: a document a line."""
    happened(one.backend.events, "pool-002")
    told = cli("events", url=one.url, env={"TZ": "Asia/Tokyo"}).stdout.splitlines()
    assert told[1] == f"Nov 25 12:14:12  ~ci-pool/ubuntu/pool-002  lent to {JENKINS}"
    documents = [json.loads(line) for line in cli("events", "--json", url=one.url).stdout.splitlines()]
    assert [each["number"] for each in documents] == list(range(1, 12))
    assert documents[0]["data"]["owner"] is None


def test_events_of_a_ppa_that_is_not_served_are_a_mistake(one: Served) -> None:
    """64, not silence."""
    done = cli("events", "ppa:ci-pool/pool-404", url=one.url)
    assert (done.returncode, done.stdout) == (64, "")


def known(served: Served, number: int) -> None:
    """Let the daemon tell of the lease of that PPA."""
    snapshot = served.backend.known[number - 1]
    assert snapshot.record is not None
    served.backend.outcome = LeaseView(snapshot.ppa, snapshot.record, end=snapshot.end)


@pytest.mark.parametrize(
    "named",
    ["~ci-pool/ubuntu/pool-003", "ppa:ci-pool/pool-003", "003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e", "build-003"],
)
def test_show_says_all_of_a_ppa(one: Served, named: str) -> None:
    """By whichever name: its own, its lease's or its request's; the last ten events."""
    known(one, 3)
    happened(one.backend.events, "pool-003")
    happened(one.backend.events, "pool-002")
    assert timeless(screen(80, "show", named, url=one.url)) == SHOW_USED_80


def test_show_says_why_a_ppa_is_not_lent(one: Served) -> None:
    """Also where the daemon has forgotten the lease."""
    one.backend.outcome = Problem(Kind.UNKNOWN_LEASE, "no such lease")
    assert timeless(screen(80, "show", "~ci-pool/ubuntu/pool-005", url=one.url)) == SHOW_DIRTY_80


def test_show_prints_documents(one: Served) -> None:
    """The daemon's own: the PPA, its lease or null, its events."""
    known(one, 3)
    happened(one.backend.events, "pool-003")
    told = json.loads(cli("show", "build-003", "-o", "json", url=one.url).stdout)
    assert told == json.loads(cli("show", "build-003", "--json", url=one.url).stdout)
    assert told == yaml.safe_load(cli("show", "build-003", "-o", "yaml", url=one.url).stdout)
    assert told["ppa"] == one.http.get("/v1/ppas/~ci-pool/ubuntu/pool-003").json()
    assert (told["lease"]["request_id"], len(told["events"])) == ("build-003", 10)
    free = json.loads(cli("show", "~ci-pool/ubuntu/pool-001", "--json", url=one.url).stdout)
    assert (free["lease"], free["events"]) == (None, [])


@pytest.mark.parametrize(
    ("named", "code"), [("~ci-pool/ubuntu/pool-404", 64), ("ci-pool/pool-001", 64), ("nobody-knows-it", 77)]
)
def test_show_of_what_is_not_there(one: Served, named: str, code: int) -> None:
    """A PPA that is not served is a mistake, a lease that nobody remembers is unknown."""
    one.backend.outcome = Problem(Kind.UNKNOWN_LEASE, "no such lease")
    done = cli("show", named, url=one.url)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
