"""Turns calls into results, in this process and in background processes beside it.

This is the only file that starts a process. A :class:`Pool` begins calls in background
processes and takes part in the work itself: whoever asks for a result that no process has
begun computes it on the spot, so that a pool without processes is plain code.
"""

import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Generic, TypeVar

from scbaseline.stages import Stages, StageTime, usable_processors

T = TypeVar("T")


Call = Callable[[Stages], T]
"""Work that opens its stages with what it is given; it and its result can be pickled."""


class Task(Generic[T]):
    """A call that a pool was given; ``result()`` returns what it returns, or raises."""

    def __init__(self, pool: "Pool", call: Call[T]) -> None:
        self.call = call
        self._pool = pool
        self._future: Future[tuple[T, tuple[StageTime, ...]]] | None = None

    def begin(self, submit: Callable[..., "Future[Any]"]) -> "Future[Any]":
        """Hand the call to a background process."""
        self._future = submit(_call_in_background, self.call)
        return self._future

    def result(self, stages: Stages) -> T:
        """Return the result: computed here, unless a background process has begun it."""
        if self._pool.take_back(self):
            return self.call(stages)
        if self._future is None:
            raise AssertionError("a task is waiting or was begun")
        from joblib.externals.loky.process_executor import ShutdownExecutorError

        try:
            value, times = self._future.result()
        except ShutdownExecutorError:  # joblib has one executor: another user of it ended ours
            return self.call(stages)
        except BrokenProcessPool as error:
            raise MemoryError("a background process was killed") from error
        stages.include(times)
        return value


class Pool:
    """Background processes, opened once and given work at several points of a study.

    Processes start with the first call. One more call than there are processes is handed
    over at a time; the others wait here, where the main process can still take them.

    Parameters
    ----------
    n_processes
        Background processes beside the main one; with 0, all work is done in the main one.
    modules
        What each process imports first. Where psutil is installed, joblib's executor ends a
        process that has grown by 300 MB since its first call, as one that leaks; so whatever
        takes that much (torch) belongs here, not into a call.
    """

    def __init__(self, n_processes: int, *, modules: Sequence[str] = ()) -> None:
        self.n_processes, self._modules = n_processes, tuple(modules)
        self._executor: Any = None
        self._waiting: deque[Task[Any]] = deque()
        self._n_begun = 0
        self._lock = threading.RLock()  # a call that is done at once calls back at once

    def submit(self, call: Call[T], *, begin: bool = True) -> Task[T]:
        """Let a background process begin a call as soon as one is free.

        Parameters
        ----------
        begin
            Whether processes may start on it now; else at the next call that may begin.
        """
        task = Task(self, call)
        self._waiting.append(task)
        if begin:
            self._begin_waiting()
        return task

    def start(self) -> None:
        """Let the processes start and import their modules while the main one does other work."""
        for _ in range(self.n_processes):
            self.submit(_nothing)

    def take_back(self, task: Task[Any]) -> bool:
        """Remove a task that no process has begun; return whether it was still waiting."""
        with self._lock:
            if task in self._waiting:
                self._waiting.remove(task)
                return True
        return False

    def run_all(
        self,
        calls: Sequence[Call[T]],
        stages: Stages,
        *,
        done: Callable[[int], None] = lambda _: None,
    ) -> list[T]:
        """Return the results of all calls, in order; the main process works from the end.

        Parameters
        ----------
        done
            Called with the number of calls that are done, after each.
        """
        tasks = [self.submit(call, begin=False) for call in calls]
        self._begin_waiting()
        results: list[T] = []
        for n_done, task in enumerate(reversed(tasks), start=1):
            results.append(task.result(stages))
            done(n_done)
        return results[::-1]

    def close(self) -> None:
        """End the processes, whatever they have not done; later calls are made in this one."""
        with self._lock:
            self._waiting.clear()
            self.n_processes = 0
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.terminate(kill_workers=True)

    def _begin_waiting(self, _: object = None) -> None:
        with self._lock:
            while self.n_processes and self._waiting and self._n_begun <= self.n_processes:
                task = self._waiting.popleft()
                try:
                    executor = self._started()
                    with _interrupts_blocked():
                        future = task.begin(executor.submit)
                except RuntimeError:  # a process was killed: what still waits is done here
                    self._waiting.appendleft(task)
                    self.n_processes = 0
                    return
                self._n_begun += 1
                future.add_done_callback(self._end_of_one)

    def _end_of_one(self, _: "Future[Any]") -> None:
        with self._lock:
            self._n_begun -= 1
        self._begin_waiting()

    def _started(self) -> Any:
        if self._executor is None:
            # joblib's executor passes large arrays through files that all processes map, and
            # does not import the caller's script anew, as the standard library's would.
            from multiprocessing import resource_tracker

            from joblib.executor import get_memmapping_executor

            # The first process starts this one, which in Python 3.11 lets interrupts through.
            resource_tracker.ensure_running()
            self._executor = get_memmapping_executor(
                self.n_processes,
                timeout=60,
                initializer=_prepare_background,
                initargs=(os.getpid(), self._modules),
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self._executor


@contextmanager
def open_pool(
    threads: int | None, *, most: int | None = None, modules: Sequence[str] = ()
) -> Iterator[Pool]:
    """Open a pool that uses the processors there are; its processes end with the block.

    Parameters
    ----------
    threads
        As in the settings: the number of processes in all, the main one included.
    most
        The most background processes that the work can use.
    modules
        What each background process imports first.
    """
    count = (threads or usable_processors()) - 1
    pool = Pool(count if most is None else min(count, most), modules=modules)
    try:
        yield pool
    finally:
        pool.close()


def _nothing(_: Stages) -> None:
    """Do nothing: a process that is given this starts, and imports its modules."""


def _call_in_background(call: Call[T]) -> tuple[T, tuple[StageTime, ...]]:
    """Make a call on one thread, and return also what its stages took.

    Warnings of libraries are not shown: each process would show them anew.
    """
    stages = Stages(threads=1, process="background")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(stages), stages.times


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: it ends the main process, which ends them.

    A process inherits this from its first moment; one that set it by itself would show an
    error where Ctrl-C comes while it is starting.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_background(parent: int, modules: Sequence[str]) -> None:
    threading.Thread(target=partial(_end_with, parent), daemon=True).start()
    for module in modules:
        import_module(module)


def _end_with(parent: int) -> None:
    """End this process when the main one is gone without having ended it."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
