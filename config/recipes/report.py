#!/usr/bin/env python3
"""Who has which PPA, since when, and when that ends; and what a person should look at.  For cron, which mails it:

    0 7 * * 1-5  ppa-assigner status --json | /usr/local/share/ppa-assigner/report.py

Nothing is printed, and so nothing is mailed, when no PPA is used and nothing is wrong.
"""

# ruff: noqa: T201 - it is there to print

import json
import sys
from collections import Counter

FINE = ("ok", None)


def main() -> int:
    """Read the answer of `ppa-assigner status --json`; 1 when it is none."""
    try:
        ppas = json.load(sys.stdin)["items"]
    except (ValueError, KeyError, TypeError):
        print("the PPA assigner gave no answer: is it running?")
        return 1
    used = [ppa for ppa in ppas if ppa["state"] == "used"]
    wrong = [ppa for ppa in ppas if ppa["condition"] not in FINE or ppa["tries"]]
    if used or wrong:
        print(counted(ppas))
    told("In use:", used, lambda ppa: f"{ppa['owner']}, since {ppa['since']}, {end(ppa)}{note(ppa)}")
    told("To be looked at:", wrong, trouble)
    return 0


def counted(ppas):
    """How many are in which state."""
    states = Counter(ppa["state"] or ppa["condition"] for ppa in ppas)
    return f"{len(ppas)} PPAs: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def told(head, ppas, tell):
    """A paragraph with a line for each, if there are any."""
    if ppas:
        print(f"\n{head}")
        for ppa in sorted(ppas, key=lambda ppa: ppa["since"] or ""):
            print(f"  {ppa['ppa']}: {tell(ppa)}")


def end(ppa):
    """When its lease ends, and what could put that off."""
    return f"ends {ppa['ends']}" + (" unless touched" if ppa["ends_by"] == "idle" else "")


def note(ppa):
    """What its owner wrote of it."""
    return f" ({ppa['note']})" if ppa["note"] else ""


def trouble(ppa):
    """What is wrong with it."""
    tries = f"{ppa['tries']} cleans failed" if ppa["tries"] else None
    return ", ".join(str(part) for part in (ppa["condition"], ppa["quarantined"], tries, ppa["fault"]) if part)


if __name__ == "__main__":
    sys.exit(main())
