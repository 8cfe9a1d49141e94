"""`python -m ppa_assigner.standin`: runs until a signal, and prints one line of JSON when it is ready."""

import argparse
import json
import resource
import signal
import sys
import threading

from .standin import Standin

FILES = 65_536  # a thousand clients that hang need three descriptors each


def allow_many_connections() -> None:
    """Take as many descriptors as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m ppa_assigner.standin", description="A Launchpad on loopback.")
    parser.add_argument("--port", type=int, default=0, help="of the web service (0: any)")
    parser.add_argument("--control-port", type=int, default=0, help="of the control interface (0: any)")
    parser.add_argument("--owner", default="ci-pool", help="team that owns the PPAs; empty for an empty world")
    parser.add_argument("--ppas", type=int, default=0, help="how many PPAs it has")
    parser.add_argument("--speed", type=float, default=1.0, help="of the clock")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds added to each request")
    options = parser.parse_args()
    allow_many_connections()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Standin(**vars(options)) as standin:
        about = standin.commands.about()
        ready = {key: about[key] for key in ("service_root", "control", "credentials")}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
