"""Adam: a loss in, the parameters changed by one step."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # as Kingma & Ba, and torch.optim.Adam


class Adam:
    """What ``torch.optim.Adam`` does, through torch's own function.

    The class would import torch's compiler, which takes longer than training on PBMC3k.

    Parameters
    ----------
    parameters
        What is changed.
    learning_rate
        The size of a step.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, learning_rate: float) -> None:
        self._parameters = list(parameters)
        self._learning_rate = learning_rate
        self._means = [torch.zeros_like(p) for p in self._parameters]
        self._squares = [torch.zeros_like(p) for p in self._parameters]
        self._steps = [torch.zeros((), device=p.device) for p in self._parameters]

    def step(self, loss: Tensor) -> None:
        """Change the parameters by one step against the gradient of a loss."""
        gradients = torch.autograd.grad(loss, self._parameters)
        with torch.no_grad():
            adam(
                self._parameters,  # type: ignore[arg-type]  # a list of parameters
                list(gradients),
                self._means,
                self._squares,
                [],
                self._steps,
                fused=True,
                amsgrad=False,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                lr=self._learning_rate,
                weight_decay=0.0,
                eps=_EPSILON,
                maximize=False,
            )
