"""How a command declares its options and arguments, in `Annotated[type, Option(…)]`.

Rule: only what is said is kept here.  `app` makes what the parser takes of it, and `plain` reads most lines without the
parser; so a command does not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
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
    """The parameters of a command's function: name, type and declaration; those of a group (a NamedTuple) in its place.
    Raises TypeError for one that has none.
    """
    for name, hint in _hints(function).items():
        if _is_group(hint):
            yield from declared(hint)
            continue
        found: tuple[Any, ...] = getattr(hint, "__metadata__", ())
        if len(found) != 1 or not isinstance(found[0], Parameter):
            raise TypeError(f"{function.__name__}: {name} is not declared as an Option or Argument")
        yield name, hint.__origin__, found[0]


def defaults(function: Any) -> dict[str, Any]:
    """What each parameter is that need not be given."""
    if _is_group(function):
        return dict(function._field_defaults)
    hints, values = _hints(function), function.__defaults__ or ()
    found = dict(zip(list(hints)[len(hints) - len(values) :], values, strict=True))
    for hint in hints.values():
        found |= defaults(hint) if _is_group(hint) else {}
    return found


def called(function: Callable[..., Any], values: dict[str, Any]) -> Callable[[], Any]:
    """The function with these values, those of a group put together."""
    for name, hint in _hints(function).items():
        if _is_group(hint):
            values[name] = hint(**{field: values.pop(field) for field in hint._fields if field in values})
    return partial(function, **values)


def _hints(function: Any) -> dict[str, Any]:
    hints = get_type_hints(function, include_extras=True)
    return {name: hint for name, hint in hints.items() if name != "return"}


def _is_group(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, tuple)
