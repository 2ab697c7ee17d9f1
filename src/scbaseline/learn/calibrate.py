"""Calibration: validation logits and labels in; one temperature out."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_COLDEST, _HOTTEST = 0.05, 20.0


def fit_temperature(logits_nk: NDArray[np.floating], codes_n: NDArray[np.int64]) -> float:
    """Find the temperature under which the validation cells' labels are likeliest.

    The logits are divided by it before the softmax; no predicted label changes.

    Parameters
    ----------
    logits_nk
        The network's logits of the validation cells, cells × labels.
    codes_n
        Their label codes.

    Returns
    -------
    float
        Between 0.05 and 20: validation cells that are all right, and separable, would ask
        for 0, which would call every later cell certain.

    References
    ----------
    Guo et al., On Calibration of Modern Neural Networks, ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> too_sure_nk = np.array([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
    >>> sb.fit_temperature(too_sure_nk, np.array([0, 0, 1, 1])) > 1
    True
    """
    logits = np.asarray(logits_nk, dtype=np.float64)
    cells = np.arange(len(codes_n))

    def loss(log_temperature: float) -> float:
        log_p_nk = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-log_p_nk[cells, codes_n].mean())

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))
