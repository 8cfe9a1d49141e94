"""The label `pool`, kept to few values.

Rule: a pool's name may come from a client, or from a record that anybody wrote; only those that are configured now are
values, all others share one.  The series of a pool exist from its start, so that the first count is an increase, and
are removed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from prometheus_client.metrics import MetricWrapperBase

OTHERS = "other"
POOL = "pool"


class PoolLabels:
    """Maps the names of pools to labels.  `configured` is called for each label, and must not wait."""

    def __init__(self, configured: Callable[[], Collection[str]]) -> None:
        self.configured = configured

    def label(self, pool: object) -> str:
        """The label of a pool of this name: the name if it is configured, else `other`."""
        return pool if isinstance(pool, str) and pool in self.configured() else OTHERS


def forget(metric: MetricWrapperBase, names: Collection[str], pools: Collection[str]) -> None:
    """Remove a metric's series of these pools; `names` are the metric's labels in their order."""
    series = [sample.labels for family in metric.collect() for sample in family.samples]
    gone = {tuple(labels[name] for name in names) for labels in series if labels.get(POOL) in pools}
    for values in gone:
        metric.remove(*values)
