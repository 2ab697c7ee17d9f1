"""Models that come with the package: a name in, the path of its file out."""

from dataclasses import dataclass
from pathlib import Path

from scbaseline.errors import DataNotFoundError, did_you_mean


@dataclass(frozen=True)
class ShippedModel:
    """A model that can be named instead of a file.

    Attributes
    ----------
    name
        What a user types.
    summary
        Which cells it is for.
    """

    name: str
    summary: str

    @property
    def path(self) -> Path:
        """Where its file is installed."""
        return Path(__file__).parent / f"{self.name}.safetensors"


SHIPPED = {
    model.name: model
    for model in (
        ShippedModel("pbmc", "human blood: B, CD4 T, CD8 T, NK, CD14 and FCGR3A Mono, DC, Mk"),
    )
}
"""Name → model. Another one is a line here and a file beside this one."""


def model_path(model: str | Path) -> Path:
    """Return the file of a model that is named, or is a file already.

    Parameters
    ----------
    model
        A name of :data:`SHIPPED`, or a path. ``./pbmc`` is a path.

    Raises
    ------
    DataNotFoundError
        It is neither, and looks like a name.

    Examples
    --------
    >>> model_path("pbmc").name
    'pbmc.safetensors'
    """
    if str(model) in SHIPPED:
        return SHIPPED[str(model)].path
    path = Path(model)
    if len(path.parts) == 1 and not path.suffix and not path.exists() and not path.is_symlink():
        raise DataNotFoundError(
            f"{model}: no such model. {did_you_mean(str(model), SHIPPED)} Or name a model file"
        )
    return path
