"""The second process: the same results, the same errors, and nothing left behind."""

import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from operator import index

import psutil
import pytest
from conftest import SMALL, simulate

from scbaseline import run
from scbaseline.aside import Here, second_process
from scbaseline.study.protocols import SHORT


def test_works_beside_this_process() -> None:
    """It is another process; what fails there fails where the result is asked for."""
    with second_process(2) as aside:
        assert aside.submit(os.getpid).result() != os.getpid()
        assert aside.submit(math.sqrt, 4.0).result() == 2.0
        with pytest.raises(TypeError, match="integer"):
            aside.submit(index, "word").result()


def test_one_thread_means_one_process() -> None:
    """Who allows one thread gets one, and the same future of a result or an error."""
    with second_process(1) as aside:
        assert isinstance(aside, Here)
        assert aside.submit(os.getpid).result() == os.getpid()
        failed = aside.submit(index, "word")
    with pytest.raises(TypeError, match="integer"):
        failed.result()


def test_ends_with_the_block_whatever_it_does() -> None:
    """Nobody waits for work that is not wanted any more, and no process is left."""
    began = time.monotonic()
    with second_process(2) as aside:
        pid = aside.submit(os.getpid).result()
        for _ in range(5):
            aside.submit(time.sleep, 600)
    assert time.monotonic() - began < 60
    assert not psutil.pid_exists(pid)


def test_a_killed_process_is_an_error_with_words() -> None:
    """What the system kills, mostly for its memory, is said; nobody waits for ever."""
    with pytest.raises(MemoryError, match="was killed"), second_process(2) as aside:
        aside.submit(os._exit, 1).result()


def test_ends_with_a_first_process_that_was_killed() -> None:
    """What the system kills without a word leaves no second process behind."""
    code = (
        "import os, time; from scbaseline.aside import second_process\n"
        "with second_process(2) as aside:\n"
        "    print(aside.submit(os.getpid).result(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        pid = int(first.stdout.readline())
        first.kill()
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the second process is still there after ten seconds")


def test_a_run_is_the_same_with_it() -> None:
    """Thinned halves that are clustered and judged aside give the rows that they give here."""
    config = replace(SMALL, protocol=tuple(SHORT))
    with second_process(2) as aside:
        beside = run(simulate(), config, aside=aside)
    here = run(simulate(), config)
    assert beside.rows == here.rows
    assert beside.timings.keys() == here.timings.keys()
