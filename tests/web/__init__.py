"""The page at `/` in a real browser, in front of the real daemon and the stand-in, as processes."""
