"""Launchpad, as the worker's port wants it.

`client` logs in and signs (it alone imports launchpadlib); `operations` are the port's calls, one raw request each or a
listing of them; `answers` says what an answer means; `transport` and `sockets` send each request once, within its
deadline.  Rule: nothing here decides anything about a PPA.
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
from .transport import RequestSeen, Timeouts

__all__ = [
    "CredentialsError",
    "InsecureEnvironment",
    "LaunchpadClient",
    "NotAuthorised",
    "RequestSeen",
    "ServiceUnavailable",
    "Timeouts",
    "cache_directory",
    "load_credentials",
    "new_credentials",
    "refuse_insecure_environment",
    "service_url",
    "web_root",
]
