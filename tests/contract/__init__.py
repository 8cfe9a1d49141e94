"""What the real Launchpad answers, held against the stand-in."""
