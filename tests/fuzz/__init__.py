"""The API against its own OpenAPI document, on a daemon in a process of its own."""
