"""Copies of a daemon that runs no thread: a supervisor, its workers and its clients' calls, cut off from the original.

Rule: what cannot change is shared, what can is copied once, and bound methods, partials and closures come to mean the
copies.  A type that nobody thought of is an error: sharing it by mistake would let one state change another.
"""

from __future__ import annotations

import types
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from ppa_assigner.supervisor.eventlog import EventLog
from ppa_assigner.supervisor.ticket import TicketOffice

Memo = dict[int, Any]
Copier = Callable[[Any, Memo], Any]

MUTABLE = ("ppa_assigner.supervisor.", "ppa_assigner.clock", "tests.explore.")
SHARED = (
    "ppa_assigner.", "_thread", "threading", "_io", "io", "datetime", "itertools", "enum", "logging", "_contextvars",
    "concurrent.futures.thread", "weakref", "_weakrefset", "tests.explore.stage",
    "_pytest.capture", "execnet",  # where a thread's complaints go
)  # fmt: skip
ATOMS: tuple[type, ...] = (
    type(None), bool, int, float, str, bytes, frozenset, type, types.BuiltinFunctionType, EventLog, TicketOffice,
)  # fmt: skip


def copied(root: Any) -> Any:
    """A copy that shares nothing with the original that either of them could change."""
    return _copy(root, {})


def _copy(value: Any, memo: Memo) -> Any:
    kind = value.__class__
    return (_COPIERS.get(kind) or _learn(kind))(value, memo)


def _same(value: Any, _: Memo) -> Any:
    return value


def _object(value: Any, memo: Memo) -> Any:
    known = memo.get(id(value))
    if known is None:
        memo[id(value)] = known = object.__new__(value.__class__)
        known.__dict__.update(
            {name: held if held.__class__ in _SAME else _copy(held, memo) for name, held in value.__dict__.items()}
        )
    return known


def _slotted(names: tuple[str, ...]) -> Copier:
    def copy(value: Any, memo: Memo) -> Any:
        known = memo.get(id(value))
        if known is None:
            memo[id(value)] = known = object.__new__(value.__class__)
            for name in names:
                held = getattr(value, name)
                setattr(known, name, held if held.__class__ in _SAME else _copy(held, memo))
        return known

    return copy


def _frozen(names: tuple[str, ...]) -> Copier:
    """It cannot change, but what it holds may."""

    def copy(value: Any, memo: Memo) -> Any:
        known = memo.get(id(value))
        if known is None:
            held = {name: _copy(getattr(value, name), memo) for name in names}
            if all(getattr(value, name) is one for name, one in held.items()):
                return value
            memo[id(value)] = known = object.__new__(value.__class__)
            for name, one in held.items():
                object.__setattr__(known, name, one)
        return known

    return copy


def _list(value: Any, memo: Memo) -> Any:
    known = memo.get(id(value))
    if known is None:
        memo[id(value)] = known = value.__class__()
        known.extend([one if one.__class__ in _SAME else _copy(one, memo) for one in value])
    return known


def _deque(value: Any, _: Memo) -> Any:
    return deque(value, value.maxlen)  # of numbers


def _set(value: Any, memo: Memo) -> Any:
    known = memo.get(id(value))
    if known is None:
        memo[id(value)] = known = set()
        known.update([_copy(one, memo) for one in value])
    return known


def _dict(value: Any, memo: Memo) -> Any:
    known = memo.get(id(value))
    if known is None:
        memo[id(value)] = known = value.__class__()
        for key, held in value.items():
            known[key if key.__class__ in _SAME else _copy(key, memo)] = _copy(held, memo)
    return known


def _tuple(value: Any, memo: Memo) -> Any:
    for one in value:
        if one.__class__ not in _SAME:
            return tuple([_copy(one, memo) for one in value])
    return value


def _partial(value: Any, memo: Memo) -> Any:
    arguments = [_copy(one, memo) for one in value.args]
    return partial(_copy(value.func, memo), *arguments, **_dict(value.keywords, memo))


def _method(value: Any, memo: Memo) -> Any:
    return types.MethodType(value.__func__, _copy(value.__self__, memo))


def _function(value: Any, memo: Memo) -> Any:
    if value.__closure__ is None:
        return value
    known = memo.get(id(value))
    if known is None:
        cells = tuple(types.CellType() for _ in value.__closure__)
        known = types.FunctionType(value.__code__, value.__globals__, value.__name__, value.__defaults__, cells)
        known.__kwdefaults__, known.__qualname__ = value.__kwdefaults__, value.__qualname__
        memo[id(value)] = known
        for cell, original in zip(cells, value.__closure__, strict=True):
            cell.cell_contents = _cell(original, memo).cell_contents
    return known


def _cell(value: Any, memo: Memo) -> Any:
    return types.CellType(_copy(value.cell_contents, memo))


_COPIERS: dict[type, Copier] = {
    list: _list, set: _set, dict: _dict, OrderedDict: _dict, tuple: _tuple, deque: _deque, partial: _partial,
    Future: _object,
    types.MethodType: _method, types.FunctionType: _function, types.MappingProxyType: _same, types.CellType: _cell,
    **dict.fromkeys(ATOMS, _same),
}  # fmt: skip
_SAME: set[type] = {*ATOMS}


def _learn(kind: type) -> Copier:
    _COPIERS[kind] = copier = _copier_of(kind)
    if copier is _same:
        _SAME.add(kind)
    return copier


def _copier_of(kind: type) -> Copier:
    parameters = getattr(kind, "__dataclass_params__", None)
    frozen = parameters is not None and parameters.frozen
    if frozen and kind.__module__.startswith(MUTABLE):
        return _frozen(tuple(kind.__dataclass_fields__))  # type: ignore[attr-defined]  # what dataclasses leave there
    if frozen or issubclass(kind, BaseException | type) or hasattr(kind, "__members__"):
        return _same
    if kind.__module__.startswith(MUTABLE) and not kind.__module__.startswith("tests.explore.stage"):
        if issubclass(kind, list):
            return _list
        slots = kind.__dict__.get("__slots__")
        return _slotted(tuple(slots)) if slots is not None else _object
    if kind.__module__.startswith(SHARED) or kind.__module__ == "builtins":
        return _same
    raise TypeError(f"may it be shared? {kind.__module__}.{kind.__qualname__}")
