"""The API's documentation says what the API does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter

from ppa_assigner import documents
from ppa_assigner.access import EVERYBODY, ClientConfig
from ppa_assigner.api import errors, serializers
from ppa_assigner.problems import Kind
from ppa_assigner.record import State
from ppa_assigner.views import Cleaning, Condition, LeaseView, PoolView, PpaEvent, Snapshot

from .fakes import LEASE, NOW, ONE, USED, Served, serving, some_content

EVERYWHERE = {401, 403, 413, 422, 429}
PPA = "/v1/ppas/{owner}/{distribution}/{name}"
CALLS = {
    ("post", "/v1/leases"): {200, 201, 404, 409, 503},
    ("delete", "/v1/leases"): {200, 404, 503},
    ("get", "/v1/leases"): {200},
    ("get", "/v1/leases/{id}"): {200, 404, 503},
    ("post", "/v1/leases/{id}/touch"): {200, 404, 410, 503},
    ("delete", "/v1/leases/{id}"): {200, 404, 503},
    ("get", "/v1/leases/{id}/uploads"): {200, 304, 404, 410, 503},
    ("post", "/v1/leases/{id}/uploads/retry"): {200, 404, 410, 503},
    ("get", "/v1/ppas"): {200},
    ("get", PPA): {200, 404},
    **{
        ("post", f"{PPA}/{act}"): {200, 404, 409, 503}
        for act in ("release", "hold", "adopt", "quarantine", "resume", "discard")
    },
    ("get", f"{PPA}/content"): {200, 404, 503},
    ("post", "/v1/uploads/check"): {200, 404, 503},
    ("get", "/v1/leases/{id}/sources"): {200, 404, 410, 503},
    ("post", "/v1/leases/{id}/promote"): {200, 404, 409, 410, 503},
    ("get", f"{PPA}/history"): {200, 404, 503},
    ("get", "/v1/pools"): {200},
    ("get", "/v1/line"): {200},
    ("get", "/v1/caller"): {200},
    ("get", "/v1/events"): {200},
}
ASSIGN = {"none-free", "all-burnt", "quota", "request-id-taken", "superseded", "unknown-pool", "unknown-ppa",
          "launchpad-unavailable"}  # fmt: skip


@pytest.fixture
def openapi(api: Served) -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = api.http.get("/openapi.json").json()
    return document


def test_each_call_documents_the_statuses_of_the_contract(openapi: dict[str, Any]) -> None:
    """No call more, no status less."""
    told = {
        (method, path): {int(status) for status in operation["responses"]}
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/v1/")
    }
    assert told == {call: statuses | EVERYWHERE for call, statuses in CALLS.items()}
    assert {int(status) for status in openapi["paths"]["/readyz"]["get"]["responses"]} >= {200, 503}


def test_each_problem_is_documented_with_an_example(openapi: dict[str, Any]) -> None:
    """As application/problem+json, by its kind; those of an assign are all of the contract's."""
    operations = [operation for each in openapi["paths"].values() for operation in each.values()]
    answers = [(status, answer) for each in operations for status, answer in each["responses"].items()]
    for status, answer in answers:
        if int(status) >= 400:
            (media, content), *_ = answer["content"].items()
            assert media == "application/problem+json"
            for kind, example in content["examples"].items():
                assert example["value"]["type"] == errors.type_of(Kind(kind))
                assert str(example["value"]["status"]) == status
    assign = openapi["paths"]["/v1/leases"]["post"]["responses"]
    kinds = {kind for status in ("404", "409", "503")
             for kind in assign[status]["content"]["application/problem+json"]["examples"]}  # fmt: skip
    assert kinds == ASSIGN


def test_a_token_is_documented_as_needed_where_there_are_clients(openapi: dict[str, Any]) -> None:
    """And as possible where there are none; a reload may change that."""
    assert openapi["security"] == [{"token": []}, {}]
    ann = ClientConfig("ann", hashlib.sha256(b"x").hexdigest())
    with serving(clients=[ann]) as guarded:
        headers = {"Authorization": "Bearer x"}
        assert guarded.http.get("/openapi.json", headers=headers).json()["security"] == [{"token": []}]
        guarded.server.set_clients([])
        assert guarded.http.get("/openapi.json").json()["security"] == [{"token": []}, {}]


def test_every_reference_in_the_document_leads_somewhere(openapi: dict[str, Any]) -> None:
    """A generator of clients stumbles over one that does not."""

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*(references(value) for value in part.values()))
        return set().union(*(references(value) for value in part)) if isinstance(part, list) else set()

    known = {f"#/components/schemas/{name}" for name in openapi["components"]["schemas"]}
    assert references(openapi) <= known
    bodies = {
        model.__name__
        for model in (
            documents.AssignRequest,
            documents.TouchRequest,
            documents.ReleaseRequest,
            documents.HoldRequest,
            documents.QuarantineRequest,
        )
    }
    assert {f"#/components/schemas/{name}" for name in bodies} <= references(openapi)
    assert all(openapi["components"]["schemas"][name]["examples"] for name in bodies | {"Lease", "Ppa"})


@pytest.mark.parametrize(
    ("shape", "document"),
    [
        (documents.Lease, serializers.lease(LeaseView(ONE, USED))),
        (
            documents.Ppa,
            serializers.ppa(Snapshot(ONE, "default", USED, Condition.OK, NOW, Cleaning("x", 1, 1, 0, NOW))),
        ),
        (documents.Ppa, serializers.ppa(Snapshot(ONE, "default", None, Condition.MISSING))),
        (documents.Pool, serializers.pool(PoolView("default", {}, {}, 0, None))),
        (documents.Content, serializers.content(ONE, some_content())),
        (documents.Caller, serializers.caller(EVERYBODY)),
        (documents.Event, serializers.event(PpaEvent(1, NOW, ONE, "transition", {}))),
    ],
)
def test_documents_have_exactly_the_members_of_their_shapes(shape: type, document: Mapping[str, object]) -> None:
    """What is shown in the documentation is what is sent."""
    assert set(document) == set(get_type_hints(shape))
    TypeAdapter(shape).validate_python(document)


def test_the_examples_of_the_documentation_hold(api: Served, openapi: dict[str, Any]) -> None:
    """Examples of answers are documents of their model; examples of bodies are accepted."""
    shown = openapi["components"]["schemas"]
    TypeAdapter(documents.Lease).validate_python(shown["Lease"]["examples"][0])
    TypeAdapter(documents.Ppa).validate_python(shown["Ppa"]["examples"][0])
    TypeAdapter(documents.PoolList).validate_python(shown["PoolList"]["examples"][0])
    api.backend.outcome = api.backend.known[0]
    for name in ("release", "hold", "quarantine"):
        example = shown[f"{name.capitalize()}Request"]["examples"][0]
        assert api.http.post(f"/v1/ppas/{ONE}/{name}", json=example).status_code == 200
    api.backend.outcome = LeaseView(ONE, USED)
    for example in shown["TouchRequest"]["examples"]:
        assert api.http.post(f"/v1/leases/{LEASE}/touch", json=example).status_code == 200
    api.backend.answer = LeaseView(ONE, USED)
    for example in shown["AssignRequest"]["examples"]:
        assert api.http.post("/v1/leases", json=example).status_code == 200


def test_states_and_conditions_are_named_in_the_document(openapi: dict[str, Any]) -> None:
    """Those that filters take and PPAs show."""
    assert openapi["components"]["schemas"]["State"]["enum"] == [state.value for state in State]
    assert openapi["components"]["schemas"]["Condition"]["enum"] == [condition.value for condition in Condition]
