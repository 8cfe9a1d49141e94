"""Lends Launchpad PPAs from a fixed pool: one owner at a time, always empty, nothing kept but in the PPAs."""

__version__ = "0.1.0"
