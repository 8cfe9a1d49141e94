"""The client behind the worker's port: one login shared by all threads, and raw requests signed with its token.

Rule: this is the only module that imports launchpadlib, lazr.restfulclient or httplib2.  launchpadlib logs in,
and does nothing else: neither its entries nor its transport are safe for threads, and its transport may send a request
twice (docs/explanation/launchpad.md#repeated-requests).  Nothing here ever waits for a person.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httplib2
from launchpadlib import uris
from launchpadlib.credentials import AccessToken, Credentials
from launchpadlib.launchpad import Launchpad, LaunchpadOAuthAwareHttp
from lazr.restfulclient._browser import MultipleRepresentationCache
from lazr.restfulclient.errors import HTTPError

from ..port import Lane
from ..times import boottime as boot_time_clock
from .credentials import read_token
from .http import HttpTransport, NoResponseError, NotSentError, RequestOutcome, Response, Timeouts
from .indexes import PRODUCTION, Indexes
from .operations import Operations
from .redaction import Secrets, one_line
from .responses import credentials_fault, summary
from .signature import Signer
from .urls import origin

log = logging.getLogger(__name__)

SERVICES = {
    "production": uris.LPNET_SERVICE_ROOT,
    "staging": uris.STAGING_SERVICE_ROOT,
    "qastaging": uris.QASTAGING_SERVICE_ROOT,
}
NO_VERIFICATION = "LP_DISABLE_SSL_CERTIFICATE_VALIDATION"


class InsecureEnvironment(Exception):  # noqa: N818 - callers know it by this name
    """The environment asks for connections without verified certificates; our token would go over them."""


class ServiceUnavailable(Exception):  # noqa: N818 - callers know it by this name
    """Launchpad does not answer as it should: worth trying again."""


class NotAuthorised(Exception):  # noqa: N818 - callers know it by this name
    """Launchpad does not accept our credentials."""


def load_credentials(path: Path | str) -> Credentials:
    """The credentials in a file that `ppa-assigner login` or launchpadlib wrote.  Raises CredentialsError."""
    parts = read_token(Path(path))
    credentials = Credentials(parts.consumer, parts.consumer_secret)
    credentials.access_token = AccessToken(parts.token, parts.secret)
    return credentials


def new_credentials(consumer: str, key: str, secret: str) -> tuple[Credentials, str]:
    """A new token as `LaunchpadClient` takes it, and the text of the file from which `load_credentials` reads it."""
    credentials = Credentials(consumer)
    credentials.access_token = AccessToken(key, secret)
    file = io.StringIO()
    credentials.save(file)
    return credentials, file.getvalue()


def signer(credentials: Credentials) -> Signer:
    """What signs requests with this token."""
    consumer, token = credentials.consumer, credentials.access_token
    return Signer(consumer.key, consumer.secret, token.key, token.secret)


def refuse_insecure_environment() -> None:
    """Raise InsecureEnvironment when certificates are not to be verified."""
    if os.environ.get(NO_VERIFICATION):
        raise InsecureEnvironment(f"{NO_VERIFICATION} is set: refusing to send credentials over unverified connections")


def service_url(service: str) -> str:
    """The root of a service, ending in a slash: of production, staging, qastaging, or of an http(s) address without
    the version.  Raises ValueError with a sentence for people.
    """
    url: str = SERVICES.get(service, service)
    found = origin(url)
    if found is None or found[0] not in ("http", "https") or "?" in url or "#" in url:
        raise ValueError(f"{service!r} is neither {', '.join(SERVICES)} nor the http(s) address of a web service")
    return url.rstrip("/") + "/"


def web_root(service: str) -> str:
    """Where people log in to a service, ending in a slash: its host without `api.`, as launchpadlib does it for
    every service that it knows.  Raises ValueError like `service_url`.
    """
    parts = urlsplit(service_url(service))
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}/"


def cache_directory() -> Path:
    """Where the service's description is kept: the first of $CACHE_DIRECTORY (systemd), $XDG_CACHE_HOME/ppa-assigner
    and ~/.cache/ppa-assigner that can be written, else a temporary directory.
    """
    for candidate in _cache_candidates():
        with contextlib.suppress(OSError):
            candidate.mkdir(parents=True, exist_ok=True)
            if os.access(candidate, os.W_OK | os.X_OK):
                return candidate
    return Path(tempfile.mkdtemp(prefix="ppa-assigner-"))


def _cache_candidates() -> list[Path]:
    found: list[Path] = []
    if given := os.environ.get("CACHE_DIRECTORY"):
        found.append(Path(given.split(":")[0]))  # systemd separates several with colons
    if given := os.environ.get("XDG_CACHE_HOME"):
        found.append(Path(given) / "ppa-assigner")
    with contextlib.suppress(RuntimeError):  # no home
        found.append(Path.home() / ".cache" / "ppa-assigner")
    return found


class LaunchpadClient(Operations):
    """Implements port.Launchpad.  Safe for many threads.

    Before `connect` has succeeded every call answers Unavailable.  Raises ValueError for a service root or proxy that
    cannot be used, InsecureEnvironment when certificates are not to be verified.  `archive_root` is where apt finds
    PPAs; requests there are not signed, nor reported to `on_request`.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        service_root: str,
        version: str = "devel",
        timeouts: Timeouts | None = None,
        connections: int = 16,
        cache_dir: Path | None = None,
        boottime: Callable[[], float] = boot_time_clock,
        on_request: Callable[[RequestOutcome], None] | None = None,
        archive_root: str = PRODUCTION,
    ) -> None:
        refuse_insecure_environment()
        self._service = service_url(service_root)
        if self._service.endswith(f"/{version}/"):
            raise ValueError(f"{service_root!r} must be given without the version {version}")
        self._version = version
        self._credentials = credentials
        timeouts = timeouts or Timeouts()
        token = credentials.access_token
        secrets = Secrets(token.key, token.secret)
        self._signer = signer(credentials)
        transport = HttpTransport(self._service, timeouts, connections, boottime, on_request, secrets)
        indexes = Indexes(archive_root, timeouts, boottime)
        super().__init__(f"{self._service}{version}/", transport, self._sign, boottime, indexes)
        self._cache_dir = (cache_dir or cache_directory()) / f"{self._service_name()}-{version}"
        self._login = threading.Lock()
        self._launchpad: Launchpad | None = None
        self._user_agent: str | None = None
        self._trouble = "no login was tried yet"

    def connect(self) -> None:
        """Log in: at most three requests; does nothing when logged in.  Raises ServiceUnavailable or NotAuthorised;
        either way it can be called again.
        """
        with self._login:
            try:
                self._connect()
            except (ServiceUnavailable, NotAuthorised) as error:
                self._trouble = str(error)
                raise

    def _connect(self) -> None:
        if self._user_agent is not None:
            return
        if self._launchpad is None:
            self._launchpad = self._log_in()
        agent = self._launchpad._browser.user_agent
        # The description may come from the disk; that Launchpad is there and accepts us must be asked now.
        self._check_accepted(agent)
        self._user_agent = agent

    def _log_in(self) -> Launchpad:
        """Let launchpadlib log in: it reads and parses the description of the service, once."""
        cache = _Cache(str(self._cache_dir))
        try:
            launchpad = _Root(self._transport, self._credentials, self._service, cache, self._version)
        except (ServiceUnavailable, NotAuthorised):
            raise
        except (NotSentError, NoResponseError) as error:
            raise ServiceUnavailable(str(error)) from error
        except HTTPError as error:
            raise ServiceUnavailable(f"no Launchpad web service: {error.response.status}") from error
        except Exception as error:
            # Anything else is a description that cannot be read; a kept one must not stand in the way for ever.
            shutil.rmtree(self._cache_dir, ignore_errors=True)
            what = one_line(f"{type(error).__name__}: {error}")
            raise ServiceUnavailable(f"its description cannot be read: {what}") from error
        launchpad._browser.max_retries = 0
        launchpad._browser._connection.cache = None
        return launchpad

    def _check_accepted(self, agent: str) -> None:
        headers = {"Accept": "application/json", "User-Agent": agent, "Authorization": self._signer.authorization()}
        try:
            response = self._transport.request("GET", self._root, headers, lane=Lane.WORK)
        except (NotSentError, NoResponseError) as error:
            raise ServiceUnavailable(str(error)) from error
        _check_login(response)
        if response.status != http.client.OK:
            raise ServiceUnavailable(summary(response))

    def _sign(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        if self._user_agent is None:
            raise NotSentError(f"not logged in to Launchpad: {self._trouble}")
        return {"User-Agent": self._user_agent, **headers, "Authorization": self._signer.authorization()}

    def _service_name(self) -> str:
        return "".join(char if char.isalnum() or char in ".-" else "_" for char in self._service.rstrip("/"))


def _check_login(response: Response) -> None:
    """Raise NotAuthorised for a refusal of our credentials, ServiceUnavailable for an outage."""
    if response.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        raise NotAuthorised(credentials_fault(response) or f"Launchpad refuses our credentials: {summary(response)}")
    if response.status >= http.client.INTERNAL_SERVER_ERROR:
        # Here and not through launchpadlib, which would ask again (docs/explanation/launchpad.md#repeated-requests).
        raise ServiceUnavailable(summary(response))


class _Root(Launchpad):  # type: ignore[misc]  # launchpadlib ships no types
    """launchpadlib's root, whose requests go over our transport, without an engine that would ask a person."""

    def __init__(
        self, transport: HttpTransport, credentials: Credentials, service: str, cache: Any, version: str
    ) -> None:
        self._transport = transport
        super().__init__(credentials, None, None, service, cache, None, None, version)

    def httpFactory(self, credentials: Credentials, cache: Any, timeout: Any, proxy_info: Any) -> _TransportHttp:  # noqa: N802 - launchpadlib's name
        return _TransportHttp(self._transport, self, None, credentials, cache, timeout, proxy_info)


class _TransportHttp(LaunchpadOAuthAwareHttp):  # type: ignore[misc]  # launchpadlib ships no types
    """httplib2 over our transport, without its sockets, retries and redirects."""

    def __init__(self, transport: HttpTransport, *rest: Any) -> None:
        super().__init__(*rest)
        self._transport = transport
        self.follow_redirects = False

    def _conn_request(
        self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]
    ) -> tuple[httplib2.Response, bytes]:
        scheme = "https" if isinstance(conn, http.client.HTTPSConnection) else "http"
        host = f"[{conn.host}]" if ":" in conn.host else conn.host
        url = f"{scheme}://{host}:{conn.port}{request_uri}"
        response = self._transport.request(method, url, headers, body, lane=Lane.WORK)
        _check_login(response)
        return httplib2.Response({**_without_encoding(response.headers), "status": str(response.status)}), response.body


def _without_encoding(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers but those about the encoding of the body, which is whole and decompressed here."""
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    return {name: value for name, value in headers.items() if name not in dropped}


class _Cache(MultipleRepresentationCache):  # type: ignore[misc]  # lazr.restfulclient ships no types
    """launchpadlib's cache on disk; a disk that is full or read-only costs a download, not the login."""

    def __init__(self, directory: str) -> None:
        self.request_media_type = None
        with contextlib.suppress(OSError):
            super().__init__(directory)

    def get(self, key: str) -> bytes | None:
        try:
            found: bytes | None = super().get(key)
        except OSError:
            return None
        return found

    def set(self, key: str, value: bytes) -> None:
        with contextlib.suppress(OSError):
            super().set(key, value)
