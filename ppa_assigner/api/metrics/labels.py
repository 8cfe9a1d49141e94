"""Labels that stay few.

Rule: a pool's name may come from a client or from a record that anybody wrote; only those that are configured now are
labels, all others are one.  What is counted of a pool is there from its first moment on, so that a first time is an
increase, and goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from prometheus_client.metrics import MetricWrapperBase

OTHERS = "other"
POOL = "pool"


class PoolLabels:
    """The names that are labels.  `configured` is asked for each label; it must not wait."""

    def __init__(self, configured: Callable[[], Collection[str]]) -> None:
        self.configured = configured

    def label(self, pool: object) -> str:
        """The label for a pool of this name."""
        return pool if isinstance(pool, str) and pool in self.configured() else OTHERS


def forget(metric: MetricWrapperBase, names: Collection[str], pools: Collection[str]) -> None:
    """Remove the series of these pools; `names` are the metric's labels in their order."""
    told = [sample.labels for family in metric.collect() for sample in family.samples]
    gone = {tuple(labels[name] for name in names) for labels in told if labels.get(POOL) in pools}
    for values in gone:
        metric.remove(*values)
