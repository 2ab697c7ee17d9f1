"""PBMC3k as a user would write it: scanpy's tutorial, then three PyTorch networks.

``python benchmarks/stock.py FILE.h5ad OUT`` is what ``scbaseline run --protocol published`` is
timed against. It is written plainly on purpose: scanpy's functions with their defaults, a
DataLoader, Adam, evaluation on a random fifth of the cells, figures and weights saved.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import scanpy as sc
import torch
from safetensors.torch import save_file
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE, OUT = sys.argv[1], Path(sys.argv[2])
(OUT / "figures").mkdir(parents=True, exist_ok=True)
(OUT / "models").mkdir(exist_ok=True)
torch.manual_seed(0)

adata = sc.read_h5ad(SOURCE)
sc.pp.filter_cells(adata, min_genes=200)
sc.pp.filter_genes(adata, min_cells=3)
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
sc.pp.highly_variable_genes(adata, n_top_genes=2000)
adata = adata[:, adata.var["highly_variable"]].copy()
sc.pp.scale(adata, max_value=10)
sc.tl.pca(adata, n_comps=50)
sc.pp.neighbors(adata, n_neighbors=10, n_pcs=30)
sc.tl.leiden(adata, resolution=1.0, flavor="igraph", n_iterations=2, directed=False)
sc.tl.umap(adata)
sc.pl.umap(adata, color="leiden", show=False)
plt.savefig(OUT / "figures/umap_pbmc_clusters.png", dpi=150)

y = adata.obs["leiden"].cat.codes.to_numpy().astype(np.int64)
n_labels = int(y.max()) + 1
train, test = train_test_split(np.arange(len(y)), test_size=0.2, stratify=y, random_state=0)


def network(n_inputs: int, hidden: list[int], dropout: float) -> nn.Sequential:
    """Return linear layers with ReLU and dropout between them."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip([n_inputs, *hidden], hidden, strict=False):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], n_labels))


def fit(name: str, x: np.ndarray, hidden: list[int], dropout: float, epochs: int, patience: int):
    """Train one network, stop it on the test cells where there is patience, judge it on them."""
    x = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
    labels = torch.from_numpy(y)
    loader = DataLoader(TensorDataset(x[train], labels[train]), batch_size=64, shuffle=True)
    model = network(x.shape[1], hidden, dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    best, best_state, waited = float("inf"), model.state_dict(), 0
    for _ in range(epochs):
        model.train()
        for batch, target in loader:
            optimizer.zero_grad()
            loss_of(model(batch), target).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            loss = loss_of(model(x[test]), labels[test]).item()
        if patience and loss < best:
            best, waited = loss, 0
            best_state = {key: value.clone() for key, value in model.state_dict().items()}
        elif patience:
            waited += 1
            if waited == patience:
                break
    if patience:
        model.load_state_dict(best_state)
    model.eval()
    with torch.no_grad():
        predicted = model(x[test]).argmax(dim=1).numpy()
    print(f"{name}: accuracy {accuracy_score(y[test], predicted):.3f}")
    ConfusionMatrixDisplay(confusion_matrix(y[test], predicted)).plot()
    plt.title(name)
    plt.savefig(OUT / f"figures/confusion_matrix_{name}.png", dpi=150)
    plt.close()
    save_file(model.state_dict(), OUT / f"models/{name}.safetensors")


genes = adata.X if isinstance(adata.X, np.ndarray) else adata.X.toarray()
fit("pca", adata.obsm["X_pca"], [64], 0.0, 5, 0)
fit("hvg", genes, [256, 64], 0.3, 5, 0)
fit("hvg_earlystop", genes, [256, 64], 0.3, 50, 5)
