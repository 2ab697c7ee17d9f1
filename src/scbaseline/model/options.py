"""What a user may ask of a prediction: how far labels are declined, what is added, and where."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from scbaseline.config import Device, RunConfig
from scbaseline.errors import ConfigError, require_choice

REJECT_KNOWN = 0.05
"""The share of known cells that may be called unknown."""

SET_LEVEL = 0.9
"""The share of cells whose set is to hold their true label."""


@dataclass(frozen=True)
class PredictOptions:
    """How far labels are declined, what is said beside them, and where they are computed.

    Raises
    ------
    ConfigError
        A share is not between 0 and 1, or there is no such device.
    """

    reject_known: float = REJECT_KNOWN
    """Share of cells of known types that may be called unknown."""

    set_level: float = SET_LEVEL
    """Share of cells whose prediction_set is to hold their true label."""

    label_tree: Path | None = None
    """TOML file whose [parents] say which label is a kind of which; adds broad_label."""

    smooth: bool = False
    """Add smoothed_label: where a cell is unsure, similar cells count. Reads the query again."""

    device: Device = RunConfig.device
    """Where cells are predicted; auto takes a GPU where torch finds one."""

    def __post_init__(self) -> None:
        require_choice("device", self.device, get_args(Device))
        for name in ("reject_known", "set_level"):
            given = getattr(self, name)
            if not isinstance(given, int | float) or not 0 < given < 1:
                flag, usual = name.replace("_", "-"), getattr(type(self), name)
                raise ConfigError(
                    f"{name}: {given!r} is not between 0 and 1; type --{flag} {usual}"
                )
