"""Documents as they look, for the API's documentation.

Rule: each is one that the daemon could send; `models` shows them, a test holds them to it.
"""

from __future__ import annotations

from typing import Any

from ..views import Condition

LEASE: dict[str, Any] = {
    "id": "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f",
    "request_id": "build-77",
    "attempt": 0,
    "ppa": "~ci-pool/ubuntu/pool-001",
    "dput": "ppa:ci-pool/ubuntu/pool-001",
    "web": "https://launchpad.net/~ci-pool/+archive/ubuntu/pool-001",
    "pool": "default",
    "owner": "ticket-123",
    "by": "jenkins",
    "state": "used",
    "since": "2026-11-25T03:14:12Z",
    "touched": "2026-11-25T03:20:00Z",
    "until": "2026-11-25T11:14:12Z",
    "ends": "2026-11-25T03:31:00Z",
    "ends_by": "idle",
    "idle": 600,
    "note": None,
    "uploader": "~ann",
}
PPA: dict[str, Any] = {
    "ppa": "~ci-pool/ubuntu/pool-001",
    "pool": "default",
    "state": "dirty",
    "condition": "ok",
    "owner": "ticket-123",
    "lease": "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f",
    "since": "2026-11-25T11:14:12Z",
    "touched": "2026-11-25T11:14:12Z",
    "until": None,
    "ends": None,
    "ends_by": None,
    "note": None,
    "tries": 0,
    "fault": None,
    "quarantined": None,
    "cleaning": {"step": "delete", "found": 40, "deleted": 12, "left": 28, "since": "2026-11-25T11:14:13Z"},
    "seen": "2026-11-25T11:14:20Z",
}
COUNTS: dict[str, Any] = {
    "state": {"free": 3, "used": 16, "dirty": 1},
    "condition": {c.value: 20 if c is Condition.OK else 0 for c in Condition},
}
