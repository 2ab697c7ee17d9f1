"""Claims about background processes: equal results, equal errors, and nothing left behind.

Calls are lambdas and local functions: background processes cannot import this file.
"""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from scbaseline.compute import Pool, open_pool
from scbaseline.errors import InputError
from scbaseline.stages import Stages, limit_threads, usable_processors

N_PROCESSES = pytest.mark.parametrize("n_processes", [0, 1])


@pytest.fixture
def stages() -> Stages:
    return Stages(threads=1)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_call_is_made_in_another_process(stages: Stages) -> None:
    """It begins when it is submitted, and its result is there when it is asked for."""
    with open_pool(2) as pool:
        task = pool.submit(lambda _: os.getpid())
        assert task.result(stages) != os.getpid()


def test_without_processes_a_pool_is_plain_code(stages: Stages) -> None:
    """One thread means one process: calls need no pickling, and are made when asked for."""
    made = []
    with open_pool(1) as pool:
        tasks = [pool.submit(lambda _, k=k: made.append(k) or os.getpid()) for k in range(3)]
        assert made == []
        assert [task.result(stages) for task in reversed(tasks)] == [os.getpid()] * 3
    assert made == [2, 1, 0]


def test_a_result_is_the_same_wherever_the_call_is_made(stages: Stages) -> None:
    """Linear algebra on drawn numbers gives equal bytes in both processes."""

    def singular_values(_: Stages) -> np.ndarray:
        x = np.random.default_rng(0).normal(size=(300, 200))
        with limit_threads(1):  # as each job of a pool has it; on two, sums round otherwise
            return np.linalg.svd(x @ x.T, compute_uv=False)

    results = []
    for threads in (1, 2):
        with open_pool(threads) as pool:
            results.append(pool.submit(singular_values).result(stages))
    np.testing.assert_array_equal(*results)


@N_PROCESSES
def test_results_come_in_the_order_of_the_calls(n_processes: int, stages: Stages) -> None:
    """Hundreds of calls that are done at once block nothing, and each is counted as done."""
    n_done: list[int] = []
    pool = Pool(n_processes)
    try:
        calls = [lambda _, k=k: k for k in range(200)]
        assert pool.run_all(calls, stages, done=n_done.append) == list(range(200))
    finally:
        pool.close()
    assert n_done == list(range(1, 201))


def test_the_main_process_takes_part(stages: Stages) -> None:
    """Of calls that take time, some are made here and some beside."""

    def slow(_: Stages) -> int:
        time.sleep(0.1)
        return os.getpid()

    with open_pool(2) as pool:
        pids = pool.run_all([slow] * 12, stages)
    assert pids[-1] == os.getpid()  # it begins from the end
    assert len(set(pids)) == 2


@N_PROCESSES
@pytest.mark.parametrize("kind", [InputError, RuntimeError, KeyError], ids=lambda k: k.__name__)
def test_what_fails_fails_where_the_result_is_asked_for(
    kind: type[Exception], n_processes: int, stages: Stages
) -> None:
    """The error has its type, its words and its notes."""

    def fail(_: Stages) -> None:
        error = kind("too few cells")
        error.add_note("while fitting")
        raise error

    pool = Pool(n_processes)
    try:
        task = pool.submit(fail)
        with pytest.raises(kind, match="too few cells") as raised:
            task.result(stages)
    finally:
        pool.close()
    assert type(raised.value) is kind
    assert raised.value.__notes__ == ["while fitting"]


def test_a_killed_process_is_an_error_with_words(stages: Stages) -> None:
    """What the system kills, mostly for its memory, is said; calls that wait are made here."""
    with open_pool(2) as pool:
        killed = pool.submit(lambda _: os.kill(os.getpid(), signal.SIGKILL))
        waiting = [pool.submit(lambda _: os.getpid()) for _ in range(5)]
        with pytest.raises(MemoryError, match="was killed"):
            killed.result(stages)
        assert waiting[-1].result(stages) == os.getpid()
        assert pool.submit(lambda _: os.getpid()).result(stages) == os.getpid()


@pytest.mark.parametrize("fails", [False, True])
def test_processes_end_with_the_block(fails: bool, stages: Stages) -> None:
    """Nobody waits for work that is not wanted any more, also after an error."""
    began = time.monotonic()
    pids: list[int] = []

    def leave_work() -> None:
        with open_pool(3) as pool:
            # The first two calls begin in one process each.
            tasks = [pool.submit(lambda _: time.sleep(0.2) or os.getpid()) for _ in range(2)]
            for _ in range(5):
                pool.submit(lambda _: time.sleep(600))
            pids.extend(task.result(stages) for task in tasks)
            if fails:
                raise ZeroDivisionError

    if fails:
        with pytest.raises(ZeroDivisionError):
            leave_work()
    else:
        leave_work()
    assert time.monotonic() - began < 30
    assert os.getpid() not in pids
    assert not any(exists(pid) for pid in pids)


def test_a_closed_pool_starts_no_process(stages: Stages) -> None:
    """What is submitted after the block is plain code."""
    with open_pool(2) as pool:
        pass
    assert pool.submit(lambda _: os.getpid()).result(stages) == os.getpid()


def test_two_pools_at_a_time_are_no_error(stages: Stages) -> None:
    """The library below has one set of processes: who closes it leaves the rest to the others."""
    with open_pool(2) as outer:
        task = outer.submit(lambda _: time.sleep(1) or "done")
        with open_pool(2) as inner:
            assert inner.submit(lambda _: 3).result(stages) == 3
        assert task.result(stages) == "done"
        assert outer.run_all([lambda _: 1, lambda _: 2], stages) == [1, 2]


def test_large_arrays_are_mapped_and_written_once(stages: Stages) -> None:
    """Three calls on one matrix of 8 MB read one file; small arrays are sent as they are."""
    large, small = np.arange(1e6), np.arange(5.0)

    def look(_: Stages) -> tuple[str, str, float]:
        return type(large).__name__, type(small).__name__, float(large.sum() + small.sum())

    def file(_: Stages) -> str:
        return str(large.filename)

    with open_pool(2) as pool:
        seen = pool.submit(look).result(stages)
        files = {pool.submit(file).result(stages) for _ in range(3)}
    assert seen == ("memmap", "ndarray", large.sum() + small.sum())
    assert len(files) == 1
    assert not os.path.exists(files.pop())  # noqa: PTH110 (the file is no longer there)


def test_what_is_imported_first_is_there(stages: Stages) -> None:
    """Modules that calls need are loaded while the main process still prepares them."""
    with open_pool(2, modules=["wave"]) as pool:  # which nothing else needs
        assert pool.submit(lambda _: "wave" in sys.modules).result(stages)


@pytest.mark.parametrize(
    ("threads", "most", "n_processes"), [(1, None, 0), (5, None, 4), (5, 2, 2), (2, 9, 1)]
)
def test_a_pool_has_one_process_less_than_threads(
    threads: int, most: int | None, n_processes: int
) -> None:
    """The main process is one of them; no more are opened than the work can use."""
    with open_pool(threads, most=most) as pool:
        assert pool.n_processes == n_processes
    with open_pool(None) as pool:
        assert pool.n_processes == usable_processors() - 1


def test_background_work_is_on_one_thread_and_timed(stages: Stages) -> None:
    """Its stages are listed beside those of the main process, which fit into the wall time."""

    def work(opened: Stages) -> set[int]:
        with opened("work"):
            time.sleep(0.1)
            return {library["num_threads"] for library in threadpool_info()}

    with open_pool(2) as pool:
        threads = pool.run_all([work] * 6, stages)
    assert set().union(*threads) == {1}
    seconds = {(entry.stage, entry.process): entry.seconds for entry in stages.times}
    assert set(seconds) == {("work", "main"), ("work", "background")}
    assert sum(seconds.values()) >= 0.6
    assert seconds["work", "main"] <= stages.wall_seconds


SCRIPT = """
import os, sys, time
from scbaseline.compute import open_pool
from scbaseline.stages import Stages
try:
    with open_pool(2) as pool:
        started = pool.submit(lambda _: None)
        task = pool.submit(lambda _: time.sleep(600))
        if "wait" in sys.argv:
            started.result(Stages())
        print("ready", flush=True)
        task.result(Stages())
except KeyboardInterrupt:
    sys.exit(130)
"""


def start_script(*arguments: str) -> subprocess.Popen[str]:
    """Start a main process whose background process works; both hold its outputs open."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_killed_main_process_leaves_none() -> None:
    """What the system kills without a word leaves no process: none holds the pipe any more."""
    with start_script("wait") as process:
        process.kill()
        process.communicate(timeout=15)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", ["wait", "at once"])
def test_ctrl_c_ends_all_without_a_word(when: str) -> None:
    """The terminal interrupts all processes, also one that is just starting: no traceback."""
    with start_script(when) as process:
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        _, words = process.communicate(timeout=15)
    assert words == ""
    assert process.returncode == 130
