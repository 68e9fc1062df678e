"""pmpp/_handout.py, loaded by its path: the build has no pmpp to import yet."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("pmpp_handout", Path(__file__).resolve().parent.parent / "pmpp" / "_handout.py")
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
copy = _module.copy
handed_out = _module.handed_out
