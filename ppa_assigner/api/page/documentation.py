"""The API's documentation at `/docs`, made of its OpenAPI document.

Rule: the page has no data of the pools and no scripts, and loads nothing from elsewhere; all text is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from starlette.responses import Response

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#222;background:#fff}pre{background:#f4f4f4;padding:.7rem;overflow:auto}"
    "h2{border-top:1px solid #ccc;padding-top:1rem}td{padding-right:1rem;vertical-align:top}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def documentation(openapi: dict[str, Any]) -> Response:
    """Return the page at `/docs`: every call, what it takes and what it answers."""
    info = openapi["info"]
    parts = [f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>", f"<p>{escape(info['description'])}</p>"]
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            parts.extend(_call(method.upper(), path, operation))
    parts.append("<h2>Documents</h2>")
    for name, schema in openapi["components"]["schemas"].items():
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{_shown(schema)}</pre>')
    return _page("PPA assigner: API", "\n".join(parts))


def _call(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{escape(method)} {escape(path)}</code></h2>"
    yield f"<p>{escape(operation.get('summary', ''))}. {escape(operation.get('description', ''))}</p>"
    names = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    if names:
        yield f"<p>Query: <code>{escape(', '.join(names))}</code></p>"
    if "requestBody" in operation:
        yield f"<p>Body: {_model(operation['requestBody'])}</p>"
    yield "<table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td>{escape(status)}<td>{escape(answer['description'])}<td>{_model(answer)}"
    yield "</table>"


def _model(described: dict[str, Any]) -> str:
    """Return a link to the description of the document that this body or answer is; empty if it has none."""
    for content in described.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name:
            return f'<a href="#{escape(name)}">{escape(name)}</a>'
    return ""


def _shown(schema: dict[str, Any]) -> str:
    examples = schema.get("examples")
    return escape(json.dumps(examples[0] if examples else schema, indent=2, ensure_ascii=False))


def _page(title: str, body: str) -> Response:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
    return Response(text, headers=_HEADERS, media_type="text/html")
