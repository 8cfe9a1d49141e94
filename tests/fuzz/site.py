"""A stand-in with a few PPAs, and a daemon on it that has clients and listens where a fuzzer can reach it."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.processes import Daemon, Launchpad, configure, environment
from tests.waiting import until

OPERATOR, CLIENT = "operator-" + "o" * 32, "client-" + "c" * 32
TOTAL = "10s"
# The socket is opened here, so that nobody else can have its port: as a service manager does it.
_INHERIT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "ppa_assigner.cli", "run", "--config", sys.argv[2]])
"""


def clients() -> list[dict[str, Any]]:
    """An operator and a client."""
    pairs = ((OPERATOR, "operator"), (CLIENT, "client"))
    return [{"name": role, "token_sha256": sha256(token), "role": role, "max_priority": 100} for token, role in pairs]


def sha256(token: str) -> str:
    """As a configuration has it."""
    return hashlib.sha256(token.encode()).hexdigest()


def site(folder: Path, launchpad: Launchpad, name: str, ppas: list[str], **api: Any) -> Daemon:
    """A daemon that gives up on Launchpad soon; `api` is what its section says beside where it listens."""
    daemon = configure(folder, launchpad, name, ppas=ppas, max_ttl="3650d", max_hold="3650d", grant_upload=True)
    document = json.loads(daemon.config.read_text())
    document["launchpad"]["timeout"] = {"connect": "5s", "read": "8s", "total": TOTAL}
    document["api"] |= api
    daemon.config.write_text(json.dumps(document))
    return daemon


def start_on_a_port(daemon: Daemon, token: str) -> str:
    """Start it on 127.0.0.1; its URL, once it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as listening, (daemon.folder / f"{daemon.name}.log").open("a") as log:
        number = listening.fileno()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        daemon.process = subprocess.Popen(
            [sys.executable, "-c", _INHERIT, str(number), str(daemon.config)],
            pass_fds=[number], stdout=log, stderr=log, text=True, env=environment(daemon.folder),
        )  # fmt: skip
    with httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {token}"}) as http:
        until(lambda: http.get("/readyz").status_code == 200, "the daemon", 90, every=0.1)
        until(lambda: _all_free(http), "its PPAs", 90, every=0.1)
    return url


def _all_free(http: httpx.Client) -> bool:
    return all(ppa["state"] == "free" for ppa in http.get("/v1/ppas").json()["items"])
