"""Requests are atomic: of writers that start from the same ETag exactly one wins."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from ppa_assigner.standin.control_client import ControlClient

from .client import Client, archive

PPA = "~ci-pool/ubuntu/pool-001"
WRITERS, ROUNDS = 12, 8


def test_one_winner_a_round(client: Client, control: ControlClient) -> None:
    """N PATCHes with one ETag at once: one 209, all others 412, and the winner's text is what is kept."""
    path = archive(PPA)
    barrier = threading.Barrier(WRITERS)

    def write(text: str, etag: str) -> int:
        barrier.wait(timeout=10)
        return client.patch(path, {"description": text}, etag).status

    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(ROUNDS):
            etag = client.get(path)["http_etag"]
            texts = [f"{number}/{writer}" for writer in range(WRITERS)]
            statuses = list(pool.map(write, texts, [etag] * WRITERS))
            assert sorted(statuses) == [209] + [412] * (WRITERS - 1)
            assert control.description(PPA) == texts[statuses.index(209)]


def test_history_has_every_accepted_write(client: Client, control: ControlClient) -> None:
    """Each 209 that changed the description, the web form's writes and nothing else stand in the history."""
    path, start = archive(PPA), len(control.descriptions(PPA))
    assert client.patch(path, {"description": "one"}).status == 209
    assert client.patch(path, {"description": "lost"}, '"x-y"').status == 412
    control.describe(PPA, "by a person")
    history = control.descriptions(PPA)[start:]
    assert [(h["description"], h["by"]) for h in history] == [("one", "ppa-bot"), ("by a person", None)]
    assert history[0]["request"] == control.log(method="PATCH", status=209)[0]["number"]


def test_an_old_etag_fails_after_the_web_form_was_saved(client: Client, control: ControlClient) -> None:
    """What a person writes by the web form makes ETags stale like any write."""
    path = archive(PPA)
    etag = client.get(path)["http_etag"]
    control.describe(PPA, "by a person")
    assert client.patch(path, {"description": "mine"}, etag).status == 412


def test_what_is_kept_is_void_after_any_change(client: Client, stranger: Client, control: ControlClient) -> None:
    """Representations are kept between requests and never served after a change, nor to somebody who sees less."""
    path = archive(PPA)
    assert client.patch(path, {"description": "secret"}).status == 209
    assert stranger.get(path)["description"] == "secret"
    control.settings(PPA, enabled=False)
    assert stranger.get(path)["description"] == "tag:launchpad.net:2008:redacted"
    assert client.get(path)["description"] == "secret"
    control.settings(PPA, enabled=True, displayname="Other")
    assert stranger.get(path)["displayname"] == "Other"
    assert client.get("~ci-pool/ppas?ws.size=300")["entries"][0]["displayname"] == "Other"
