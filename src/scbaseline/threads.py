"""One thread setting for every library that computes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def limit_threads(threads: int | None) -> Iterator[int]:
    """Let BLAS, OpenMP and torch use ``threads`` threads inside the block, and restore after.

    Parameters
    ----------
    threads
        The number of threads; ``None``: the processors that this process may run on.
    """
    count = threads or usable_processors()
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    if "numba" in sys.modules:  # its pool outgrows the limit below at the first parallel kernel
        import numba

        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        with threadpool_limits(count):
            yield count
    finally:
        torch.set_num_threads(before)


def usable_processors() -> int:
    """Return the number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
