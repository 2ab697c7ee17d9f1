"""Processes that ``torchrun`` started in; ranks that add up their sums and their gradients, out.

Gradients are added by one sum over one buffer per step. ``DistributedDataParallel`` would do
the same, but it expects every rank to have equally many batches, and loads torch's compiler.
"""

import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from scbaseline.files import remove_temporary
from scbaseline.ranks import Ranks, ranks_here

_WAIT = timedelta(hours=12)
"""How long a rank waits for one that still lives: rank 0 alone may read the whole file."""

_LINGER = 10.0
"""Seconds in which the launcher ends a rank that has lost another, before it ends by itself."""

_DYING = 2.0
"""Seconds between a connection's end and that of its process, at most."""


class RankLostError(BaseException):
    """Another rank has ended, so that this one cannot go on.

    It is no ``Exception``: whoever reads a file would take it for damage of that file.
    """


class TorchRanks:
    """The ranks of a torch process group; see :func:`open_ranks`.

    Parameters
    ----------
    rank, size
        The own number, and how many ranks there are.
    store
        The launcher's store of keys, which outlives a rank.
    """

    def __init__(self, rank: int, size: int, store: Store) -> None:
        self.rank, self.size, self._store = rank, size, store
        store.set(f"scbaseline/{rank}", f"{socket.gethostname()} {os.getpid()}")

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of what each rank gives, on all ranks."""
        total = torch.from_numpy(np.array(values, order="C"))
        with _said_as_lost():
            dist.all_reduce(total)
        result: NDArray[Any] = total.numpy()
        return result

    def gather(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what the ranks give, one after the other along the first axis, on all ranks."""
        # gloo moves no truth values
        sent = values.view(np.uint8) if values.dtype == bool else values
        own = torch.from_numpy(np.array(sent, order="C"))
        lengths, types = self.sum(
            np.eye(self.size, dtype=np.int64)[[self.rank]] * [[len(own)], [sent.dtype.num]]
        )
        if types.min() != types.max():  # gloo would take one for the other
            raise AssertionError(f"ranks give several types of values: {types}")
        parts = [own.new_empty((n, *own.shape[1:])) for n in lengths.tolist()]
        parts[self.rank].copy_(own)
        for rank, part in enumerate(parts):
            if part.numel():
                with _said_as_lost():
                    dist.broadcast(part, src=rank)
        result: NDArray[Any] = torch.cat(parts).numpy().view(values.dtype)
        return result

    def absent(self) -> list[int]:
        """Return the ranks that have not joined yet."""
        with suppress(RuntimeError):  # the launcher has ended
            every = range(self.size)
            return [rank for rank in every if not self._store.check([f"scbaseline/{rank}"])]
        return []

    def never_joined(self) -> list[int]:
        """Return the ranks of this machine that have ended before they joined."""
        if not (absent := self.absent()):
            return []
        first = self.rank - int(os.environ.get("LOCAL_RANK", "0"))
        beside = range(first, first + ranks_here())
        alive = _started_beside()
        return [rank for rank in absent if rank in beside and alive and rank not in alive]

    def first_to_say(self) -> bool:
        """Return whether no rank has reported an error yet; from now on, one has."""
        try:
            return int(self._store.add("scbaseline/said", 1)) == 1
        except RuntimeError:  # the launcher has ended
            return False

    def leave(self) -> None:
        """Note that this rank ends because it was asked to, or says itself why."""
        with suppress(RuntimeError):
            self._store.set(f"scbaseline/left/{self.rank}", "")

    def lost(self) -> dict[int, int]:
        """Return the ranks of this machine that have ended without a word → their processes."""
        ended: dict[int, int] = {}
        with suppress(RuntimeError):  # the launcher has ended
            for rank in range(self.size):
                if not self._store.check([f"scbaseline/{rank}"]):
                    continue
                host, pid = self._store.get(f"scbaseline/{rank}").decode().split()
                is_here = host == socket.gethostname()
                left = self._store.check([f"scbaseline/left/{rank}"])
                if is_here and not left and not _lives(int(pid)):
                    ended[rank] = int(pid)
        return ended


def average_gradients(parameters: Iterable[nn.Parameter], n_cells: int, ranks: Ranks) -> bool:
    """Replace each gradient by its mean over the cells of all ranks' batches.

    A rank whose cells are used up takes part with 0 cells until all are.

    Parameters
    ----------
    parameters
        With the gradients of the own batch's mean loss.
    n_cells
        The number of cells in the own batch.

    Returns
    -------
    bool
        Whether any rank had a cell.
    """
    if ranks.size == 1:
        return n_cells > 0
    held = list(parameters)
    device = held[0].device
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in held]
    weight = torch.full((1,), float(n_cells), device=device)
    buffer = torch.cat([*(g.flatten() * n_cells for g in gradients), weight])
    with _said_as_lost():
        dist.all_reduce(buffer)
    n_all = buffer[-1].item()
    if not n_all:
        return False
    parts = torch.split(buffer[:-1] / n_all, [p.numel() for p in held])
    for parameter, part in zip(held, parts, strict=True):
        parameter.grad = part.view_as(parameter)
    return True


def sum_over(values: Tensor, ranks: Ranks) -> Tensor:
    """Return the sum of a tensor over the ranks."""
    if ranks.size > 1:
        with _said_as_lost():
            dist.all_reduce(values)
    return values


@contextmanager
def open_ranks(
    work: str = "training", *, remedy: str = "", folders: Sequence[Path] = ()
) -> Iterator[TorchRanks]:
    """Join the ranks that ``torchrun`` started, until the context ends.

    The launcher ends all ranks once one has ended with an error. Which one that was, the
    first of the others says in one line.

    Parameters
    ----------
    work, remedy
        What ends when a rank does, and what to do then, beside starting again.
    folders
        Where files are written. What a rank that was killed has begun there, and in the
        system's folder for temporary files, is removed.
    """
    store, rank, size = next(rendezvous("env://", timeout=timedelta(minutes=5)))
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    ranks = TorchRanks(rank, size, PrefixStore("ranks", store))
    try:
        while ranks.absent():  # torch would wait where no signal is answered
            time.sleep(0.05)
        with _said_as_lost():
            dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_WAIT)
        yield ranks
        with _said_as_lost():
            dist.barrier()
    except RankLostError as error:
        with _not_interrupted():
            _say_who_is_lost(ranks, work, remedy, folders, reason=str(error))
        time.sleep(_LINGER)  # so that the launcher sees which rank ended first
        raise SystemExit(1) from None
    except SystemExit:  # the launcher ends this rank: it was asked to, or has lost another
        ranks.leave()
        if ranks.lost() or ranks.never_joined():
            with _not_interrupted():
                _say_who_is_lost(ranks, work, remedy, folders)
        raise
    except BaseException as error:
        ranks.leave()
        if not ranks.first_to_say():  # all ranks refuse the same input: one says it
            time.sleep(_LINGER)
            raise SystemExit(getattr(error, "exit_status", 1)) from error
        raise
    dist.destroy_process_group()


def _say_who_is_lost(
    ranks: TorchRanks, work: str, remedy: str, folders: Sequence[Path], *, reason: str = ""
) -> None:
    """Name the ranks that have ended, unless another has; clear up. ``reason`` is torch's."""
    end = time.monotonic() + _DYING
    while not (lost := ranks.lost()) and not ranks.never_joined() and time.monotonic() < end:
        time.sleep(0.05)
    for folder in (*folders, Path(tempfile.gettempdir())):
        for process in lost.values():
            remove_temporary(folder, process)
    if ranks.first_to_say():
        names = [f"rank {rank} (process {process})" for rank, process in lost.items()]
        names += [f"rank {rank}, which had not joined yet," for rank in ranks.never_joined()]
        who = " and ".join(names) or "a rank on another machine, or the connection to it,"
        why = f" ({reason})" if reason and not names else ""
        sys.stderr.write(
            f"scbaseline: error: {who} has ended{why}, and with it the {work}; no file is left "
            f"half-written. Start again{remedy and f'; {remedy}'}\n"
        )
        sys.stderr.flush()


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """Let the launcher's signal to end wait until a line is written.

    To block it would hold back this thread's signals alone, and torch has others, in which
    Python takes note of it as well.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
    if came:
        signal.raise_signal(signal.SIGTERM)


@contextmanager
def _said_as_lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # what gloo and nccl raise where a connection has closed
        raise RankLostError(str(error).splitlines()[0]) from error


def _started_beside() -> set[int]:
    """Return the ranks whose processes the same launcher runs; none, if the system hides them."""
    launcher, ranks = os.getppid(), set()
    with suppress(OSError):
        children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
        for pid in children:
            with suppress(OSError):
                words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                ranks |= {int(word[5:]) for word in words if word.startswith(b"RANK=")}
    return ranks


def _lives(pid: int) -> bool:
    """Return whether a process of this machine runs; one that waits to be buried does not."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return not Path("/proc").is_dir()
