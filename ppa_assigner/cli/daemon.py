"""The daemon as a process: it wires the parts together, listens, obeys signals and tells systemd how it is.

Rule: everything that can be wrong before it serves ends in one clear line and an exit code.  An outage of Launchpad
does not end it: the login is tried again, and `/readyz` says why.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from .. import systemd
from ..api.app import create_app
from ..api.metrics import LaunchpadMetrics
from ..api.server import RESERVE, ListenError, Server
from ..automaton import Daemon
from ..backoff import LOGIN
from ..clock import LaunchpadClock
from ..config import ConfigError, Settings, credentials_path, find_warnings, load, needing_restart
from ..launchpad import (
    CredentialsError,
    LaunchpadClient,
    NotAuthorised,
    ServiceUnavailable,
    Timeouts,
    cache_directory,
    load_credentials,
)
from ..launchpad.credentials import read_token
from ..launchpad.http import most_connections
from ..launchpad.indexes import CONNECTIONS as INDEX_CONNECTIONS
from ..mailbox import Mailbox
from ..record import State
from ..supervisor import Supervisor
from ..supervisor.event_log import TRANSITION
from ..supervisor.inquiries import Archives
from ..supervisor.machine import handle
from ..supervisor.tickets import TicketOffice
from ..trace import trace_of
from ..uploads import Follower
from ..views import PpaEvent
from ..worker import Worker

log = logging.getLogger("ppa_assigner")

GC_THRESHOLD = 10_000
START_S = 30.0
STOP_S = 75.0
WATCH_S = 5.0
_SPREAD = random.SystemRandom()
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class DaemonProcess:
    """One run of the daemon.

    `config` is the file that SIGHUP reads again; without one (None) SIGHUP changes nothing.  Options that a reload
    cannot change stay as they were at the start.
    """

    def __init__(self, settings: Settings, config: Path | None = None) -> None:
        self._settings = settings
        self._config = config
        self._signals: Mailbox[int] = Mailbox()
        self._stopping = threading.Event()
        self._trouble: str | None = None
        self._status = ""
        credentials = load_credentials(credentials_path(settings))
        launchpad, traffic = settings.launchpad, LaunchpadMetrics()
        self._launchpad = LaunchpadClient(
            credentials=credentials,
            service_root=launchpad.service,
            version=launchpad.version,
            timeouts=Timeouts(launchpad.connect, launchpad.read, launchpad.total),
            connections=launchpad.connections,
            cache_dir=cache_directory(),
            on_request=traffic.on_request,
            archive_root=launchpad.archive_root,
        )
        clock = LaunchpadClock(alone_after=launchpad.clock_alone_after)
        daemon = Daemon(settings.name, int(time.time() * 1000), secrets.token_hex(4))
        trace, tickets = trace_of(os.environ, daemon), TicketOffice(ticket_secret(credentials_path(settings)))
        self.supervisor = Supervisor(
            settings,
            self._launchpad,
            clock=clock,
            daemon=daemon,
            tickets=tickets,
            make_worker=trace.worker if trace is not None else Worker,
            handle=trace.handling() if trace is not None else handle,
            archives=Archives(
                self._launchpad.primary, self._launchpad.uploads, self._launchpad.copies, self._launchpad.histories
            ),
        )
        self._follower = Follower(
            self._launchpad.uploads, now=lambda: clock.now().date, boot=clock.boot, changed=self.supervisor.uploaded
        )
        self.supervisor.events.subscribe(self._end_of_lease)
        api = settings.api
        self._app = create_app(
            self.supervisor, api.clients, uploads=self._follower, rate=api.rate, promote_to=api.promote_to,
            traffic=traffic, now=clock.epoch, tickets=tickets,
        )  # fmt: skip
        self._server = Server(
            self._app, settings.api.listen, systemd.inherited_sockets(), tls=settings.api.tls,
            reserve=RESERVE + most_connections(launchpad.connections) + most_connections(INDEX_CONNECTIONS),
        )  # fmt: skip

    def run(self, serving: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT.

        Must be called in the main thread.  `serving` is called with the address once the daemon listens on it.
        """
        for number in SIGNALS:
            signal.signal(number, lambda got, _: self._signals.put(got))
        self._server.bind()
        login = threading.Thread(target=self._log_in, name="login", daemon=True)
        http = threading.Thread(target=self._server.run, name="http", daemon=True)
        self.supervisor.start(look=False)
        login.start()
        http.start()
        if not self._server.started.wait(START_S):
            raise ListenError(f"{self._server.addresses[0]}: not served within {START_S:g} s")
        systemd.notify("READY=1")
        self._tell_status()
        serving(self._server.addresses[0])
        try:
            self._obey(http)
        finally:
            self._stop(http)

    def _end_of_lease(self, event: PpaEvent) -> None:
        """Who waits for uploads of a lease is told at once that it is over."""
        if event.kind == TRANSITION:
            used = event.data["to"] == State.USED.value
            self._follower.holds(event.ppa, event.data["lease"] if used else None)

    def _obey(self, http: threading.Thread) -> None:
        """Handle signals until one ends the daemon; meanwhile feed the watchdog, as long as all loops turn."""
        interval = systemd.watchdog_seconds()
        pause = min(WATCH_S, interval / 3) if interval else WATCH_S
        patience = self._settings.launchpad.total + 2 * WATCH_S
        while http.is_alive():
            got = self._signals.get(pause)
            if got is None:
                self._feed_watchdog(patience)
                self._tell_status()
                continue
            if got != signal.SIGHUP:
                log.info("stopping on %s", signal.Signals(got).name)
                return
            self._reload()

    def _feed_watchdog(self, patience: float) -> None:
        self.supervisor.tend()
        stuck = self.supervisor.stuck(patience)
        if not self._server.turns():
            stuck.append("the HTTP server")
        if stuck:
            log.error("no longer turning: %s", ", ".join(stuck))
        else:
            systemd.notify("WATCHDOG=1")

    def _tell_status(self) -> None:
        """Tell systemd the line that `systemctl status` shows, if it has changed."""
        snapshots = self.supervisor.snapshots()
        states = Counter(one.record.state.value for one in snapshots if one.record is not None)
        counts = "".join(
            f", {states[state.value]} {state.value}"
            for state in State
            if states[state.value] or state is not State.DISCARDED
        )
        unready = self.supervisor.unready()
        trouble = f"; not ready: {unready}" if unready is not None else ""
        launchpad = self.supervisor.launchpad()
        if unready is None and not launchpad.ok:
            trouble = f"; Launchpad is away: {launchpad.why}"
        status = f"{self._server.addresses[0]}: {len(snapshots)} PPAs{counts}{trouble}"
        if status != self._status:
            self._status = status
            systemd.notify("STATUS=" + " ".join(status.split()))

    def _reload(self) -> None:
        """Read the configuration again and apply it; a file with mistakes changes nothing and is reported."""
        if self._config is None:
            return
        systemd.notify("RELOADING=1")
        try:
            settings = load(self._config)
            load_credentials(credentials_path(settings))
        except (ConfigError, CredentialsError) as error:
            log.error("not reloaded, nothing is changed:\n%s", error)
        except Exception:  # a bug in reading the file must not end the daemon
            log.exception("not reloaded, nothing is changed: %s could not be read, by a bug", self._config)
        else:
            self._take_or_say(settings)
        systemd.notify("READY=1")

    def _take_or_say(self, settings: Settings) -> None:
        try:
            self._take(settings)
        except Exception:
            log.exception("not all of %s could be taken, by a bug: restart", self._config)
        else:
            log.info("reloaded %s", self._config)

    def _take(self, settings: Settings) -> None:
        """Apply new settings, the clients first: one that was removed must not be served any longer."""
        self._server.set_clients(settings.api.clients, settings.api.rate, settings.api.promote_to)
        if settings.api.tls is not None:
            self._server.renew(settings.api.tls)
        served = replace(settings, launchpad=self._settings.launchpad, name=self._settings.name)
        for warning in (*self.supervisor.reload(served), *find_warnings(settings)):
            log.warning("%s", warning)
        for option in needing_restart(self._settings, settings):
            log.warning("%s is changed: it needs a restart; until then it stays as it was", option)

    def _log_in(self) -> None:
        """Log in to Launchpad and begin to look at the PPAs; log what fails, and try again until both are done."""
        connected = looking = False
        for tries in count():
            if self._stopping.is_set():
                return
            connected = connected or self._connect()
            looking = looking or self._begin_to_look()
            if connected and looking:
                _keep_what_is_here()
                return
            self._stopping.wait(LOGIN.pause(tries, _SPREAD.random()))

    def _begin_to_look(self) -> bool:
        try:
            self.supervisor.begin_to_look()
        except RuntimeError as error:  # no thread
            log.error("cannot begin to look at the PPAs, trying on: %s", error)
            return False
        return True

    def _connect(self) -> bool:
        try:
            self._launchpad.connect()
        except (ServiceUnavailable, NotAuthorised) as error:
            if str(error) != self._trouble:
                log.error("cannot log in to Launchpad, trying on: %s", error)
            self._trouble = str(error)
            return False
        except Exception:
            log.exception("cannot log in to Launchpad, by a bug, trying on")
            return False
        log.info("logged in to %s", self._settings.launchpad.service)
        return True

    def _stop(self, http: threading.Thread) -> None:
        """Stop serving: waiting requests are answered, and requests in flight to Launchpad end."""
        systemd.notify("STOPPING=1")
        self._stopping.set()
        end = time.monotonic() + STOP_S
        self._server.stop_accepting()
        self._follower.stop()
        self.supervisor.stop(STOP_S)
        self._server.stop()
        http.join(max(1.0, end - time.monotonic()))
        self._launchpad.close()


def ticket_secret(credentials: Path) -> bytes:
    """What the key of tickets is made from: every daemon with the credentials in this file has it."""
    parts = read_token(credentials)
    return f"{parts.consumer}\0{parts.token}\0{parts.secret}".encode()


def _keep_what_is_here() -> None:
    """Exempt all objects that exist now from garbage collection, and let it run less often.

    They are never freed, above all the description of Launchpad's service.  To go through them again and again would
    cost as much time as all answers together.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])
