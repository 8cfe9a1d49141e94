"""How a command declares its options and arguments, in `Annotated[type, Option(…)]`.

Rule: only what is said is kept here.  `app` makes what the parser takes of it, and `plain` reads most lines without the
parser; so a command does not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_type_hints


class Parameter:
    """What the user sees of one parameter of a command.  `facts` are those of the parser's own declaration: `help`,
    `metavar`, `min`, `autocompletion`, `envvar`, `default_factory` and so on.
    """

    def __init__(self, *names: str, **facts: Any) -> None:
        self.names = names
        self.facts = facts


class Option(Parameter):
    """An option, by its names; a flag where the type is bool."""


class Argument(Parameter):
    """A word that has no name; several where the type is a list."""


def declared(function: Callable[..., Any]) -> Iterator[tuple[str, Any, Parameter]]:
    """The parameters of a command's function: name, type and declaration.  Raises TypeError for one that has none."""
    for name, hint in get_type_hints(function, include_extras=True).items():
        if name == "return":
            continue
        found: tuple[Any, ...] = getattr(hint, "__metadata__", ())
        if len(found) != 1 or not isinstance(found[0], Parameter):
            raise TypeError(f"{function.__name__}: {name} is not declared as an Option or Argument")
        yield name, hint.__origin__, found[0]
