"""The file of a model: a card and tensors in, one safetensors file out, and back."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, float16

from scbaseline.errors import DataNotFoundError, ModelFileError, did_you_mean
from scbaseline.files import write_atomically
from scbaseline.model.card import ModelCard

_HEADER = "scbaseline"  # one entry: safetensors writes several in an order that changes by process

_LARGE = 1000  # numbers of a tensor from which on 16 bits pay
_EXACT = ("share_kg", "share_g")  # whose logarithms matter: 16 bits end at 6e-8

Model = TypeVar("Model")


def write_model(
    path: str | Path, card: ModelCard, tensors: dict[str, Tensor], *, half: bool = False
) -> None:
    """Write a card and tensors into one file; equal contents give equal bytes.

    Parameters
    ----------
    half
        Write matrices of the network and of weights of genes with 16 bits a number.

    Raises
    ------
    OutputError
        The file cannot be written; an older one at ``path`` is left as it was.
    """
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    if half:
        tensors = {
            name: tensor.half()
            if tensor.is_floating_point() and _is_large(name, tensor)
            else tensor
            for name, tensor in tensors.items()
        }
    card = replace(card, tensors_sha256=_digest(tensors))
    content = save(tensors, metadata={_HEADER: card.to_json()})
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def read_model(path: str | Path, build: Callable[[ModelCard, dict[str, Tensor]], Model]) -> Model:
    """Read a file of :func:`write_model` and build a model of what it holds.

    Parameters
    ----------
    build
        Makes the model; a ``ValueError``, ``KeyError`` or ``RuntimeError`` of its says that
        card and tensors do not fit each other.

    Raises
    ------
    DataNotFoundError
        There is no such file.
    ModelFileError
        It is not a model file, is damaged, or of a format that this version cannot read.
    """
    path = Path(path)
    if not path.is_file():
        near = [p.name for p in (path if path.is_dir() else path.parent).glob("*.safetensors")]
        what = "is a folder" if path.is_dir() else "no such model file"
        if path.is_symlink():
            what = f"is a link to {path.readlink()}, which is not there"
        raise DataNotFoundError(f"{path}: {what}. {did_you_mean(path.name, near)}")
    try:
        with safe_open(path, framework="pt") as file:
            card = ModelCard.from_json((file.metadata() or {})[_HEADER])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        _require_undamaged(card, tensors)
        return build(card, {name: _full(tensor) for name, tensor in tensors.items()})
    except KeyError as error:
        raise ModelFileError(
            f"{path}: not a model of scbaseline ({error} is missing); "
            "name a file that `scbaseline run` or `train` wrote"
        ) from error
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise ModelFileError(
            f"{path}: cannot be read as a model ({' '.join(str(error).split())[:200]}); "
            "name a file that `scbaseline run` or `train` wrote"
        ) from error


def _is_large(name: str, tensor: Tensor) -> bool:
    return tensor.numel() >= _LARGE and name.rsplit(".", maxsplit=1)[-1] not in _EXACT


def _full(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == float16 else tensor


def _require_undamaged(card: ModelCard, tensors: dict[str, Tensor]) -> None:
    if _digest(tensors) != card.tensors_sha256:
        raise ValueError("its tensors are not those that were saved: it is damaged")


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)}\n".encode())
        digest.update(tensors[name].cpu().numpy().tobytes())
    return digest.hexdigest()
