"""The one exception that means "the user can mend this"."""

from __future__ import annotations


class InputError(Exception):
    """One or more mistakes in what the user gave.

    Each problem is one line: what is wrong, where (file, row, column) and how to mend it.
    Executables print them, a line each, and end with exit code 1 and no traceback.
    """

    def __init__(self, *problems: str):
        super().__init__("\n".join(problems))
        self.problems = [" ".join(problem.split()) for problem in problems]
