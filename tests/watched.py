"""Watches the operations of torch: on which device tensors lie, and how many bytes they take."""

from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_MOVES = ("aten._to_copy", "aten.copy_")


class OneDevice(TorchDispatchMode):
    """A context in which no operation may mix tensors of a device and of the CPU.

    Used with torch's ``meta`` device, which computes shapes alone, it shows without a GPU what
    would fail or wait there: an operand on the wrong device, a value that is asked for before
    the end. Single numbers may lie anywhere, as torch allows.

    Parameters
    ----------
    device
        The device.

    Attributes
    ----------
    n_operations
        Operations whose result lies on the device.
    peak_bytes
        The most bytes that results took there at a time.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device, self.n_operations, self.peak_bytes = device, 0, 0
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Look at what goes into an operation and at what comes out."""
        result = operation(*args, **(kwargs or {}))
        given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor) and x.dim()]
        kinds = {x.device.type for x in given}
        if not str(operation).startswith(_MOVES):
            assert len(kinds) < 2, f"{operation} mixes {sorted(kinds)}"
        own = [x for x in tree_leaves(result) if isinstance(x, Tensor) and x.device == self.device]
        self.n_operations += bool(own)
        for storage in (x.untyped_storage() for x in own):
            self._living[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self._living = {k: pair for k, pair in self._living.items() if not pair[0].expired()}
        self.peak_bytes = max(self.peak_bytes, sum(n for _, n in self._living.values()))
        return result
