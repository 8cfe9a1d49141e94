"""Launchpad's web service behind the worker's port.

`client` logs in (the only module that imports launchpadlib), and signs by `signature`; `operations` implements the
port's calls with `session` (single requests and paged collections), `content`, `settings` and `indexes`; `responses`
says what a response means; `http`, `bodies` and `sockets` send each request once, within its deadline.  Rule: nothing
here decides anything about a PPA.
"""

from .client import (
    InsecureEnvironment,
    LaunchpadClient,
    NotAuthorised,
    ServiceUnavailable,
    cache_directory,
    load_credentials,
    new_credentials,
    refuse_insecure_environment,
    service_url,
    web_root,
)
from .credentials import CredentialsError
from .http import RequestOutcome, Timeouts, UnusableProxyError

__all__ = [
    "CredentialsError",
    "InsecureEnvironment",
    "LaunchpadClient",
    "NotAuthorised",
    "RequestOutcome",
    "ServiceUnavailable",
    "Timeouts",
    "UnusableProxyError",
    "cache_directory",
    "load_credentials",
    "new_credentials",
    "refuse_insecure_environment",
    "service_url",
    "web_root",
]
