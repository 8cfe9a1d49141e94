"""The HTTP API: `app` is what it answers, `server` is how it listens.

Rule: it translates between HTTP and the supervisor, and decides nothing about PPAs.
"""
