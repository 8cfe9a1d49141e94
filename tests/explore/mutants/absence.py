"""Ways to break what is done to a PPA that is somebody's, was gone, or was made by people meanwhile.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from ..mutant import Edit, Mutant
from ..scene import Scene
from .bounds import QUICK, only

MUTANTS = (
    Mutant(
        "taken in although it is not empty",
        "a PPA without our record is never changed unless wholly empty",
        "docs/explanation/protocol.md#i5",
        (
            Edit(
                "automaton/provision.py",
                "        case Content(empty=True):\n            return rollback",
                "        case Content():\n            return rollback",
            ),
        ),
        Scene("a stranger's PPA", daemons=1, attempts=0, strays=1, start="bare", only=only("stray")),
        "I5",
    ),
    Mutant(
        "the deleted ones are not compared",
        "before anything is written back the deleted PPAs of the name are read",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/rollback.py",
                "return highest is not None and any(_is_it(record, highest, later=True) for record in",
                "return highest is None and any(_is_it(record, highest, later=True) for record in",
            ),
        ),
        Scene("made anew by people", daemons=1, attempts=1, remakes=1, options=QUICK, only=only("remake")),
        "I5",
    ),
    Mutant(
        "a command is carried out on what was not compared",
        "before anything is written back the deleted PPAs of the name are read, whoever asks for it",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/dispatch.py",
                "return hidden or (known.suspect > 0 and not isinstance(command, Taking))",
                "return hidden",
            ),
        ),
        Scene(
            "released while the deleted ones cannot be read",
            daemons=1,
            attempts=1,
            remakes=1,
            faults=1,
            again=1,
            options=QUICK,
            ttl=10_000.0,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("remake", 0), ("time",)),
            only=only("void", "release again"),
        ),
        "I5",
    ),
    Mutant(
        "written back into what was gone",
        "one definite gone since the last good read is enough never to write back",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/rollback.py",
                "return on_recreated(known, entry, asof, now) if known.vanished else _on_rolled_back(",
                "return _on_rolled_back(",
            ),
        ),
        Scene(
            "made anew by people, and the old one tells nothing",
            daemons=1,
            attempts=1,
            remakes=1,
            veils=1,
            wiped=True,
            options=QUICK,
            ttl=10_000.0,
            first=(
                ("ask", 0, 0),
                ("go", 0, 0),
                ("go", 0, 0),
                ("time",),
                ("veil", 0, "gone"),
                ("look", 0),
                ("go", 0, 0),
                ("remake", 0),
                ("unveil", 0),
            ),
            only=only(),
        ),
        "I5",
    ),
    Mutant(
        "missing counts as looked at",
        "a PPA that cannot be read counts as looked at when all reads of a minute said so",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/reachability.py",
                '    return f"{last.reason}: whether that lasts is known in a minute" if last is not None else None\n',
                "    return None\n",
            ),
        ),
        Scene(
            "asks elsewhere while its PPA is hidden",
            ppas=2,
            attempts=2,
            unheard=1,
            veils=1,
            ttl=10_000.0,
            options=QUICK,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("unheard", 0)),
            only=frozenset({"ask", "go", "look", "hear", "veil"}),
        ),
        "I3",
    ),
)
