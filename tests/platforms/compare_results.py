#!/usr/bin/env python3
"""Two results folders of one study, file by file, by SHA-256."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))

from traitmap.files import sha256
from traitmap.manifest import result_files

# They tell where and how the run took place (command line, containers, versions), so they may differ.
TELLS_OF_THE_RUN = ("report.html",)


def main() -> int:
    """Exit code 1 if a file is in one folder only, or any differs (but those that tell of the run, without --all)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--all", action="store_true", help="the report too: one command on one machine")
    given = parser.parse_args()
    may_differ = set() if given.all else set(TELLS_OF_THE_RUN)
    first, second = dict(result_files(given.first)), dict(result_files(given.second))
    only = sorted(first.keys() ^ second.keys())
    both = sorted(first.keys() & second.keys())
    differ = [name for name in both if sha256(first[name]) != sha256(second[name])]
    for name in only:
        print(f"in one only: {name}")
    for name in differ:
        expected = " (it tells of the run itself)" if name in may_differ else ""
        print(f"differs: {name}{expected}")
    print(f"{len(both) - len(differ)} of {len(both)} files have the same SHA-256 in {given.first} and {given.second}")
    return int(bool(only or not both or set(differ) - may_differ))


if __name__ == "__main__":
    sys.exit(main())
