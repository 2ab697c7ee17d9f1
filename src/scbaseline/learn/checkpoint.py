"""A training that is under way in; a file that it can go on from, if it is killed, out.

One file a fit, safetensors with a JSON header as the models are: no pickle. Rank 0 writes it
after each epoch, whole or not at all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from scbaseline.errors import ConfigError
from scbaseline.files import write_atomically


@dataclass(frozen=True)
class State:
    """Where a training stands.

    Attributes
    ----------
    tensors
        Name → weights, moments of the optimiser, random states.
    facts
        All else, as JSON holds it.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """The file of one fit.

    Attributes
    ----------
    path
        The file.
    what
        What is trained on which cells, as JSON holds it: a training goes on only from a
        file that says the same.
    """

    path: Path
    what: Mapping[str, Any]

    def load(self) -> State | None:
        """Return where the training stood; ``None`` where there is no file.

        Raises
        ------
        ConfigError
            The file is of another training, or no checkpoint.
        """
        from safetensors import SafetensorError, safe_open

        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            what, facts = (json.loads(header[name]) for name in ("what", "facts"))
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"--checkpoint {self.path}: is no checkpoint ({error}); name another folder"
            ) from error
        wanted = json.loads(json.dumps(self.what))
        if differ := [name for name in wanted if what.get(name) != wanted[name]]:
            raise ConfigError(
                f"--checkpoint {self.path}: is of another training ({_said(differ, what, wanted)});"
                " name another folder, or remove the file to train anew"
            )
        return State(tensors, facts)

    def save(self, state: State) -> None:
        """Write where the training stands, in place of where it stood."""
        from safetensors.torch import save_file

        tensors = {name: t.detach().cpu().contiguous() for name, t in state.tensors.items()}
        header = {"what": json.dumps(self.what), "facts": json.dumps(state.facts)}
        write_atomically(
            self.path,
            lambda path: save_file(tensors, path, metadata=header),
            option="--checkpoint folder",
        )


def _said(differ: list[str], seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    name = differ[0]
    if isinstance(wanted[name], dict) and isinstance(seen.get(name), dict):
        inner = [key for key in wanted[name] if wanted[name][key] != seen[name].get(key)]
        if inner:
            return f"{inner[0]} was {seen[name].get(inner[0])}, and is {wanted[name][inner[0]]}"
    return f"{name} was {seen.get(name)}, and is {wanted[name]}"


def tensors_of(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors under names with a prefix."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def tensors_under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what :func:`tensors_of` was given."""
    return {
        name.removeprefix(f"{prefix}/"): tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{prefix}/")
    }
