"""Adam and AdamW: parameters with gradients in, the parameters changed by one step."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.optim.adamw import adamw

_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # as Kingma & Ba, and torch.optim.Adam


class Adam:
    """What ``torch.optim.AdamW`` does, through torch's own function; without decay, ``Adam``.

    The class would import torch's compiler on first use: 1.6 s, longer than training on
    PBMC3k takes (``python benchmarks/training.py --adam`` measures it).

    Parameters
    ----------
    parameters
        What is changed.
    learning_rate
        The size of a step, unless the step names another one.
    weight_decay
        The share of a parameter that a step takes off, in units of the learning rate.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        learning_rate: float,
        weight_decay: float = 0.0,
    ) -> None:
        self._parameters = list(parameters)
        self._learning_rate, self._weight_decay = learning_rate, weight_decay
        self._means = [torch.zeros_like(p) for p in self._parameters]
        self._squares = [torch.zeros_like(p) for p in self._parameters]
        self._steps = [torch.zeros((), device=p.device) for p in self._parameters]

    def state(self) -> dict[str, torch.Tensor]:
        """Return the moments and numbers of steps, to go on from; see :meth:`restore`."""
        parts = {"mean": self._means, "square": self._squares, "steps": self._steps}
        return {f"{name}{k}": part for name, all_ in parts.items() for k, part in enumerate(all_)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from what :meth:`state` returned."""
        for name, part in self.state().items():
            part.copy_(state[name])

    def step(self, *, learning_rate: float | None = None) -> None:
        """Change the parameters by one step against their gradients, and clear these.

        Parameters
        ----------
        learning_rate
            The size of this step; by default that of all steps.
        """
        # A parameter that took no part in the loss has no gradient, and stays as it is.
        moved = [k for k, p in enumerate(self._parameters) if p.grad is not None]
        parameters, means, squares, steps = (
            [entries[k] for k in moved]
            for entries in (self._parameters, self._means, self._squares, self._steps)
        )
        with torch.no_grad():
            adamw(
                parameters,
                [p.grad for p in parameters if p.grad is not None],
                means,
                squares,
                [],
                steps,
                fused=True,
                amsgrad=False,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                lr=self._learning_rate if learning_rate is None else learning_rate,
                weight_decay=self._weight_decay,
                eps=_EPSILON,
                maximize=False,
            )
        for parameter in self._parameters:
            parameter.grad = None
