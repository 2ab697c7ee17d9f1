"""Claims about stages: how many threads they use, what they report, and what they took."""

import os
import subprocess
import sys
import time

import pytest
import torch
from threadpoolctl import threadpool_info

from scbaseline.stages import Stages, StageTime, limit_threads


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_bound_to_one_processor_uses_one() -> None:
    """What the machine has is not what the process may use."""
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from scbaseline.stages import usable_processors; print(usable_processors())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "1"


def test_a_limit_ends_with_its_block() -> None:
    """Every pool has the limit inside, and torch's is as before outside."""
    before = torch.get_num_threads()
    with limit_threads(1) as count:
        assert count == torch.get_num_threads() == 1
        assert all(pool["num_threads"] == 1 for pool in threadpool_info())
    assert torch.get_num_threads() == before


def test_numbas_limit_ends_with_its_block() -> None:
    """Its kernels have the limit inside, and as many threads as before outside."""
    numba = pytest.importorskip("numba")
    before = numba.get_num_threads()
    with limit_threads(1):
        assert numba.get_num_threads() == 1
    assert numba.get_num_threads() == before


def test_stages_are_reported_as_they_begin() -> None:
    """The names come in order, each before its work."""
    seen: list[str] = []
    stages = Stages(seen.append, threads=1)
    with stages("genes"):
        assert seen == ["genes"]
    with stages("clusters"):
        pass
    assert seen == ["genes", "clusters"]


def test_a_stage_that_is_entered_twice_is_one_entry() -> None:
    """Its seconds are added up."""
    stages = Stages(threads=1)
    for _ in range(2):
        with stages("fit"):
            time.sleep(0.02)
    (entry,) = stages.times
    assert (entry.stage, entry.process) == ("fit", "main")
    assert 0.04 <= entry.seconds <= stages.wall_seconds


def test_a_stage_inside_another_is_counted_once() -> None:
    """The outer one has only its own time, so that all stages together fit into the wall time."""
    stages = Stages(threads=1)
    with stages("outer"):
        for _ in range(2):
            with stages("inner"), stages("innermost"):
                time.sleep(0.05)
        time.sleep(0.01)
    seconds = {entry.stage: entry.seconds for entry in stages.times}
    assert seconds["innermost"] >= 0.1
    assert 0.01 <= seconds["outer"] < 0.1
    assert sum(seconds.values()) <= stages.wall_seconds


def test_a_stage_that_fails_is_timed_too() -> None:
    """Who catches the error finds the times in order."""
    stages = Stages(threads=1)

    def fail() -> None:
        with stages("inner"):
            time.sleep(0.05)
            raise ZeroDivisionError

    with stages("outer"), pytest.raises(ZeroDivisionError):
        fail()
    seconds = {entry.stage: entry.seconds for entry in stages.times}
    assert seconds["inner"] >= 0.05 > seconds["outer"]


def test_other_processes_times_stand_beside() -> None:
    """They are told apart by the process, and added up over its stages."""
    stages = Stages(threads=1)
    beside = StageTime("fit", "background", 2.0)
    with stages("fit"):
        pass
    stages.include((beside, beside))
    times = {(entry.stage, entry.process): entry.seconds for entry in stages.times}
    assert times["fit", "background"] == 4.0
    assert times["fit", "main"] < 1.0
