"""Copies of values that can be changed: the state of a machine, and the clock of its daemon.

Rule: what cannot change is shared, what can is copied.  No two parts of what is copied may hold the same changeable
thing: these are values, and what one part knows another finds by its key.  A type that nobody thought of is an error:
sharing it by mistake would let one state change another.
"""

from __future__ import annotations

import types
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum
from typing import Any

Copier = Callable[[Any], Any]

CHANGEABLE = ("ppa_assigner.supervisor.", "ppa_assigner.clock")
SHARED: tuple[type, ...] = (
    type(None), bool, int, float, str, bytes, frozenset, type, types.BuiltinFunctionType, types.FunctionType,
    types.MethodType, types.MappingProxyType,
)  # fmt: skip


def copied(value: Any) -> Any:
    """A copy that shares nothing with the original that either of them could change."""
    kind = value.__class__
    return (_COPIERS.get(kind) or _learn(kind))(value)


def _same(value: Any) -> Any:
    return value


def _list(value: Any) -> Any:
    return value.__class__([one if one.__class__ in _SAME else copied(one) for one in value])


def _deque(value: Any) -> Any:
    return deque(value, value.maxlen)  # of what cannot change


def _dict(value: Any) -> Any:
    return value.__class__({key: one if one.__class__ in _SAME else copied(one) for key, one in value.items()})


def _tuple(value: Any) -> Any:
    return value if all(one.__class__ in _SAME for one in value) else tuple([copied(one) for one in value])


def _object(value: Any) -> Any:
    new = object.__new__(value.__class__)
    new.__dict__.update({n: one if one.__class__ in _SAME else copied(one) for n, one in value.__dict__.items()})
    return new


def _slotted(names: tuple[str, ...]) -> Copier:
    def copy(value: Any) -> Any:
        new = object.__new__(value.__class__)
        for name in names:
            one = getattr(value, name)
            setattr(new, name, one if one.__class__ in _SAME else copied(one))
        return new

    return copy


_COPIERS: dict[type, Copier] = {
    list: _list, dict: _dict, OrderedDict: _dict, tuple: _tuple, deque: _deque, set: set,
    **dict.fromkeys(SHARED, _same),
}  # fmt: skip
_SAME: set[type] = {*SHARED}


def _learn(kind: type) -> Copier:
    _COPIERS[kind] = copier = _copier_of(kind)
    if copier is _same:
        _SAME.add(kind)
    return copier


def _copier_of(kind: type) -> Copier:
    parameters = getattr(kind, "__dataclass_params__", None)
    if (parameters is not None and parameters.frozen) or issubclass(kind, (*SHARED, Enum, tuple, BaseException)):
        return _same
    if kind.__module__.startswith(CHANGEABLE):
        names = [name for base in reversed(kind.__mro__) for name in base.__dict__.get("__slots__", ())]
        return _slotted(tuple(names)) if names else _object
    if kind.__module__ in ("_thread", "threading", "datetime"):
        return _same
    raise TypeError(f"may it be shared? {kind.__module__}.{kind.__qualname__}")
