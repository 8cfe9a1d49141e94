"""/metrics: what Prometheus is told.  `registry` puts it together; `Traffic` is for whoever talks to Launchpad."""

from .registry import Metrics as Metrics
from .requests import AssignMetrics as AssignMetrics, LaunchpadMetrics as LaunchpadMetrics
