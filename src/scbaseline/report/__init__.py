"""Results in, figures out: the only place that knows matplotlib."""

import lazy_loader

# ``scbaseline.pl`` is looked up here; matplotlib is loaded when it is used.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["pl"])
