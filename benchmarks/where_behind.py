"""A table of scores in; each direction in which ``robust`` is clearly behind another model out.

``python benchmarks/where_behind.py docs/accuracy.md`` reads the two tables of that page.
``benchmarks/cross_study.py`` prints the same of a run. One rule for all: with robust more than
.01 behind the best other model in accuracy or in macro-F1, a direction is listed.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

OURS = "robust"
MOST = 0.01
Marks = Mapping[str, Mapping[str, tuple[float, float]]]
"""Model → direction → accuracy and macro-F1."""

_MARKS = re.compile(r"(\d\.\d+) / (\d\.\d+)")
_TABLES = {"all genes": "all genes", "panels of 1,500 genes": "panels"}


def where_behind(title: str, marks: Marks) -> list[str]:
    """Return a line for each direction in which robust is behind the best other model.

    Scores are compared as they are printed, with three digits.
    """
    lines = []
    for direction, own in marks[OURS].items():
        said = []
        for k, metric in enumerate(("accuracy", "macro-F1")):
            others = {name: of_model[direction][k] for name, of_model in marks.items()}
            del others[OURS]
            best = max(others, key=lambda name, others=others: others[name])
            gap = round(round(others[best], 3) - round(own[k], 3), 3)
            if gap > MOST:
                said.append(
                    f"{metric} {own[k]:.3f}, {gap:.3f} behind {best.rstrip(' *')} "
                    f"({others[best]:.3f})"
                )
        if said:
            lines.append(f"- {direction}, {title}: {'; '.join(said)}")
    return lines


def tables_of(page: str) -> dict[str, Marks]:
    """Return the two tables of the page on accuracy; their means are left out."""
    tables: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
    title, columns = "", [""]
    for line in page.splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if first in _TABLES:
            title, columns = _TABLES[first], cells
            tables[title] = {}
        elif not line.startswith("|"):
            title = ""
        elif title and "---" not in first:
            found = zip(columns, map(_MARKS.fullmatch, cells), strict=True)
            tables[title][first] = {
                name: (float(m[1]), float(m[2])) for name, m in found if m and name != "mean"
            }
    return tables


if __name__ == "__main__":
    for title, marks in tables_of(Path(sys.argv[1]).read_text()).items():
        print("\n".join(where_behind(title, marks)))
