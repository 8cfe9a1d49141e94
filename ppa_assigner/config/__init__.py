"""The configuration: from `ppas.yaml` to immutable `Settings`, or to all of its mistakes at once, each with its line.

Rule: what `load` returns needs no further check.  Nothing here asks the network or waits.
"""

from .advice import after_a_restart, warnings
from .environment import CONFIG, VARIABLES
from .loading import credentials_path, describe, json_schema, load
from .settings import RATE, ApiSettings, ConfigError, LaunchpadSettings, Listen, Mistake, Pool, Settings, Tls
from .values import seconds

__all__ = [
    "CONFIG",
    "RATE",
    "VARIABLES",
    "ApiSettings",
    "ConfigError",
    "LaunchpadSettings",
    "Listen",
    "Mistake",
    "Pool",
    "Settings",
    "Tls",
    "after_a_restart",
    "credentials_path",
    "describe",
    "json_schema",
    "load",
    "seconds",
    "warnings",
]
