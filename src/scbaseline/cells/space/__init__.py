"""The feature space: raw counts in; genes, scale and principal components out.

Every statistic is a sum over cells, taken over blocks of rows in two passes: the first
chooses the genes and their mean and standard deviation, the second takes the scaled values,
from which the principal components follow. Counts stay sparse: after clipped scaling a zero
count is the same constant for every cell, so a scaled matrix is one constant row plus a
sparse difference (:class:`ScaledCounts`), exactly. Blocks come from memory or from disk
(:class:`CountBlocks`); the sums are the same to the last bit.
"""

from scbaseline.cells.space.fit import fit_feature_space, fit_feature_space_from
from scbaseline.cells.space.scaled import FeatureSpace, ScaledCounts, log_normalise
from scbaseline.cells.space.source import CountBlocks, CountsInMemory, RowsOf

__all__ = [
    "CountBlocks",
    "CountsInMemory",
    "FeatureSpace",
    "RowsOf",
    "ScaledCounts",
    "fit_feature_space",
    "fit_feature_space_from",
    "log_normalise",
]
