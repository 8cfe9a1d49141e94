"""The Debian packages, built and used in Debian systems of their own."""
