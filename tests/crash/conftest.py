"""Every daemon of these tests is traced, and every line of its trace must be allowed by the rules."""

from __future__ import annotations

from ..trace.validating import every_trace_is_validated

__all__ = ["every_trace_is_validated"]
