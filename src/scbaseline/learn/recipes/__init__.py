"""The recipes: one table of all classifiers, networks and simple ones alike.

A new recipe is one file in this folder and one line in :data:`RECIPES`. The file has two
functions: ``fit`` learns a torch module from training cells, ``build`` makes an empty one of
the same shape, which a saved model fills. The keyword arguments of both are the recipe's
settings. Files are imported when a recipe is fitted or built, so that the table can be read
without torch.
"""

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from scbaseline.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from scbaseline.config import RunConfig
    from scbaseline.learn.augment import Augmentation
    from scbaseline.learn.examples import Examples, Learnt, TrainingCells


@dataclass(frozen=True)
class Recipe:
    """One way to make a classifier, and when it is used.

    Attributes
    ----------
    name
        What a user types.
    title
        What it is, in words.
    input
        ``"pca"``: the cell's principal components; ``"hvg"``: its scaled highly variable genes;
        ``"counts"``: its raw counts. On counts the module is a
        :class:`~scbaseline.learn.profile.CountsNetwork`, which scales them itself.
    module
        The file of this folder that fits and builds it.
    settings
        Keyword arguments for that file's functions.
    genes
        Which genes it sees: ``"hvg"``, the highly variable ones; ``"label"``, those that tell
        the training cells' labels apart, for recipes on counts alone.
    augmentation
        How training cells' counts are moved, as another laboratory might have measured them:
        settings of :class:`~scbaseline.learn.augment.Augmentation`, for recipes on counts
        alone; empty: not at all.
    used
        ``"by default"``: in a run and an audit that name no recipes; ``"beside"``: next to all
        others, always; ``"by name"``: only where it is asked for.
    for_use
        Whether ``train`` takes it unless another one is named.
    reference
        Whether the others are compared with it and verdicts rest on it. It is fixed in
        advance: the best recipe on these cells would be best by chance, too.
    rival
        Whether ``train`` compares the model that it saves with it.
    floor
        Whether it ignores the cells' counts, so that others should be above it.
    figure
        The name of its confusion matrix's file, without ending.
    """

    name: str
    title: str
    input: Literal["pca", "hvg", "counts"]
    module: str
    settings: dict[str, Any] = field(default_factory=dict)
    genes: Literal["hvg", "label"] = "hvg"
    augmentation: dict[str, float] = field(default_factory=dict)
    used: Literal["by default", "beside", "by name"] = "by name"
    for_use: bool = False
    reference: bool = False
    rival: bool = False
    floor: bool = False
    figure: str = ""

    @property
    def figure_name(self) -> str:
        """The name of its confusion matrix's file, without ending."""
        return self.figure or f"confusion_matrix_{self.name.replace('-', '_')}"

    @property
    def has_epochs(self) -> bool:
        """Whether its training goes in epochs, so that it can be kept from one to the next."""
        return not {"epochs", "max_epochs"}.isdisjoint(self.settings)

    def fit(
        self,
        training: "TrainingCells",
        held_out: "Examples",
        *,
        n_labels: int,
        config: "RunConfig",
        seed: int,
    ) -> "Learnt":
        """Learn from training cells; held-out cells may stop the training, nothing else.

        Parameters
        ----------
        training, held_out
            Cells to learn from, and cells to watch.
        n_labels
            The number of labels, k.
        config
            The settings.
        seed
            Of every random step.

        Raises
        ------
        InputError
            The cells cannot be learnt from; it names the recipe.
        """
        settings = self.settings
        if (augmentation := self.augmented()) is not None:
            settings = {**settings, "augmentation": augmentation}
        try:
            learnt: Learnt = self._file().fit(
                training, held_out, n_labels=n_labels, config=config, seed=seed, **settings
            )
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from error
        return learnt

    def build(self, *, n_inputs: int, n_labels: int) -> "nn.Module":
        """Build an empty module of the shape that ``fit`` learns."""
        import torch

        with torch.random.fork_rng(devices=[]):  # its first weights are drawn, and replaced
            module: nn.Module = self._file().build(n_inputs, n_labels, **self.settings)
        return module

    def augmented(self) -> "Augmentation | None":
        """Return how training cells' counts are moved; ``None``: not at all."""
        if not self.augmentation:
            return None
        from scbaseline.learn.augment import Augmentation

        return Augmentation(**self.augmentation)  # type: ignore[arg-type]  # from JSON, too

    def _file(self) -> Any:
        return import_module(f"{__name__}.{self.module}")


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "pca", "network on principal components", "pca", "mlp",
            {"hidden": (64,), "dropout": 0.0, "max_epochs": 5},
            used="by default", figure="confusion_matrix",  # as the tutorials call the file
        ),
        Recipe(
            "hvg", "network on highly variable genes", "hvg", "mlp",
            {"hidden": (256, 64), "dropout": 0.3, "max_epochs": 5},
            used="by default",
        ),
        Recipe(
            "hvg-earlystop", "network on highly variable genes, stopped early", "hvg", "mlp",
            {"hidden": (256, 64), "dropout": 0.3, "max_epochs": 50, "patience": 5},
            used="by default",
        ),
        Recipe(
            "robust", "ensemble for cells of other studies",
            "counts", "robust",
            {
                "hidden": (128, 64), "members": 3, "dropout": 0.5, "label_smoothing": 0.05,
                "weight_power": 0.5, "rate_factor": 2.0, "weight_decay": 1e-4,
                "epochs": 12, "min_steps": 400, "warm_up": 0.1,
            },
            genes="label",
            augmentation={
                "groups": 4, "min_rate": 0.2, "max_gain": 0.5, "panel_share": 0.5,
                "min_panel": 300,
            },
            for_use=True,
        ),
        Recipe(
            "majority", "always the largest label", "pca", "majority", used="beside", floor=True,
        ),
        Recipe("nearest-centroid", "nearest centroid", "pca", "nearest_centroid", used="beside"),
        Recipe(
            "logistic", "logistic regression", "pca", "logistic", {"penalty": 1.0},
            used="beside", reference=True, rival=True,
        ),
        Recipe(
            "linear-svm", "linear support vector machine", "pca", "linear_svm",
            used="beside", rival=True,
        ),
        # With more genes than cells a penalty makes the optimum one that the solver reaches: at
        # 1 it stops far from it, and each stop predicts other labels.
        Recipe(
            "logistic-hvg", "logistic regression on genes", "hvg", "logistic", {"penalty": 100.0},
        ),
    )
}  # fmt: skip

FIT_MODULES = ("scbaseline.learn.loop", "sklearn.linear_model")
"""What a background process that fits recipes imports first: torch, loaded in a later call, made
joblib start another process, which cost a default run of PBMC3k three seconds."""

REFERENCE = next(recipe.name for recipe in RECIPES.values() if recipe.reference)
"""The recipe that the others are compared with."""

FLOOR = next(recipe.name for recipe in RECIPES.values() if recipe.floor)
"""The recipe that ignores the counts."""


def chosen_recipes(named: tuple[str, ...] | None) -> tuple[Recipe, ...]:
    """Return the recipes that are asked for, or those used by default, in the table's order."""
    if named is None:
        return tuple(recipe for recipe in RECIPES.values() if recipe.used == "by default")
    return tuple(recipe for recipe in RECIPES.values() if recipe.name in named)


def recipes_beside(chosen: tuple[Recipe, ...]) -> tuple[Recipe, ...]:
    """Return the recipes that are judged next to the chosen ones."""
    return tuple(r for r in RECIPES.values() if r.used == "beside" and r not in chosen)
