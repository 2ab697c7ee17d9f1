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
        adam.step(ours(x).square().mean())
        reference.zero_grad()
        theirs(x).square().mean().backward()
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_training_imports_no_compiler() -> None:
    """A network is trained without torch's compiler, whose import takes over a second."""
    code = (
        "import sys, numpy as np\n"
        "from scbaseline import RunConfig, fit_network\n"
        "from scbaseline.learn.recipes import RECIPES\n"
        "from scbaseline.learn.loop import Examples\n"
        "cells = Examples(np.eye(6, dtype=np.float32), np.arange(6) % 3)\n"
        "config = RunConfig(device='cpu')\n"
        "fit_network(RECIPES['pca'], cells, cells, n_labels=3, config=config)\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
