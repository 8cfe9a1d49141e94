"""Launchpad in trouble: what the daemon answers meanwhile, how little it asks, and how it goes on by itself."""
