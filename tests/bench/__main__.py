"""`make bench`: what an assignment costs beside the bare request that it cannot do without.  Prints a Markdown table.

Rule: ratios, measured side by side in one run; the stand-in answers each request after 50 ms.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from ..processes import Daemon, Launchpad, configure, running, start_launchpad

DELAY_S = 0.05
ROUNDS = 40
POOL = ["~ci-pool/ubuntu/pool-{001..080}"]


def main() -> int:
    """Measure and print; `--json` for machines."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "80")
    try:
        rows = measure(launchpad)
    finally:
        launchpad.stop()
    floor = rows["bare conditional PATCH"]
    if "--json" in sys.argv:
        print(json.dumps({name: {"seconds": s, "ratio": s / floor} for name, s in rows.items()}))  # noqa: T201
        return 0
    print("| what | median | x the bare PATCH |\n|---|---|---|")  # noqa: T201
    for name, seconds in rows.items():
        print(f"| {name} | {seconds * 1000:.1f} ms | {seconds / floor:.2f} |")  # noqa: T201
    return 0


def measure(launchpad: Launchpad) -> dict[str, float]:
    """Medians in seconds."""
    launchpad.control.delay(DELAY_S)
    rows = {"bare conditional PATCH": _bare(launchpad)}
    launchpad.control.delay(0)
    with tempfile.TemporaryDirectory() as folder:
        for name, verify_age in (("assign", None), ("assign, verified afresh", 0)):
            daemon = configure(Path(folder), launchpad, "daemon", POOL, verify_age=verify_age)
            with running(daemon):
                daemon.start().wait_for_states(timeout=60, free=80)
                launchpad.control.delay(DELAY_S)
                rows[name] = median(lambda daemon=daemon: _assign(daemon))  # type: ignore[misc]  # a default binds it
                launchpad.control.delay(0)
                for lease in daemon.http.get("/v1/leases").json()["items"]:
                    daemon.http.delete(f"/v1/leases/{lease['id']}")
                daemon.wait_for_states(timeout=60, free=80)
    return rows


def median(act: Callable[[], None]) -> float:
    """Of so many rounds; seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _assign(daemon: Daemon) -> None:
    answer = daemon.assign()
    if answer.status_code != 201:
        raise RuntimeError(answer.text)


def _bare(launchpad: Launchpad) -> float:
    """The floor: urllib3, kept alive, one connection, an ETag chained from answer to answer."""
    (scratch,) = launchpad.control.ppas("ci-pool", names=["scratch"])
    owner, distribution, name = scratch.split("/")
    token = launchpad.credentials["ppa-bot"]
    signed = {
        "Authorization": (
            f'OAuth realm="x", oauth_consumer_key="{token["consumer"]}", oauth_token="{token["token"]}", '
            f'oauth_signature_method="PLAINTEXT", oauth_signature="%26{token["secret"]}", oauth_version="1.0", '
            'oauth_timestamp="1", oauth_nonce="1"'
        ),
        "Accept": "application/json",
    }
    pool = urllib3.PoolManager()
    url = f"{launchpad.service_root}devel/{owner}/+archive/{distribution}/{name}"
    entry = pool.request("GET", url, headers=signed).json()
    count = 0

    def patch() -> None:
        nonlocal entry, count
        count += 1
        headers = {**signed, "If-Match": entry["http_etag"], "Content-Type": "application/json"}
        answer = pool.request("PATCH", entry["self_link"], json.dumps({"description": str(count)}), headers=headers)
        if answer.status != 209:
            raise RuntimeError(f"{answer.status} {answer.data!r}")
        entry = answer.json()

    return median(patch)


if __name__ == "__main__":
    sys.exit(main())
