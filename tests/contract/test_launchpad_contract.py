"""Launchpad's features with a single PPA: the same tests hold the stand-in and a real service to what the code needs.

The real one takes part when PPA_ASSIGNER_TEST_SERVICE (staging, qastaging, an address …), PPA_ASSIGNER_TEST_CREDENTIALS
(a file of credentials) and PPA_ASSIGNER_TEST_PPA (a PPA of ours that may be written to; its description is put back)
are given.  Nothing is uploaded, deleted or granted to others there.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ppa_assigner.launchpad import LaunchpadClient, Timeouts
from ppa_assigner.port import (
    ArchiveSettings,
    Conflict,
    Content,
    Done,
    Entry,
    Gone,
    Leftovers,
    Look,
    NewContent,
    Refused,
    Unavailable,
)
from ppa_assigner.reference import Reference
from tests.apart import logged_in, standin_apart

GIVEN = ("PPA_ASSIGNER_TEST_SERVICE", "PPA_ASSIGNER_TEST_CREDENTIALS", "PPA_ASSIGNER_TEST_PPA")


@dataclass(frozen=True)
class Place:
    """A client that is logged in, and the PPA it may write to."""

    lp: LaunchpadClient
    ppa: Reference

    def entry(self) -> Entry:
        """The PPA afresh."""
        entry = self.lp.read(self.ppa)
        assert isinstance(entry, Entry), entry
        return entry

    def write(self, entry: Entry, text: str) -> Entry:
        """A write that must win."""
        written = self.lp.write(entry, text)
        assert isinstance(written, Entry), written
        return written


@pytest.fixture(scope="module", params=["stand-in", "service"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The stand-in, then the service that the environment names."""
    directory = tmp_path_factory.mktemp("contract")
    yield from _on_standin(directory) if request.param == "stand-in" else _on_service(directory)


def _on_standin(directory: Path) -> Iterator[Place]:
    file = directory / "credentials"
    with standin_apart("--owner", "ci-pool", "--ppas", "3") as standin:
        file.write_text(standin.credentials())
        client = logged_in(standin.service_root, file, directory, archive_root=standin.service_root)
        yield Place(client, Reference("ci-pool", "ubuntu", "pool-002"))
        client.close()


def _on_service(directory: Path) -> Iterator[Place]:
    service, credentials, ppa = (os.environ.get(name) for name in GIVEN)
    if not (service and credentials and ppa):
        pytest.skip(f"a real service takes part when {', '.join(GIVEN)} are given")
    client = logged_in(service, Path(credentials), directory, Timeouts(10, 60, 90))
    place = Place(client, Reference.parse(ppa))
    before = place.entry().description
    yield place
    place.write(place.entry(), before or "")
    client.close()


def fresh(text: str = "") -> str:
    """A text that was never there."""
    return f"{text}{secrets.token_hex(16)}"


def test_a_write_is_told_with_the_new_entry_and_can_be_followed_by_another(place: Place) -> None:
    """One request each: the 209 shows what a fresh read shows, and its ETag is good for the next write."""
    written = place.write(place.entry(), fresh())
    for _ in range(3):
        text = fresh()
        written = place.write(written, text)
        assert written.description == text
        seen = place.entry()
        assert (seen.etag, seen.description, seen.url) == (written.etag, text, written.url)


def test_the_second_of_two_writers_loses(place: Place) -> None:
    """412 for an entry that is no longer so, and the first one's text stays."""
    entry = place.entry()
    first = place.write(entry, fresh())
    assert isinstance(place.lp.write(entry, fresh()), Conflict)
    assert place.entry().description == first.description


def test_one_of_many_writers_wins(place: Place) -> None:
    """Eight at once on one entry: one Entry, seven Conflicts, and the text is the winner's."""
    entry = place.entry()
    texts = [fresh() for _ in range(8)]
    with ThreadPoolExecutor(len(texts)) as pool:
        told = dict(zip(texts, pool.map(lambda text: place.lp.write(entry, text), texts), strict=True))
    (winner,) = [text for text, answer in told.items() if isinstance(answer, Entry)]
    assert sum(isinstance(answer, Conflict) for answer in told.values()) == len(texts) - 1
    assert place.entry().description == winner


def test_an_old_text_makes_an_old_etag_valid(place: Place) -> None:
    """Why each record has a nonce."""
    old = place.write(place.entry(), fresh())
    new = place.write(old, fresh())
    place.write(new, old.description or "")
    place.write(old, fresh())


@pytest.mark.parametrize(
    "text", ["", "two\r\nlines\n", "  blanks \t\n\n", "e\u0301 ü \N{PILE OF POO}", '{"a": 1}', "<b>&</b>"]
)
def test_texts_survive(place: Place, text: str) -> None:
    """Byte for byte."""
    place.write(place.entry(), fresh())
    assert place.write(place.entry(), text).description == text
    assert place.entry().description == text


def test_a_listing_is_fresh_and_its_entries_are_good_for_a_write(place: Place) -> None:
    """A look right after a write shows it, with the same ETag as a read."""
    written = place.write(place.entry(), fresh())
    look = place.lp.look(place.ppa.owner)
    assert isinstance(look, Look)
    listed = look.entries[place.ppa]
    assert (listed.url, listed.etag, listed.description) == (written.url, written.etag, written.description)
    place.write(listed, fresh())


def test_the_date_is_the_services(place: Place) -> None:
    """Aware, in UTC, and it does not run backwards."""
    first, second = place.entry().moment, place.entry().moment
    assert first.date.utcoffset() == timedelta(0)
    assert second.date >= first.date
    assert first.started <= first.ended <= second.started


def test_content_and_new_content_can_be_listed(place: Place) -> None:
    """Also what is on its way; since a moment yet to come nothing has arrived."""
    entry = place.entry()
    assert isinstance(place.lp.content(entry), Content)
    new_content = place.lp.new_content(entry, entry.moment.date + timedelta(days=1))
    assert isinstance(new_content, NewContent)
    assert new_content.count == 0


def test_settings_can_be_listed(place: Place) -> None:
    """A PPA builds for something; who owns it is no uploader."""
    found = place.lp.archive_settings(place.entry())
    assert isinstance(found, ArchiveSettings)
    assert found.processors
    assert place.lp.processors(place.ppa) == found.processors
    assert f"~{place.ppa.owner}" not in found.uploaders


def test_history_can_be_asked(place: Place) -> None:
    """Nothing had a version that nobody would give; what is left on the disk is counted."""
    entry = place.entry()
    assert place.lp.was_published(entry, fresh("none-"), "0~1") is False
    assert isinstance(place.lp.disk_leftovers(entry), Leftovers)


def test_fields_can_be_written_as_they_are(place: Place) -> None:
    """One conditional write: an entry that is no longer so is refused, the description stays."""
    entry = place.entry()
    written = place.lp.set_fields(entry, {"publish": entry.publish, "displayname": entry.displayname})
    assert isinstance(written, Entry)
    assert (written.publish, written.displayname, written.description) == (
        entry.publish,
        entry.displayname,
        entry.description,
    )
    place.write(written, fresh())
    assert isinstance(place.lp.set_fields(written, {"publish": entry.publish}), Conflict)


def test_indexes_can_be_read(place: Place) -> None:
    """Where apt finds the PPA, if it is a public one."""
    assert isinstance(place.lp.index_leftovers(place.ppa), Leftovers)


def test_what_is_there_is_not_made_again(place: Place) -> None:
    """Refused, whether it is the name that is taken or the right that is missing."""
    assert isinstance(place.lp.create(place.ppa, "A name", "text"), Refused)


def test_taking_away_a_right_that_nobody_has(place: Place) -> None:
    """Done, however often; a person who does not exist is refused."""
    entry = place.entry()
    soon = entry.moment.ended + 60
    assert not isinstance(place.lp.uploaders(entry), Refused | Unavailable)
    for _ in range(2):
        assert isinstance(place.lp.revoke(entry, f"~{place.ppa.owner}", soon), Done)
    assert isinstance(place.lp.revoke(entry, f"~{fresh('nobody-')}", soon), Refused)


def test_what_is_not_there_is_gone(place: Place) -> None:
    """A PPA and an owner that do not exist."""
    assert isinstance(place.lp.read(Reference(place.ppa.owner, "ubuntu", fresh("none-"))), Gone)
    nobody = place.lp.look(fresh("nobody-"))
    assert isinstance(nobody, Look)
    assert nobody.entries == {}


def test_a_write_to_another_address_writes_nothing(place: Place) -> None:
    """Without the distribution the address is not canonical."""
    entry = place.write(place.entry(), fresh())
    short = entry.url.replace("/+archive/ubuntu/", "/+archive/")
    answer = place.lp.write(Entry(short, entry.etag, None, entry.moment), fresh())
    assert isinstance(answer, Refused)
    assert place.entry().description == entry.description
