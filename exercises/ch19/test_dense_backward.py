"""A dense layer, backward: two products of matrices, and a sum."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="A dense layer, backward",
    minutes=35,
    signature="int dense_backward(const float* x, const float* weights, const float* gradient, int n, int inputs,"
    " int outputs, float* by_x, float* by_weights, float* by_bias)",
    read=("19", "16.2"),
    owner=anybody(),
)


@problem.test("sizes around a block")
def sizes(rng):
    """Use layers that widen and narrow, and one of a single number."""
    for n, inputs, outputs in ((32, 40, 10), (16, 16, 16), (17, 33, 15), (1, 1, 1), (5, 100, 2), (40, 3, 70)):
        x = rng.standard_normal((n, inputs), dtype=np.float32)
        weights = rng.standard_normal((outputs, inputs), dtype=np.float32)
        gradient = rng.standard_normal((n, outputs), dtype=np.float32)
        wide = gradient.astype(np.float64)
        suspects = {
            "This is the mean over the rows: sum, the mean is in the gradient already.": wide.mean(0),
            "This is the first row alone: the bias was added to every row.": wide[0],
            "This is the mean over the rows: the sum is asked for, as the mean is in the gradient.": wide.T @ x / n,
        }
        inputs_ = {"x": x, "weights": weights, "gradient": gradient, "n": n, "inputs": inputs, "outputs": outputs}
        yield Case(
            f"{n} rows, {inputs} inputs, {outputs} outputs",
            inputs_,
            {"by_x": wide @ weights, "by_weights": wide.T @ x, "by_bias": wide.sum(0)},
            suspects=suspects if n > 1 and outputs > 1 else {},
            rtol=1e-4,
            atol=1e-4,
            min_launches=3,
        )
