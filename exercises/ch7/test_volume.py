"""Convolution of a volume: one thread a voxel."""

import numpy as np

from pmpp.testing import Case, Problem, volume

problem = Problem(
    title="A volume: convolution in three dimensions",
    minutes=30,
    signature="int convolve_volume(const float* volume, int depth, int height, int width,"
    " const float* weights, int radius, float* out)",
    read=("7", "7.2"),
    owner=volume(),
)


def _correlate(voxels, weights):
    """Slide the weights over the volume, zeros outside of it, in float64."""
    radius = len(weights) // 2
    padded = np.pad(voxels.astype(np.float64), radius)
    depth, height, width = voxels.shape
    out = np.zeros(voxels.shape)
    for (z, y, x), weight in np.ndenumerate(weights):
        if weight:
            out += weight * padded[z : z + depth, y : y + height, x : x + width]
    return out


def _case(voxels, weights, name=None):
    radius = len(weights) // 2
    suspects = {
        "The weights are flipped: the first weight belongs to the neighbour above, behind and to the left.": _correlate(
            voxels, weights[::-1, ::-1, ::-1]
        ),
        "Layers and columns of the weights are exchanged.": _correlate(voxels, weights.transpose(2, 1, 0)),
        "Layers and rows of the weights are exchanged.": _correlate(voxels, weights.transpose(1, 0, 2)),
    }
    sizes = dict(zip(("depth", "height", "width"), voxels.shape, strict=True))
    inputs = {"volume": voxels, **sizes, "weights": weights, "radius": radius}
    name = name or " x ".join(map(str, voxels.shape)) + f" voxels, radius {radius}"
    return Case(name, inputs, {"out": _correlate(voxels, weights)}, radius=radius, suspects=suspects, atol=2e-5)


@problem.test("sizes around a block")
def sizes(rng):
    """Use weights that differ in all directions, and a cube that is larger than the volume."""
    for shape, radius in (
        ((5, 9, 40), 1),
        ((2, 4, 32), 1),
        ((3, 5, 33), 2),
        ((1, 1, 1), 1),
        ((1, 1, 50), 2),
        ((1, 30, 1), 1),
        ((20, 1, 1), 1),
        ((3, 2, 4), 3),
        ((4, 6, 35), 0),
    ):
        yield _case(rng.standard_normal(shape, dtype=np.float32), rng.standard_normal((2 * radius + 1,) * 3, dtype=np.float32))
    spread = np.zeros((3, 3, 3), np.float32)
    spread[1, 1] = spread[1, :, 1] = spread[:, 1, 1] = 0.1
    spread[1, 1, 1] = 0.4
    yield _case(rng.random((6, 10, 34), dtype=np.float32), spread, "heat that spreads: 7 of 27 weights")
