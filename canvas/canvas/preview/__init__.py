"""The ``preview`` engine: a recognisable try-on from pixels alone, on one CPU core, without a model or weights.

It looks for the person and what they wear (``people``, ``shape``, ``body``), cuts the product out of its picture
(``product``), lays it on the body part by part (``fit``), decides what may change (``regions``, ``words``) and paints
(``compose``). Nothing in it is learnt, nothing is random but by seed, and it says on every picture what it is.
"""

from canvas.preview.engine import Rendered, notes, render

__all__ = ["Rendered", "notes", "render"]
