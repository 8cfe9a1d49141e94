"""The configuration: from `ppas.yaml` to immutable `Settings`, or to all of its mistakes at once, each with its line.

Rule: what `load` returns needs no further check.  Nothing here asks the network or waits.
"""

from .files import find_config
from .loading import CONFIG, VARIABLES, credentials_path, describe, json_schema, load
from .parsers import seconds
from .settings import RATE, ApiSettings, ConfigError, LaunchpadSettings, Listen, Mistake, Pool, Settings, Tls
from .warnings import find_warnings, needing_restart

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
    "credentials_path",
    "describe",
    "find_config",
    "find_warnings",
    "json_schema",
    "load",
    "needing_restart",
    "seconds",
]
