"""Whatever Launchpad's web service answers, no call of the port raises: nothing there can end a worker."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any, cast

from hypothesis import given, settings, strategies as st

from ppa_assigner.launchpad.http import HttpTransport, NoResponseError, Response, Timeouts
from ppa_assigner.launchpad.indexes import Indexes
from ppa_assigner.launchpad.operations import Operations
from ppa_assigner.port import Build, Entry, Lane, Moment, Publication
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime

ROOT = "http://h/devel/"
URL = f"{ROOT}~ci/+archive/ubuntu/one"
PPA = Reference("ci", "ubuntu", "one")
DATE = datetime(2026, 11, 25, tzinfo=UTC)
ENTRY = Entry(URL, '"1"', "text", Moment(DATE, 0.0, 0.0))
THING = Publication(f"{URL}/+sourcepub/1", "foo", "1", "noble")
LATE = float("inf")

urls = st.sampled_from([
    URL, f"{ROOT}ubuntu/noble", f"{ROOT}ubuntu/+archive/primary", f"{ROOT}Üb/+archive/primary", f"{ROOT}~/+archive/x",
    f"{ROOT}ubuntu/+archive/", "http://[", "//", "", f"{ROOT}~ci/+archive/ubuntu/" + "x" * 300,
    "tag:launchpad.net:2008:redacted",
    f"{ROOT}~A B/+archive/ubuntu/%FF", "http://h:99999999/", f"{ROOT}x\u0000y", f"{ROOT}~ci",
])  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | urls
    | st.sampled_from(["Active", "Published", "Deleted", "9999-12-31T23:59:59.999999-14:00", "\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = [
    "self_link", "http_etag", "status", "description", "displayname", "publish", "private", "entries",
    "next_collection_link", "total_size", "pending", "date_created", "date_removed", "date_published", "name",
    "source_package_name", "source_package_version", "binary_package_name", "binary_package_version", "is_debug",
    "distro_series_link", "distro_arch_series_link", "pocket", "person_link", "dependency_link", "architecture_tag",
    "can_be_cancelled", "buildstate", "title", "display_name", "web_link", "require_virtualized", "component_name",
]  # fmt: skip
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)
good = st.just({"self_link": URL, "http_etag": '"1"', "status": "Active", "description": None})
entries = objects | good | st.tuples(good, objects).map(lambda pair: {**pair[0], **pair[1]})
documents = entries | values | st.lists(entries, max_size=4).map(lambda found: {"entries": found, "total_size": 1})
bodies = documents.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=40)
headers = st.fixed_dictionaries(
    {"date": st.sampled_from(["Wed, 25 Nov 2026 03:14:12 GMT"] * 6 + ["", "x", "Fri, 31 Dec 9999 23:59:59 -1400"])},
    optional={
        "location": urls,
        "retry-after": st.sampled_from(["5", "-1", "9" * 5_000, "Fri, 31 Dec 9999 23:59:59 -1400", "x"]),
        "content-type": st.sampled_from(["text/plain", "application/json", ""]),
        "x-lazr-oopsid": st.text(max_size=5),
    },
)  # fmt: skip
statuses = st.sampled_from([200] * 8 + [201, 209, 209, 301, 303, 400, 401, 403, 404, 409, 410, 412, 429, 500, 503, 999])


class Scripted:
    """A transport whose answers are drawn; when they are used up, there is none."""

    def __init__(self) -> None:
        self.sizes = dict.fromkeys(Lane, 2)
        self.answers: list[Response] = []

    def deadline(self) -> float:
        return time.monotonic() + 5.0

    def request(self, *_: Any, **__: Any) -> Response:
        if not self.answers:
            raise NoResponseError("no more")
        return self.answers.pop(0)


TRANSPORT = Scripted()
LAUNCHPAD = Operations(
    ROOT, cast("HttpTransport", TRANSPORT), lambda headers: headers, boottime,
    Indexes("http://h/apt", Timeouts(), boottime),
)  # fmt: skip


answered = st.builds(lambda status, head, body: Response(status, head, body, 0.0, 0.0), statuses, headers, bodies)


@settings(max_examples=150, deadline=None)
@given(st.lists(answered, min_size=1, max_size=4))
def test_no_answer_makes_a_call_raise(answers: list[Response]) -> None:
    """Each call of the port, with these answers to its requests."""
    calls = [
        lambda lp: lp.look("ci"),
        lambda lp: lp.read(PPA),
        lambda lp: lp.new_content(ENTRY, DATE),
        lambda lp: lp.content(ENTRY),
        lambda lp: lp.archive_settings(ENTRY),
        lambda lp: lp.uploaders(ENTRY),
        lambda lp: lp.was_published(ENTRY, "foo", "1"),
        lambda lp: lp.uploads.sources(PPA, DATE),
        lambda lp: lp.uploads.builds(PPA, [1]),
        lambda lp: lp.uploads.binaries(PPA, DATE),
        lambda lp: lp.uploads.refusal(PPA, "foo", "1", DATE, "~ann"),
        lambda lp: lp.uploads.signing_key(PPA),
        lambda lp: lp.uploads.retry(f"{URL}/+build/1", LATE),
        lambda lp: lp.disk_leftovers(ENTRY),
        lambda lp: lp.write(ENTRY, "text"),
        lambda lp: lp.set_fields(ENTRY, {"publish": True}),
        lambda lp: lp.create(PPA, "One", "text"),
        lambda lp: lp.delete(THING, "why", LATE),
        lambda lp: lp.cancel(Build(f"{URL}/+build/1", "a build", "Needs building", True), LATE),
        lambda lp: lp.grant(ENTRY, "~ann", Lane.ASSIGN, LATE),
        lambda lp: lp.revoke(ENTRY, "~ann", LATE),
        lambda lp: lp.add_dependency(ENTRY, "ubuntu", LATE),
        lambda lp: lp.set_processors(ENTRY, ["amd64"], LATE),
        *_taking_away(answers),
    ]
    for call in calls:
        TRANSPORT.answers = list(answers)
        call(LAUNCHPAD)


def _taking_away(answers: list[Response]) -> list[Any]:
    """What was given as settings is taken away as it was told."""
    TRANSPORT.answers = list(answers)
    found = LAUNCHPAD.archive_settings(ENTRY)
    names, rights = getattr(found, "dependencies", ()), getattr(found, "uploaders", ())
    return [
        *(lambda lp, name=name: lp.remove_dependency(ENTRY, name, LATE) for name in names),
        *(lambda lp, who=who: lp.revoke(ENTRY, who, LATE) for who in rights),
    ]


@settings(max_examples=100, deadline=None)
@given(urls, urls)
def test_what_belongs_to_a_ppa_can_be_taken_away_whatever_its_name(dependency: str, person: str) -> None:
    """What is listed by an address that nobody could ask for is refused, or not listed at all."""
    pages = [[{"dependency_link": dependency}], [{"name": "amd64"}], [{"person_link": person}]]
    head = {"date": "Wed, 25 Nov 2026 03:14:12 GMT"}
    for call in _taking_away([Response(200, head, json.dumps({"entries": page}).encode(), 0.0, 0.0) for page in pages]):
        call(LAUNCHPAD)


@settings(max_examples=50, deadline=None)
@given(urls)
def test_a_source_with_any_addresses_can_be_listed(url: str) -> None:
    """Its own, and that of its series."""
    head = {"date": "Wed, 25 Nov 2026 03:14:12 GMT"}
    source = {"self_link": url, "distro_series_link": url, "source_package_name": "foo"}
    body = json.dumps({"entries": [source], "pending": 0}).encode()
    TRANSPORT.answers = [Response(200, head, body, 0.0, 0.0)] * 8
    LAUNCHPAD.content(ENTRY)
    body = json.dumps({"entries": [{**source, "http_etag": "1", "status": "Active"}]}).encode()
    TRANSPORT.answers = [Response(200, head, body, 0.0, 0.0)]
    LAUNCHPAD.look("ci")
