"""A few calls of an installed wheel, from a folder without sources."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import pmpp
from pmpp.convolution import convolve2d
from pmpp.pages import page
from pmpp.vector import vector_add

assert Path(sys.prefix) in Path(pmpp.__file__).parents, f"{pmpp.__file__} is not the wheel's"
x = np.arange(1000, dtype=np.float32)
np.testing.assert_array_equal(vector_add(x, x), 2 * x)
np.testing.assert_array_equal(convolve2d(np.eye(5), np.ones((1, 1)), mode="same"), np.eye(5))
print(f"vector_add: {', '.join(pmpp.variants(vector_add))}; convolve2d: {', '.join(pmpp.variants(convolve2d))}")

assert "roofline" in page("a profile", "profile", {}) and "slider" in page("a replay", "replay", {})

with tempfile.TemporaryDirectory() as folder:
    copied = Path(folder, "exercises-of-mine")
    command = [Path(sys.executable).with_name("pmpp"), "new", copied, "--no-solutions"]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0])
    assert list(copied.glob("exercises/ch7/stubs/*.cu")) and not list(copied.rglob("solutions"))
    listed = subprocess.run([command[0], "list"], cwd=copied, check=True, capture_output=True, text=True).stdout
    assert "0 of" in listed, listed
