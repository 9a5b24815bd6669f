"""The local stack: the real template, through the real SAM, on an emulated AWS on this machine."""

import sys
from pathlib import Path

# `make` says where the layer and the canvas endpoint lie; `python -m local …` by hand works as well.
for _folder in ("layers/vto", "canvas"):
    _path = str(Path(__file__).parent.parent / _folder)
    if _path not in sys.path:
        sys.path.append(_path)
