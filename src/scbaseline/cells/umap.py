"""Turns a neighbour graph into coordinates in the plane, with UMAP, in a process of its own."""

import os
import subprocess
import sys
import tempfile
import warnings
import weakref
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.neighbours import NeighbourGraph, connectivities_of
from scbaseline.cells.platform import has_scranpy
from scbaseline.config import RunConfig

# The curve that umap-learn fits to spread 1 and scanpy's min_dist .5.
_A, _B = 0.5830300203414425, 1.3341669924314914
_CHILD = "from scbaseline.cells.umap import _child; _child()"


def umap_layout(
    graph: NeighbourGraph, pcs_nc: NDArray[np.float32], config: RunConfig
) -> NDArray[np.float32]:
    """Lay the neighbour graph out in the plane, with the settings of ``scanpy.tl.umap``.

    It starts from the first two principal components, not from the graph's eigenvectors as
    umap-learn does: the layout keeps neighbours as well, also where the graph falls into
    pieces, and the search for eigenvectors took, at 50,000 cells, from no time to as long as
    all the rest.

    Parameters
    ----------
    graph
        The neighbour graph.
    pcs_nc
        The principal components that it was built on, cells × components.
    config
        ``seed``.

    Returns
    -------
    Coordinates, cells × 2.

    References
    ----------
    McInnes, Healy & Melville, UMAP, arXiv 1802.03426; Lun, umappp,
    https://github.com/libscran/umappp; Kobak & Linderman, Nature Biotechnology 2021, on why
    the start matters.
    """
    return _lay_out(graph.indices_nk, graph.distances_nk, _start(pcs_nc), config.seed)


class BegunLayout:
    """A layout that another process makes; asked for the result, it waits.

    The process ends with this object, so that a run that fails leaves none behind.
    """

    def __init__(self, inputs: dict[str, Any]) -> None:
        self._inputs = inputs
        self._xy_n2: NDArray[np.float32] | None = None
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by _end
        self._process: subprocess.Popen[bytes] | None = None
        # Files, not pipes: nobody has to stand by to write and read.
        with tempfile.TemporaryFile() as question:
            np.savez(question, **inputs)
            question.seek(0)
            with suppress(OSError):  # an embedded Python has no program to start
                self._process = subprocess.Popen(  # noqa: S603 -- this very Python
                    [sys.executable or "", "-P", "-c", _CHILD],
                    stdin=question,
                    stdout=self._answer,
                    stderr=subprocess.DEVNULL,
                )
        self._finalizer = weakref.finalize(self, _end, self._process, self._answer)

    def result(self) -> NDArray[np.float32]:
        """Wait for the coordinates, cells × 2, and return them."""
        if self._xy_n2 is None:
            if self._process is not None and self._process.wait() == 0:
                self._answer.seek(0)
                self._xy_n2 = np.load(self._answer)
            else:  # no process could be had, or it failed: do it here, or say why not
                self._xy_n2 = _lay_out(**self._inputs)
        return self._xy_n2


def begin_layout(
    graph: NeighbourGraph, pcs_nc: NDArray[np.float32], config: RunConfig
) -> BegunLayout:
    """Begin :func:`umap_layout` in another process, and return at once.

    A thread would not do: the library holds Python's lock for as long as it computes.
    """
    return BegunLayout(
        {
            "indices_nk": graph.indices_nk,
            "distances_nk": graph.distances_nk,
            "start_n2": _start(pcs_nc),
            "seed": config.seed,
        }
    )


def umap_uns() -> dict[str, Any]:
    """Return what scanpy notes of a layout in ``uns["umap"]``."""
    return {"params": {"a": _A, "b": _B}}


def _end(process: subprocess.Popen[bytes] | None, answer: IO[bytes]) -> None:
    if process is not None:
        process.kill()  # nothing happens where it has ended
        process.wait()
    answer.close()


def _child() -> None:
    """Read what to lay out from standard input, and write the layout to standard output."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library's prints go elsewhere
    with np.load(sys.stdin.buffer) as inputs, answer:
        np.save(
            answer,
            _lay_out(
                inputs["indices_nk"],
                inputs["distances_nk"],
                inputs["start_n2"],
                int(inputs["seed"]),
            ),
        )


def _start(pcs_nc: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two components, in the range in which umap-learn begins."""
    start_n2 = np.zeros((len(pcs_nc), 2))
    start_n2[:, : pcs_nc.shape[1]] = pcs_nc[:, :2]
    largest = np.abs(start_n2).max()
    return start_n2 * (10 / largest) if largest > 0 else start_n2


def _lay_out(
    indices_nk: NDArray[np.int32],
    distances_nk: NDArray[np.float32],
    start_n2: NDArray[np.float64],
    seed: int,
) -> NDArray[np.float32]:
    n_epochs = 500 if len(indices_nk) <= 10_000 else 200  # as umap-learn
    if not has_scranpy():
        return _lay_out_with_umap_learn(indices_nk, distances_nk, n_epochs, seed)
    import knncolle
    import scranpy

    xy_n2 = scranpy.run_umap(
        knncolle.FindKnnResults(indices_nk.astype(np.uint32), distances_nk.astype(np.float64)),
        a=_A,
        b=_B,
        initialize_method="none",
        initial_coordinates=start_n2,
        num_epochs=n_epochs,
        optimize_seed=seed,
    )
    return np.ascontiguousarray(xy_n2, dtype=np.float32)


def _lay_out_with_umap_learn(
    indices_nk: NDArray[np.int32], distances_nk: NDArray[np.float32], n_epochs: int, seed: int
) -> NDArray[np.float32]:
    """Do the same where scranpy has no wheels, after numba's compilation."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tensorflow", category=ImportWarning)
        # With few cells the spectral start falls back to a random one.
        warnings.filterwarnings("ignore", message="Spectral initialisation", category=UserWarning)
        from umap.umap_ import simplicial_set_embedding

        xy_n2, _ = simplicial_set_embedding(
            data=None,
            graph=connectivities_of(indices_nk, distances_nk).tocoo(),
            n_components=2,
            initial_alpha=1.0,
            a=_A,
            b=_B,
            gamma=1.0,
            negative_sample_rate=5,
            n_epochs=n_epochs,
            init="spectral",
            random_state=np.random.RandomState(seed),
            metric="euclidean",
            metric_kwds={},
            densmap=False,
            densmap_kwds={},
            output_dens=False,
        )
    return np.asarray(xy_n2, dtype=np.float32)
