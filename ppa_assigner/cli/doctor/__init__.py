"""`doctor`: `command` is the command, `host` and `launchpad` look, `records` reads, `findings` is what they say."""
