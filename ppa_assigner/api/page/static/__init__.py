"""The files of which the page is made, read once.

Rule: what is served is in this list; no path of a request ever reaches the file system.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

SCRIPT, STYLE, ICON = "text/javascript", "text/css", "image/svg+xml"
TYPES = {
    "page.css": STYLE,
    "icon.svg": ICON,
    "page.js": SCRIPT,
    "acts.js": SCRIPT,
    "asking.js": SCRIPT,
    "elements.js": SCRIPT,
    "following.js": SCRIPT,
    "selectors.js": SCRIPT,
    "table.js": SCRIPT,
    "words.js": SCRIPT,
}
"""What a browser may ask for, and as what it is served."""
TEXTS = {name: (files(__name__) / name).read_text("utf-8") for name in (*TYPES, "page.html")}
DIGEST = hashlib.sha256("\0".join(TEXTS.values()).encode()).hexdigest()[:16]
"""Of all of them: a page that was loaded from a daemon with other files has another."""
