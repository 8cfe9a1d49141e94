"""A resolver that does not answer: a call ends in its time, a command by its signal, and one thread at most is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import needs
from .commandline import DEADLINE_S
from .network import network

PROGRAM = """\
import json, os, signal, socket, threading, time
from ppa_assigner.client import Client, Unavailable

deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
deaf.bind(("127.0.0.1", 53))
client = Client("http://daemon.example.test:8020")
told = []
for _ in range(2):
    begun = time.monotonic()
    try:
        client.touch("4c1f", within=0.5)
    except Unavailable as error:
        told.append((str(error), error.maybe_done, time.monotonic() - begun))
assert b"example" in deaf.recv(512)
threads = sum(thread.name == "names" for thread in threading.enumerate())


def interrupt():
    while b"another" not in deaf.recv(512):  # what was asked for the first name may be there still
        pass
    os.kill(os.getpid(), signal.SIGINT)


threading.Thread(target=interrupt).start()
try:
    Client("http://another.example.test:8020").touch("4c1f")
except KeyboardInterrupt:
    print(json.dumps({"told": told, "threads": threads}))
"""
RESOLVER = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"
SWITCH = "hosts: files dns\n"
MOUNTED = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program says in a network of its own, where names are asked for of who does not answer."""
    folder: Path = tmp_path_factory.mktemp("names")
    files = [folder / "resolv.conf", folder / "nsswitch.conf"]
    for file, text in zip(files, (RESOLVER, SWITCH), strict=True):
        file.write_text(text)
    needs.program("unshare", "util-linux")
    with network() as own:
        inside = [sys.executable, "-c", PROGRAM]
        command = [*own.enter, "unshare", "--mount", "sh", "-c", MOUNTED, "sh", *map(str, files), *inside]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_call_ends_in_its_time(told: dict[str, Any]) -> None:
    """And nothing was sent."""
    assert len(told["told"]) == 2
    for said, maybe_done, seconds in told["told"]:
        assert said == "http://daemon.example.test:8020: cannot connect (its name is not looked up in time)"
        assert not maybe_done
        assert seconds < DEADLINE_S / 4


def test_a_resolver_that_hangs_has_one_thread(told: dict[str, Any]) -> None:
    """However often the name is wanted.  That the program ended at all shows that a signal ends the wait."""
    assert told["threads"] == 1
