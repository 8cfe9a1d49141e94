"""The adapter: what is sent to Launchpad, and what its answers are taken for."""
