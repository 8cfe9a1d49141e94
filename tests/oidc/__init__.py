"""Clients that are known by the tokens of an OIDC issuer, against a small issuer with keys of its own."""
