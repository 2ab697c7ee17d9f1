"""Timings in; what took how long, out."""

from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.study.results import Timings


def time_finding(timings: Timings) -> Finding:
    """Return the wall time, and the time of each stage in each process."""
    rows = [
        (Cell(f"{entry.seconds:.2f} s"), Cell(entry.stage), Cell(entry.process, faint=True))
        for entry in timings.stages
    ]
    return Finding(
        "Time",
        (f"{timings.wall_seconds:.1f} s in all. Processes work at the same time.",),
        Table(("time", "stage", "process"), tuple(rows), numbers=(0,)),
        detail=True,
    )
