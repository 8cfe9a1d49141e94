"""/metrics: `collectors` for what is, `transitions` and `requests` for what passes; all in `registry`."""

from .registry import Metrics as Metrics
from .requests import AssignMetrics as AssignMetrics, LaunchpadMetrics as LaunchpadMetrics
