"""A world for the probes: the roles that they know, and names that sort as those of the real run did.

The probes compare sorted lists, so the nominated architecture must sort after the other one, and there must be a
processor that no architecture needs.
"""

from __future__ import annotations

from typing import Any

from ppa_assigner.standin.control_client import ControlClient

SPEC = {"series": ["hoary", "warty"], "arches": ["i386", "amd64"], "processors": ["hppa"]}


def make_roles(control: ControlClient) -> dict[str, dict[str, Any]]:
    """Reset the stand-in and make the probes' persons; returns what their credentials file says."""
    control.reset(SPEC)
    persons = {
        role: f"probe-{role}" for role in ("owner", "stranger", "uploader", "teammate", "admin", "expired", "inactive")
    }
    for role, name in persons.items():
        control.person(name, admin=role == "admin")
    control.team("probe-team", persons["owner"], [persons["teammate"]])
    roles: dict[str, dict[str, Any]] = {
        role: control.token(name, expired=role == "expired") for role, name in persons.items()
    }
    roles["readonly"] = control.token(persons["owner"], "READ_PUBLIC")
    roles["public"] = control.token(persons["owner"], "WRITE_PUBLIC")
    roles["team"] = {"person": "probe-team"}
    control.suspend(persons["inactive"])
    return roles
