"""From raw single-cell RNA-seq counts to trained, honestly judged, portable PyTorch classifiers.

Everything public is named in ``__all__`` and loaded when it is first used, so that
importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from scbaseline.audit import audit_classifiers
    from scbaseline.baselines import predict_baseline
    from scbaseline.calibrate import fit_temperature
    from scbaseline.card import ModelCard
    from scbaseline.classifier import Classifier
    from scbaseline.config import RunConfig
    from scbaseline.data.check import check_counts
    from scbaseline.data.read import read_counts
    from scbaseline.errors import ScbaselineError, ScbaselineWarning
    from scbaseline.evaluate import evaluate_predictions
    from scbaseline.explore import explore_cells
    from scbaseline.features import fit_feature_space
    from scbaseline.fitting import run_protocol
    from scbaseline.labels import labels_from_clusters, labels_from_column
    from scbaseline.pipeline import run
    from scbaseline.qc import filter_cells
    from scbaseline.results import Run
    from scbaseline.split import split_cells
    from scbaseline.thinning import structureless_counts, thin_counts
    from scbaseline.train import fit_network
    from scbaseline.training import train_classifier
    from scbaseline.verdicts import Audit

_HOME = {
    "Audit": "verdicts",
    "Classifier": "classifier",
    "ModelCard": "card",
    "Run": "results",
    "RunConfig": "config",
    "ScbaselineError": "errors",
    "ScbaselineWarning": "errors",
    "audit_classifiers": "audit",
    "check_counts": "data.check",
    "evaluate_predictions": "evaluate",
    "explore_cells": "explore",
    "filter_cells": "qc",
    "fit_feature_space": "features",
    "fit_network": "train",
    "fit_temperature": "calibrate",
    "labels_from_clusters": "labels",
    "labels_from_column": "labels",
    "predict_baseline": "baselines",
    "read_counts": "data.read",
    "run": "pipeline",
    "run_protocol": "fitting",
    "split_cells": "split",
    "structureless_counts": "thinning",
    "thin_counts": "thinning",
    "train_classifier": "training",
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
