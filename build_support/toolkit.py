"""pmpp/_toolkit.py, loaded by its path: the build has no pmpp to import yet."""

import importlib.util
import sys
from pathlib import Path

_NAME = "pmpp_toolkit"

if _NAME not in sys.modules:
    _spec = importlib.util.spec_from_file_location(_NAME, Path(__file__).resolve().parent.parent / "pmpp" / "_toolkit.py")
    assert _spec is not None and _spec.loader is not None
    sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_NAME])

_module = sys.modules[_NAME]
REQUIREMENT = _module.REQUIREMENT
ToolkitError = _module.ToolkitError
clean_environment = _module.clean_environment
find_host_compiler = _module.find_host_compiler
find_toolkit = _module.find_toolkit
sources_digest = _module.sources_digest
