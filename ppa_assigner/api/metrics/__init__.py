"""/metrics, for Prometheus: `registry` assembles them; `LaunchpadMetrics` is told of each request to Launchpad."""

from .registry import Metrics as Metrics
from .requests import AssignMetrics as AssignMetrics, LaunchpadMetrics as LaunchpadMetrics
