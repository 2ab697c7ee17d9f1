"""A second process of this Python, for what is made beside the work that others wait for."""

import gc
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import Any, Generic, TypeVar

from scbaseline.threads import usable_processors

T = TypeVar("T")


class Here(Executor):
    """Does at once, in this process, what another would do beside it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Call the function; the future that is returned is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- whoever asks for the result gets it
            future.set_exception(error)
        return future


class Begun(Generic[T]):
    """A call that was begun somewhere; asked for the result before it runs, it runs here."""

    def __init__(self, place: Executor, call: Callable[[], T]) -> None:
        self._call = call
        self._future = place.submit(call)

    def result(self) -> T:
        """Return what the call returns, or raise what it raises."""
        if self._future.cancel():  # it still waits there for its turn
            return self._call()
        return self._future.result()


def results_of(begun: Sequence[Begun[T]]) -> list[T]:
    """Return all results, in order; this process takes part, from the end, until all is begun."""
    return [one.result() for one in reversed(begun)][::-1]


@contextmanager
def second_process(threads: int | None, *, modules: Sequence[str] = ()) -> Iterator[Executor]:
    """Open a process to begin work in; it ends with the block, whatever it has not done.

    Threads would not do: drawing and much of the rest hold Python's lock. Where one thread or
    processor is all there is, or no process can be had, the work is done in this one.

    Parameters
    ----------
    threads
        As in the settings.
    modules
        What the process loads before there is any work.

    The caller's script is imported anew in it, so that its own work must be under
    ``if __name__ == "__main__"``.

    Raises
    ------
    MemoryError
        The process was killed while it worked, which is mostly for want of memory.
    """
    if (threads or usable_processors()) == 1:
        yield Here()
        return
    try:
        pool, pid = _started(modules)
    except (OSError, NotImplementedError):  # the system has no room for it, or no semaphores
        yield Here()
        return
    try:
        yield pool
    except BrokenExecutor as error:
        raise MemoryError("the process that works beside this one was killed") from error
    finally:
        # Killed, as it may be at work that nobody waits for; before 3.14, there is no other way.
        with suppress(BrokenExecutor, OSError):
            os.kill(pid.result(), signal.SIGTERM)
        pool.shutdown()


def _started(modules: Sequence[str]) -> "tuple[Executor, Future[int]]":
    """Start the process; its first work is to say which it is."""
    # A new Python, not a copy of this one: a copy does not survive the threads of BLAS.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        max_workers=1, mp_context=context, initializer=_begin, initargs=(tuple(modules),)
    )
    return pool, pool.submit(os.getpid)


def _begin(modules: Sequence[str]) -> None:
    Thread(target=_end_with_the_first, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the first process, and that this one
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    gc.set_threshold(100_000, 10, 10)
    warnings.simplefilter("ignore")  # those of libraries, which nobody sees here either
    for module in modules:
        import_module(module)


def _end_with_the_first() -> None:
    """End when the first process is gone without a word: it was killed, and nobody is left."""
    if (first := multiprocessing.parent_process()) is not None:
        first.join()
        os._exit(1)
