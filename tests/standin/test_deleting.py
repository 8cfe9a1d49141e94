"""Making and deleting PPAs: who may, what stays of a deleted one, and requests that land late or are lost."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import Standin

from .client import Client

OWNER, PPA = "~ci-pool", "~ci-pool/ubuntu/pool-001"
PATH = f"{OWNER}/+archive/ubuntu/pool-001"


def create(client: Client, name: str) -> urllib3.BaseHTTPResponse:
    """Ask for a PPA of that name, with a description."""
    return client.post(OWNER, "createPPA", name=f'"{name}"', description='"a record"')


def listed(client: Client) -> dict[str, str]:
    """The status of each PPA in the owner's listing, by name."""
    return {entry["name"]: entry["status"] for entry in client.get(f"{OWNER}/ppas?ws.size=300")["entries"]}


@pytest.fixture
def member(standin: Standin, control: ControlClient) -> Client:
    """A plain member of the team that owns the PPAs."""
    control.member("ci-pool", control.person("ann"))
    return Client(standin.service_root, control.token("ann"))


def test_creating_needs_more_rights_than_deleting(client: Client, stranger: Client, member: Client) -> None:
    """A member may delete, and only an administrator of the team may create."""
    assert [create(who, "new").status for who in (stranger, member, client)] == [401, 401, 201]
    assert [who.send("DELETE", PATH).status for who in (stranger, member)] == [401, 200]
    again = client.send("DELETE", PATH)
    assert (again.status, again.data) == (400, b"Archive already deleted.")


def test_a_name_is_taken_until_the_publisher_has_run(client: Client, stranger: Client, control: ControlClient) -> None:
    """Then it is free, and what was deleted is listed for ever under other names, to those who own it."""
    control.upload(PPA, "hello", "1.0-1")
    for suffix in ("", "1", "2"):
        client.send("DELETE", PATH)
        assert client.get(PATH)["status"] == "Deleting"
        assert create(client, "pool-001").data == b"Ci Pool already has a PPA for Ubuntu named 'pool-001'."
        control.run("publisher")
        assert client.send("GET", PATH).status == 404
        assert client.get(f"{PATH}-deletedppa{suffix}")["status"] == "Deleted"
        assert create(client, "pool-001").status == 201
    gone = {name for name, status in listed(client).items() if status == "Deleted"}
    assert gone == {"pool-001-deletedppa", "pool-001-deletedppa1", "pool-001-deletedppa2"}
    assert not gone & set(listed(stranger))


def test_an_upload_meant_for_a_deleted_ppa_lands_in_a_new_one(client: Client, control: ControlClient) -> None:
    """Which is why a name is not used again."""
    client.send("DELETE", PATH)
    control.run("publisher")
    create(client, "pool-001")
    control.dput(PPA, "hello", "1.0-1")
    control.run("uploads")
    control.run("publisher")
    assert [one["name"] for one in control.packages(PPA)["sources"]] == ["hello"]
    assert not control.packages(f"{PPA}-deletedppa")["sources"]


@pytest.mark.parametrize("method", ["DELETE", "POST"])
@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        ({"action": "drop_before"}, False),
        ({"action": "drop_after"}, True),
        ({"action": "late"}, False),
    ],
)
def test_a_request_that_is_lost_or_late(
    client: Client, control: ControlClient, method: str, fault: dict[str, Any], applied: bool
) -> None:
    """Lost before, lost after, or carried out long after the client gave up."""
    rule = control.fault(**fault, method=method, times=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        _ = create(client, "new") if method == "POST" else client.send("DELETE", PATH)
    assert _is_done(client, method) is applied
    if fault["action"] == "late":
        control.held(least=1, timeout=10)
        assert control.release(rule=rule) == 1
        control.log(state="done", method=method, applied=True, least=1, timeout=10)
        assert _is_done(client, method)


def _is_done(client: Client, method: str) -> bool:
    return "new" in listed(client) if method == "POST" else listed(client)["pool-001"] == "Deleting"


def test_many_deleted_ppas_are_made_at_once(client: Client, control: ControlClient) -> None:
    """Each of them is listed, page after page."""
    control.ppas("ci-pool", count=700, prefix="old-", deleted=True)
    page = client.get(f"{OWNER}/ppas?ws.size=300")
    assert len(page["entries"]) == 300
    assert page["next_collection_link"] is not None
    assert page["entries"][0]["name"] == "old-001-deletedppa"
    assert client.get(f"{OWNER}/ppas?ws.size=300&ws.start=600")["total_size"] == 703
