"""Device query: ask CUDA about the machine, and notice when the call fails."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Ask the device about itself",
    minutes=10,
    signature="int device_query(int device, int* facts)",
    read=("2", "4.8"),
    memory="host",
)
# Numbers of cudaDeviceAttr, in the order of the facts.
ATTRIBUTES = (16, 1, 10, 8, 75, 76)


@problem.test("the facts", asks_device=True)
def facts(rng, attributes):
    """Compare with what the device says when it is asked for single attributes."""
    expected = np.array(attributes(ATTRIBUTES), np.int32)
    yield Case("device 0", {"device": 0}, {"facts": expected}, min_launches=0)


@problem.test("a device that is not there")
def no_such_device(rng):
    """Expect the error, and facts that are left alone."""
    before = rng.integers(-1000, -1, 6, dtype=np.int32)
    inputs = {"device": 1000, "facts": before}
    yield Case("device 1000", inputs, {"facts": before}, returns="cudaErrorInvalidDevice", min_launches=0)
