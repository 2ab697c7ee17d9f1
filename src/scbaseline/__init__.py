"""From raw single-cell RNA-seq counts to trained, honestly judged, portable PyTorch classifiers.

Everything public is named in ``__all__`` and loaded when it is first used, so that
importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from scbaseline.cells.explore import explore_cells
    from scbaseline.cells.qc import filter_cells
    from scbaseline.cells.space import fit_feature_space
    from scbaseline.cells.thinning import structureless_counts, thin_counts
    from scbaseline.config import RunConfig
    from scbaseline.data.check import check_counts
    from scbaseline.data.read import read_counts
    from scbaseline.errors import ScbaselineError, ScbaselineWarning
    from scbaseline.judge.scores import evaluate_predictions
    from scbaseline.learn.baselines import predict_baseline
    from scbaseline.learn.calibrate import fit_temperature
    from scbaseline.learn.loop import fit_network
    from scbaseline.model.card import ModelCard
    from scbaseline.model.classifier import Classifier
    from scbaseline.study.audit import audit_classifiers
    from scbaseline.study.fit import run_protocol
    from scbaseline.study.labels import labels_from_clusters, labels_from_column
    from scbaseline.study.results import Run
    from scbaseline.study.run import run
    from scbaseline.study.split import split_cells
    from scbaseline.study.train import train_classifier
    from scbaseline.study.verdicts import Audit

_HOME = {
    "Audit": "study.verdicts",
    "Classifier": "model.classifier",
    "ModelCard": "model.card",
    "Run": "study.results",
    "RunConfig": "config",
    "ScbaselineError": "errors",
    "ScbaselineWarning": "errors",
    "audit_classifiers": "study.audit",
    "check_counts": "data.check",
    "evaluate_predictions": "judge.scores",
    "explore_cells": "cells.explore",
    "filter_cells": "cells.qc",
    "fit_feature_space": "cells.space",
    "fit_network": "learn.loop",
    "fit_temperature": "learn.calibrate",
    "labels_from_clusters": "study.labels",
    "labels_from_column": "study.labels",
    "predict_baseline": "learn.baselines",
    "read_counts": "data.read",
    "run": "study.run",
    "run_protocol": "study.fit",
    "split_cells": "study.split",
    "structureless_counts": "cells.thinning",
    "thin_counts": "cells.thinning",
    "train_classifier": "study.train",
}

__all__ = [
    "Audit",
    "Classifier",
    "ModelCard",
    "Run",
    "RunConfig",
    "ScbaselineError",
    "ScbaselineWarning",
    "audit_classifiers",
    "check_counts",
    "evaluate_predictions",
    "explore_cells",
    "filter_cells",
    "fit_feature_space",
    "fit_network",
    "fit_temperature",
    "labels_from_clusters",
    "labels_from_column",
    "predict_baseline",
    "read_counts",
    "run",
    "run_protocol",
    "split_cells",
    "structureless_counts",
    "thin_counts",
    "train_classifier",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
