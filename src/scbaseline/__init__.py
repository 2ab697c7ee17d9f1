"""From raw single-cell RNA-seq counts to trained, honestly judged, portable PyTorch classifiers.

Everything public is named in ``__all__`` and loaded when it is first used, so that
importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from scbaseline.cells.explore import explore_cells
    from scbaseline.cells.qc import filter_cells
    from scbaseline.cells.space import fit_feature_space
    from scbaseline.cells.thinning import structureless_counts, thin_counts
    from scbaseline.config import RunConfig
    from scbaseline.counts import Counts
    from scbaseline.data.check import check_counts
    from scbaseline.data.read import read_counts
    from scbaseline.errors import ScbaselineError, ScbaselineWarning
    from scbaseline.learn.calibrate import fit_temperature
    from scbaseline.model.card import ModelCard
    from scbaseline.model.classifier import Classifier
    from scbaseline.study.audit import audit
    from scbaseline.study.evaluate import Evaluation, evaluate
    from scbaseline.study.labels import Labels, labels_from_clusters, labels_from_column
    from scbaseline.study.results import Audit, Run, Training
    from scbaseline.study.run import run
    from scbaseline.study.split import Split, split_cells
    from scbaseline.study.train import train

_HOME = {
    "Audit": "study.results",
    "Classifier": "model.classifier",
    "Counts": "counts",
    "Evaluation": "study.evaluate",
    "Labels": "study.labels",
    "ModelCard": "model.card",
    "Run": "study.results",
    "RunConfig": "config",
    "ScbaselineError": "errors",
    "ScbaselineWarning": "errors",
    "Split": "study.split",
    "Training": "study.results",
    "audit": "study.audit",
    "check_counts": "data.check",
    "evaluate": "study.evaluate",
    "explore_cells": "cells.explore",
    "filter_cells": "cells.qc",
    "fit_feature_space": "cells.space",
    "fit_temperature": "learn.calibrate",
    "labels_from_clusters": "study.labels",
    "labels_from_column": "study.labels",
    "read_counts": "data.read",
    "run": "study.run",
    "split_cells": "study.split",
    "structureless_counts": "cells.thinning",
    "thin_counts": "cells.thinning",
    "train": "study.train",
}

__all__ = [
    "Audit",
    "Classifier",
    "Counts",
    "Evaluation",
    "Labels",
    "ModelCard",
    "Run",
    "RunConfig",
    "ScbaselineError",
    "ScbaselineWarning",
    "Split",
    "Training",
    "audit",
    "check_counts",
    "evaluate",
    "explore_cells",
    "filter_cells",
    "fit_feature_space",
    "fit_temperature",
    "labels_from_clusters",
    "labels_from_column",
    "read_counts",
    "run",
    "split_cells",
    "structureless_counts",
    "thin_counts",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
