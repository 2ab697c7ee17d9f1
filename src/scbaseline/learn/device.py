"""The name of a device in; the device, what moves a tensor to it, and its precision, out."""

from contextlib import AbstractContextManager
from typing import get_args

import torch
from torch import Tensor

from scbaseline.config import Device
from scbaseline.errors import ConfigError, InputError, require_choice

_SHARE = 0.5  # of a GPU's free memory that may be taken; the network's steps need the rest


def choose_device(name: Device) -> torch.device:
    """Return the device that ``auto``, ``cpu`` or ``cuda`` stands for on this machine.

    Raises
    ------
    ConfigError
        ``cuda`` was asked for, and torch finds no GPU; or the name is another one.
    """
    require_choice("device", name, get_args(Device))
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError(
            f"device: cuda was given, but torch {torch.__version__} finds no GPU; "
            "use --device cpu or auto"
        )
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a batch on a device, without waiting for a GPU to receive it.

    A GPU copies by itself from memory that the system may not move ("pinned"), so that the CPU
    prepares the next batch meanwhile. Torch keeps such memory: send batches and blocks only.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def require_room(
    n_bytes: int,
    device: torch.device,
    *,
    what: str = "the training cells",
    remedy: str = "--from-disk, or --device cpu",
) -> None:
    """Refuse what a GPU has no memory for.

    Parameters
    ----------
    n_bytes, device
        What would be taken, and where.
    what, remedy
        What it is, and what to use instead, for the message.

    Raises
    ------
    InputError
        It would take more than half of the free memory.
    """
    if device.type != "cuda":
        return
    free = int(_SHARE * torch.cuda.mem_get_info(device)[0])
    if n_bytes > free:
        raise InputError(
            f"device: {what} take {n_bytes / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB of the "
            f"GPU's memory may hold them; use {remedy}"
        )


def training_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which a GPU multiplies in bfloat16; a CPU keeps float32.

    Weights, losses and gradients stay float32. ``python benchmarks/gpu.py --precision`` measures
    what it does to the accuracy. Predictions are always made in float32.
    """
    is_fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=is_fast)
