"""A stand-in for Launchpad: its own web service framework over a small model, held to what the real one answered.

For demos and tests. It shares nothing with the daemon but the web service in between.
"""
