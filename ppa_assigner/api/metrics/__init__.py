"""/metrics: what Prometheus is told.  `registry` puts it together; `Traffic` is for whoever talks to Launchpad."""

from .assigns import Assigns as Assigns
from .registry import Metrics as Metrics
from .traffic import Traffic as Traffic
