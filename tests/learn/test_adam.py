"""Claims about Adam."""

import subprocess
import sys

import torch

from scbaseline.learn.adam import Adam


def test_it_steps_as_torchs_adam_does() -> None:
    """After fifty steps on noisy losses, the parameters equal ``torch.optim.Adam``'s to 1e-6."""
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Linear(5, 3), torch.nn.Linear(5, 3))
    theirs.load_state_dict(ours.state_dict())
    adam = Adam(ours.parameters(), learning_rate=0.01)
    reference = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for _ in range(50):
        x = torch.randn(8, 5)
        ours(x).square().mean().backward()
        adam.step()
        reference.zero_grad()
        theirs(x).square().mean().backward()
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_it_decays_and_changes_its_rate_as_torchs_adamw_does() -> None:
    """With weight decay and another rate at each step it equals ``torch.optim.AdamW``'s."""
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Linear(5, 3), torch.nn.Linear(5, 3))
    theirs.load_state_dict(ours.state_dict())
    adam = Adam(ours.parameters(), learning_rate=0.0, weight_decay=0.1)
    reference = torch.optim.AdamW(theirs.parameters(), weight_decay=0.1)
    for step in range(20):
        x, rate = torch.randn(8, 5), 0.01 / (step + 1)
        ours(x).square().mean().backward()
        adam.step(learning_rate=rate)
        reference.zero_grad()
        theirs(x).square().mean().backward()
        reference.param_groups[0]["lr"] = rate
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_a_step_clears_the_gradients() -> None:
    """The gradient of the next batch is not added to that of the last one."""
    layer = torch.nn.Linear(2, 1)
    adam = Adam(layer.parameters(), learning_rate=0.1)
    layer(torch.ones(4, 2)).sum().backward()
    adam.step()
    assert all(parameter.grad is None for parameter in layer.parameters())


def test_a_parameter_without_a_gradient_stays_as_it_is() -> None:
    """A layer that a batch did not pass takes no step, as in ``torch.optim.Adam``."""
    torch.manual_seed(0)
    ours, theirs = ([torch.nn.Linear(3, 2) for _ in range(3)] for _ in range(2))
    for one, other in zip(ours, theirs, strict=True):
        other.load_state_dict(one.state_dict())
    adam = Adam([p for layer in ours for p in layer.parameters()], learning_rate=0.1)
    reference = torch.optim.Adam([p for layer in theirs for p in layer.parameters()], lr=0.1)
    for passed in ([0, 2], [2], [0, 1, 2]):
        x = torch.randn(4, 3)
        reference.zero_grad()
        for layers in (ours, theirs):
            sum(layers[k](x).square().mean() for k in passed).backward()
        adam.step()
        reference.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.weight, other.weight, atol=1e-6, rtol=0)


def test_training_imports_no_compiler() -> None:
    """A network is trained without torch's compiler, whose import takes over a second."""
    code = (
        "import sys, numpy as np\n"
        "from scbaseline import RunConfig\n"
        "from scbaseline.learn.examples import Examples, TrainingCells\n"
        "from scbaseline.learn.recipes import RECIPES\n"
        "cells = Examples(np.eye(6, dtype=np.float32), np.arange(6) % 3)\n"
        "config = RunConfig(device='cpu')\n"
        "RECIPES['pca'].fit(TrainingCells(cells), cells, n_labels=3, config=config, seed=0)\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
