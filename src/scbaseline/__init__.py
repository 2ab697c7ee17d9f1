"""From raw single-cell RNA-seq counts to trained, honestly judged, portable PyTorch classifiers.

Everything public is named in ``__init__.pyi`` and loaded when it is first used, so that
importing this package costs nothing.
"""

import lazy_loader

__version__ = "0.2.0"

# The stub is the one list of public names: this loader, type checkers and the docs read it.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
