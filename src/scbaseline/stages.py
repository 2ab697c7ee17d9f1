"""Named stages of the work: reported as they begin, bounded in threads, and timed."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

MAIN = "main"
"""The name of the process that the user started."""


@dataclass(frozen=True)
class StageTime:
    """How long one process spent in one named stage.

    Attributes
    ----------
    stage
        Its name.
    process
        ``"main"`` or ``"background"``.
    seconds
        The sum over all times that the process was in it, without the stages inside it.
    """

    stage: str
    process: str
    seconds: float


class Stages:
    """Named stages of the work: each is reported as it begins, bounded in threads, and timed.

    Parameters
    ----------
    progress
        Called with each stage's name when it begins.
    threads
        As in the settings.
    process
        Whose stages these are.
    """

    def __init__(
        self,
        progress: Callable[[str], None] | None = None,
        *,
        threads: int | None = None,
        process: str = MAIN,
    ) -> None:
        self._progress, self._threads, self._process = progress, threads, process
        self._seconds: dict[tuple[str, str], float] = {}
        self._inside = 0.0  # seconds of the stages inside the one that is open
        self._start = time.perf_counter()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Open a stage."""
        if self._progress is not None:
            self._progress(name)
        start, outer, self._inside = time.perf_counter(), self._inside, 0.0
        try:
            # Set anew for each stage: a library that a stage loads brings a pool of its own.
            with limit_threads(self._threads):
                yield
        finally:
            seconds = time.perf_counter() - start
            self._add(name, self._process, seconds - self._inside)
            self._inside = outer + seconds

    def include(self, times: Sequence[StageTime]) -> None:
        """Add what another process measured."""
        for entry in times:
            self._add(entry.stage, entry.process, entry.seconds)

    @property
    def times(self) -> tuple[StageTime, ...]:
        """All stages of all processes, in the order in which they were first left."""
        return tuple(StageTime(*key, seconds) for key, seconds in self._seconds.items())

    @property
    def wall_seconds(self) -> float:
        """The time since the stages were made, whatever was done in it."""
        return time.perf_counter() - self._start

    def _add(self, stage: str, process: str, seconds: float) -> None:
        self._seconds[stage, process] = self._seconds.get((stage, process), 0.0) + seconds


@contextmanager
def limit_threads(threads: int | None) -> Iterator[int]:
    """Let BLAS, OpenMP and torch use ``threads`` threads inside the block, and restore after.

    Parameters
    ----------
    threads
        The number of threads; ``None``: as many as there are usable processors.
    """
    count = threads or usable_processors()
    # What is not loaded has no pool to bound. Numba's outgrows the limit of threadpoolctl at the
    # first parallel kernel.
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    before = [library.get_num_threads() if library else 0 for library in (torch, numba)]
    if torch:
        torch.set_num_threads(count)
    if numba:
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        with threadpool_limits(count):
            yield count
    finally:
        for library, n_threads in zip((torch, numba), before, strict=True):
            if library:
                library.set_num_threads(n_threads)


def usable_processors() -> int:
    """Return how many processors this process may use: by affinity, and by a container's quota."""
    from joblib import cpu_count

    return int(cpu_count())
