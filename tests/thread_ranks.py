"""Ranks that are threads of one process, for tests of what ranks share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from scbaseline.ranks import Ranks


class Threads:
    """Ranks that are threads of one process."""

    def __init__(self, rank: int, shared: list[Any], barrier: threading.Barrier) -> None:
        self.rank, self.size = rank, len(shared)
        self._shared, self._barrier = shared, barrier

    def _all(self, values: np.ndarray) -> list[np.ndarray]:
        self._shared[self.rank] = values
        self._barrier.wait(30)
        given = list(self._shared)
        self._barrier.wait(30)
        return given

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of what each rank gives."""
        return np.sum(self._all(values), axis=0)

    def gather(self, values: np.ndarray) -> np.ndarray:
        """Return what the ranks give, one after the other."""
        return np.concatenate(self._all(values))


def on_ranks(work: Callable[[Ranks], Any], n_ranks: int = 3) -> list[Any]:
    """Return what each rank makes of some work."""
    shared, barrier = [None] * n_ranks, threading.Barrier(n_ranks)
    with ThreadPoolExecutor(n_ranks) as pool:
        return list(pool.map(lambda rank: work(Threads(rank, shared, barrier)), range(n_ranks)))
