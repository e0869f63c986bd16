"""Random damage to text files, for property-based tests."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = [
    "",
    "NA",
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "x",
    "é",
    '"',
    "'",
    "\t",
    " ",
    ",",
    "\n",
    "\r",
    "#",
    "rs1",
    "GENE1",
    "\x00",
]


@st.composite
def damage(draw, lines: list[str], separator: str | None = None) -> str:
    """``lines`` with a few fields (between tabs, blanks or ``separator``) replaced, lines repeated, dropped or cut."""
    lines = list(lines)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["field", "character", "repeat", "drop", "cut", "swap"]))
        if kind == "field":
            between = separator or ("\t" if "\t" in lines[at] else " ")
            fields = lines[at].split(between)
            fields[draw(st.integers(0, len(fields) - 1))] = draw(st.sampled_from(PIECES))
            lines[at] = (separator or "\t").join(fields)
        elif kind == "character":
            place = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:place] + draw(st.sampled_from(PIECES)) + lines[at][place + 1 :]
        elif kind == "repeat":
            lines.insert(at, lines[at])
        elif kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines) + "\n"
