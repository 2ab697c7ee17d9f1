from .cells.explore import explore_cells as explore_cells
from .cells.qc import filter_cells as filter_cells
from .cells.space import fit_feature_space as fit_feature_space
from .cells.thinning import structureless_counts as structureless_counts
from .cells.thinning import thin_counts as thin_counts
from .config import RunConfig as RunConfig
from .counts import Counts as Counts
from .data.check import check_counts as check_counts
from .data.read import read_counts as read_counts
from .errors import ScbaselineError as ScbaselineError
from .errors import ScbaselineWarning as ScbaselineWarning
from .learn.calibrate import fit_temperature as fit_temperature
from .model.card import ModelCard as ModelCard
from .model.classifier import Classifier as Classifier
from .model.export import export_onnx as export_onnx
from .report import pl as pl
from .study.audit import audit as audit
from .study.evaluate import Evaluation as Evaluation
from .study.evaluate import evaluate as evaluate
from .study.labels import Labels as Labels
from .study.labels import labels_from_clusters as labels_from_clusters
from .study.labels import labels_from_column as labels_from_column
from .study.predict import Predictions as Predictions
from .study.predict import annotate as annotate
from .study.predict import predict as predict
from .study.results import Audit as Audit
from .study.results import Run as Run
from .study.results import Training as Training
from .study.run import run as run
from .study.split import Split as Split
from .study.split import split_cells as split_cells
from .study.train import train as train

__version__: str
__all__: list[str]
