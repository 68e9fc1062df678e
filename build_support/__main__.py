"""``python -m build_support [simt] [kernels] [cython]``: build into the source tree, all of it or some parts."""

import sys

from build_support.cache import ROOT, BuildError
from build_support.native import PARTS, build
from build_support.toolkit import ToolkitError

asked = tuple(sys.argv[1:]) or PARTS
if unknown := set(asked) - set(PARTS):
    sys.exit(f"{__doc__}\nThere is no part {', '.join(sorted(unknown))}.")
try:
    build(ROOT / "pmpp", PARTS[: max(map(PARTS.index, asked)) + 1])
except (BuildError, ToolkitError) as failure:
    sys.exit(str(failure))
