"""The stand-in itself: what the probes do not cover."""
