"""The configuration: from `ppas.yaml` to immutable `Settings`, or to all of its mistakes at once, each with its line.

Rule: what `load` returns needs no further check.  Nothing here asks the network or waits.
"""

from .loading import credentials_path, describe, json_schema, load
from .settings import ApiSettings, ConfigError, LaunchpadSettings, Listen, Mistake, Pool, Settings
from .values import seconds

__all__ = [
    "ApiSettings",
    "ConfigError",
    "LaunchpadSettings",
    "Listen",
    "Mistake",
    "Pool",
    "Settings",
    "credentials_path",
    "describe",
    "json_schema",
    "load",
    "seconds",
]
