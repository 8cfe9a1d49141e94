"""What people see in a browser: the page at `/` with what it is made of, and the API's documentation at `/docs`.

Rule: nothing is loaded from elsewhere and no text of others becomes markup.  The page holds data only where everybody
who reaches the daemon is operator; elsewhere it is bare, and its script asks for the data with a token.
"""

from .routes import PageRoutes

__all__ = ["PageRoutes"]
