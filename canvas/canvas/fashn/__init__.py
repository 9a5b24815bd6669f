"""The ``fashn`` engine: FASHN VTON 1.5 (Apache-2.0), a generative try-on model, on one GPU.

Its package and weights are the operator's to install (docs/engines.md says how, and what their licences are); nothing
of them is imported before the engine starts. It is tested against a stand-in of the pipeline's documented interface
and was not run with the real weights by us.

Interface: https://github.com/fashn-AI/fashn-vton-1.5, ``src/fashn_vton/pipeline.py`` at 7c0f10af.
"""

from canvas.fashn.engine import FashnEngine
from canvas.fashn.loading import FashnSettings

__all__ = ["FashnEngine", "FashnSettings"]
