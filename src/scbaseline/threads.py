"""One thread setting for every library that computes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def limit_threads(threads: int | None) -> Iterator[int]:
    """Let BLAS, OpenMP and torch use ``threads`` threads inside the block, and restore after.

    Parameters
    ----------
    threads
        The number of threads; ``None``: as many as there are usable processors.
    """
    count = threads or usable_processors()
    torch = sys.modules.get("torch")  # who has not loaded it has no pool of it to bound
    before = torch.get_num_threads() if torch else None
    if torch:
        torch.set_num_threads(count)
    if "numba" in sys.modules:  # its pool outgrows the limit below at the first parallel kernel
        import numba

        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        with threadpool_limits(count):
            yield count
    finally:
        if torch:
            torch.set_num_threads(before)


def usable_processors() -> int:
    """Return how many processors this process may use: by affinity, and by a container's quota."""
    from joblib import cpu_count

    return int(cpu_count())
