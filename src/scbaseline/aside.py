"""A second process of this Python, for what is made beside the work that others wait for."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from scbaseline.threads import usable_processors


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


@contextmanager
def second_process(threads: int | None, *, modules: Sequence[str] = ()) -> Iterator[Executor]:
    """Open a process to begin work in; at the end it is gone, and what it had not done with it.

    Threads would not do: drawing and much of the rest hold Python's lock. Where one thread or
    processor is all there is, the work is done in this process instead.

    Parameters
    ----------
    threads
        As in the settings.
    modules
        What the process loads before there is any work.
    """
    if (threads or usable_processors()) == 1:
        yield Here()
        return
    # Not the standard library's: that imports the caller's script anew, which may not bear it.
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(max_workers=1, initializer=_load, initargs=(tuple(modules),))
    try:
        pool.submit(_load, ())  # the process starts with the first work
        yield pool
    finally:
        pool.shutdown(kill_workers=True)


def _load(modules: Sequence[str]) -> None:
    for module in modules:
        import_module(module)
