"""Named stages of the work: each is reported when it begins, bounded in threads, and timed."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from scbaseline.threads import limit_threads

Stage = Callable[[str], AbstractContextManager[None]]
"""Opens a named stage."""


def timed_stages(
    timings: dict[str, float], progress: Callable[[str], None] | None, threads: int | None
) -> Stage:
    """Return what opens a stage: says that it began, bounds its threads, keeps its seconds.

    Parameters
    ----------
    timings
        Stage → seconds, written as stages end.
    progress
        Called with each stage's name when it begins.
    threads
        As in the settings.
    """

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if progress is not None:
            progress(name)
        start = time.perf_counter()
        # Set anew for each stage: a library that a stage loads brings a pool of its own.
        with limit_threads(threads):
            yield
        timings[name] = timings.get(name, 0.0) + time.perf_counter() - start

    return stage
