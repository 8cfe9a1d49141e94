"""The token of a lease: good for touch, uploads and release of that lease or group, and for nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ppa_assigner.access import ClientConfig, LeaseToken, Role
from ppa_assigner.supervisor.lease_tokens import LeaseTokens
from ppa_assigner.supervisor.tickets import Place, TicketOffice
from ppa_assigner.views import LeaseView

from ..api.fakes import LEASE, LENT, ONE, TWO, USED, Served, serving, slug

CLIENT = ClientConfig("jenkins", hashlib.sha256(b"own").hexdigest(), Role.OPERATOR)
OFFICE = TicketOffice(b"the pool's credentials")
OWN = {"Authorization": "Bearer own"}
ALLOWED = {
    ("post", "/v1/leases/{id}/touch"),
    ("get", "/v1/leases/{id}/uploads"),
    ("delete", "/v1/leases/{id}"),
}


@pytest.fixture
def served() -> Iterator[Served]:
    """A daemon with a client and a lease."""
    with serving(clients=[CLIENT], tickets=OFFICE) as found:
        found.backend.answer = LENT
        yield found


def assigned(served: Served, **wish: Any) -> Any:
    """What an assign answers."""
    return served.http.post("/v1/leases", json={"owner": "me", **wish}, headers=OWN).json()


def by(token: str) -> dict[str, str]:
    """As a header."""
    return {"Authorization": f"Bearer {token}"}


def test_an_assign_tells_it_and_nothing_else_does(served: Served) -> None:
    """The same for the same lease, at every daemon with these credentials; no other answer has it."""
    token = assigned(served)["token"]
    assert token.startswith("lease_")
    assert LeaseTokens(TicketOffice(b"the pool's credentials")).read(token) == LeaseToken(LEASE, None, "jenkins")
    served.backend.answer = replace(LENT, fresh=False)
    assert assigned(served)["token"] == token
    served.backend.outcome = LENT
    found = [
        served.http.post(f"/v1/leases/{LEASE}/touch", headers=by(token)).text,
        *(served.http.get(path, headers=OWN).text for path in ("/v1/leases", f"/v1/leases/{LEASE}", "/v1/ppas")),
        served.http.get("/v1/events", params={"follow": "false"}, headers=OWN).text,
        served.http.get("/metrics", headers=OWN).text,
        served.http.get("/page/changes", headers=OWN).text,
    ]
    assert [text for text in found if "lease_" in text.replace("lease_over", "")] == []


def test_it_is_for_three_calls_alone(served: Served) -> None:
    """Every other call of the document is 403, whatever it is asked about."""
    token = assigned(served)["token"]
    served.backend.outcome = LENT
    document = served.http.get("/openapi.json", headers=OWN).json()
    calls = [(method, path) for path, each in document["paths"].items() for method, call in each.items()
             if "security" not in call]  # fmt: skip
    assert set(calls) > ALLOWED
    for method, path in calls:
        filled = path.replace("{id}", LEASE).replace("{owner}/{distribution}/{name}", str(ONE))
        told = served.http.request(method, filled, headers=by(token))
        if (method, path) in ALLOWED:
            assert told.status_code != 403, (method, path)
        else:
            assert (told.status_code, slug(told)) == (403, "forbidden"), (method, path)
    for path in ("/metrics", "/docs", "/openapi.json", "/page/changes", "/nothing"):
        assert served.http.get(path, headers=by(token)).status_code == 403
    assert served.http.get("/healthz", headers=by(token)).status_code == 200


def test_the_supervisor_judges_whose_lease_it_is(served: Served) -> None:
    """It gets a caller that may end this lease and no other, whoever made the other."""
    token = assigned(served)["token"]
    served.backend.outcome = served.backend.known[0]
    assert served.http.delete(f"/v1/leases/{LEASE}", headers=by(token)).status_code == 200
    ((_, lease, caller),) = served.backend.asked
    assert lease == LEASE
    assert caller.may_end(USED)
    assert not caller.may_end(replace(USED, lease="f" * 32))
    assert not replace(caller, role=Role.OPERATOR).may_end(replace(USED, lease="f" * 32))


def test_uploads_of_another_lease(served: Served) -> None:
    """What everybody may see who has a client's token, it may not."""
    token = assigned(served)["token"]
    path = f"/v1/leases/{LEASE}/uploads"
    served.backend.outcome = LENT
    assert served.http.get(path, headers=by(token)).status_code == 200
    assert served.http.head(path, headers=by(token)).status_code == 200
    served.backend.outcome = replace(LENT, record=replace(USED, lease="f" * 32))
    assert served.http.get(path, headers=by(token)).status_code == 403
    assert served.http.get(path, headers=OWN).status_code != 403


def test_a_group_has_one(served: Served) -> None:
    """Of its lead and of its members, in the answer beside the leases."""
    lead = replace(USED, group="g" * 32, members=(TWO,))
    member = replace(USED, lease="e" * 32, group="g" * 32, lead=ONE)
    served.backend.answer = LeaseView(ONE, lead, fresh=True, members=(LeaseView(TWO, member),))
    told = assigned(served, want=[{"count": 2}])
    assert ["token" in lease for lease in told["leases"]] == [False, False]
    caller = LeaseTokens(OFFICE).read(told["token"])
    assert caller is not None
    assert [caller.is_of(one) for one in (lead, member, replace(member, group="h" * 32))] == [True, True, False]


def test_one_that_is_forged_is_none(served: Served) -> None:
    """Changed, of other credentials, a ticket, or cut: 401, as any token that is not known."""
    token = assigned(served)["token"]
    place = Place("default", "build-77", 1.0, 1.0)
    other = LeaseTokens(TicketOffice(b"new credentials")).issue(USED)
    body = json.dumps({"lease": LEASE, "group": None, "by": "jenkins"}).encode()
    ticket_like = f"lease_{OFFICE.signed(body)}"
    for forged in (f"{token[:-2]}AA", token[:-2], "lease_", "lease_x.y", other, ticket_like,
                   f"lease_{OFFICE.issue(place)}", OFFICE.issue(place), token.removeprefix("lease_")):  # fmt: skip
        response: httpx.Response = served.http.delete(f"/v1/leases/{LEASE}", headers=by(forged))
        assert (response.status_code, slug(response)) == (401, "unauthorized"), forged
    assert served.backend.asked == []


def test_it_is_no_ticket() -> None:
    """What brings a place back is another text."""
    token = LeaseTokens(OFFICE).issue(USED)
    assert OFFICE.said(token.removeprefix("lease_")) is None
