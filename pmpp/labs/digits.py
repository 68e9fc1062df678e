"""Handwritten digits, told apart by two layers of convolution (chapter 19)."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import pmpp
from pmpp import nn
from pmpp.labs.report import DEVICE, SEQUENTIAL, Report, pointer, sequential, torch

STEPS = 4
SEEDS = 3


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 1,797 pictures of 8 x 8 pixels, from 0 to 1, and the digits that they show."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images / 16).astype(np.float32)[:, None], found.target


def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of three quarters to learn from and of the quarter that is held out."""
    order = np.random.default_rng(seed).permutation(len(digits()[0]))
    held = len(order) // 4
    return order[held:], order[:held]


def network(seed: int) -> nn.Network:
    """Return it untrained: the second layer looks at patterns of what the first one found."""
    layers = [nn.Convolution(8, 3), nn.ReLU(), nn.Convolution(16, 3), nn.ReLU(), nn.MaxPool(2), nn.Dense(10)]
    return nn.Network(layers, (1, 8, 8), seed=seed)


def taught(seed: int, epochs: int) -> tuple[nn.Network, list[float]]:
    """Train on three quarters; return the network and the loss of each epoch."""
    (images, labels), (learn, _) = digits(), split(seed)
    found, adam = network(seed), nn.Adam(3e-3)
    losses = nn.train(found, images[learn], labels[learn], adam, epochs=epochs * 3 // 4, batch=32, seed=seed)
    adam.rate /= 10  # smaller steps at the end settle the weights
    return found, losses + nn.train(
        found, images[learn], labels[learn], adam, epochs=epochs - epochs * 3 // 4, batch=32, seed=seed + 1
    )


def run(report: Report) -> None:
    """Run the lab."""
    from sklearn.linear_model import LogisticRegression

    report.step("training, three seeds")
    images, labels = digits()
    epochs, seeds = 14 if report.short else 32, range(1 if report.short else SEEDS)
    before, first = time.process_time(), time.perf_counter()
    found: list[tuple[nn.Network, list[float]]] = []
    for seed in seeds:
        report.detail(f"training, seed {seed}")
        found.append(taught(seed, epochs))
    processor, wall = time.process_time() - before, time.perf_counter() - first
    size = found[0][0].parameters.size
    report.say(
        f"  {size} parameters; {len(seeds)} seeds trained in {wall:.0f} s, {processor / 2:.0f} s on two cores of their own"
    )
    if not report.short and pmpp.device() == "sim":
        report.figure("seconds on two cores for the training of three seeds", processor / 2, at_most=180)
    report.step("the held-out quarter")
    right, regression = [], []
    for seed, (one, _) in zip(seeds, found, strict=True):
        learn, held = split(seed)
        right.append(np.mean(one.predict(images[held]) == labels[held]))
        if report.short:
            continue
        rows = images.reshape(len(images), -1)
        regression.append(LogisticRegression(max_iter=500).fit(rows[learn], labels[learn]).score(rows[held], labels[held]))
    report.figure(f"held-out digits read right, mean of {len(seeds)} seeds", float(np.mean(right)), at_least=0.97)
    if regression:
        report.say(f"  logistic regression, one weight a pixel and digit: {np.mean(regression):.4f}")
    report.step("the same bits again")
    again, once_more = (taught(0, 2)[0].parameters.numpy() for _ in range(2))
    report.figure("parameters that differ when trained again", int(np.count_nonzero(again != once_more)), at_most=0)
    report.step("pictures")
    _draw(report, *found[0])
    report.speedup()


def _draw(report: Report, found: nn.Network, losses: list[float]) -> None:
    images, labels = digits()
    _, held = split(0)
    said = found.predict(images[held])
    table = np.zeros((10, 10), int)
    np.add.at(table, (labels[held], said), 1)
    with report.picture("result", 2, 1, size=(10, 4)) as (_, (curve, square)):
        curve.semilogy(range(1, len(losses) + 1), losses, "o-")
        curve.set(xlabel="epoch", ylabel="loss", title="training")
        square.imshow(np.where(np.eye(10) > 0, 0, table), cmap="Reds", vmax=6)
        for (row, column), count in np.ndenumerate(table):
            if count:
                square.text(column, row, f"{count}", ha="center", va="center", fontsize=8, fontweight="bold")
        square.set(xticks=range(10), yticks=range(10), xlabel="read", ylabel="written", title="held out")
    wrong = held[said != labels[held]][:10]
    with report.picture("wrong", 10, 1, size=(10, 1.5)) as (_, axes):
        for axis in axes:
            axis.set_axis_off()
        for axis, index in zip(axes, wrong, strict=False):
            axis.imshow(images[index, 0], cmap="gray_r")
            axis.set_title(f"{labels[index]}, read as {found.predict(images[index : index + 1])[0]}", fontsize=8)


SEQUENTIAL_SOURCE = """
static void convolve(const float* in, int channels, int side, const float* p, int filters, float* out) {
  const float* bias = p + 9 * filters * channels;
  const int to = side - 2;
  for (int f = 0; f < filters; ++f)
    for (int y = 0; y < to; ++y)
      for (int x = 0; x < to; ++x) {
        float sum = bias[f];
        for (int c = 0; c < channels; ++c)
          for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 3; ++j)
              sum += p[9 * (channels * f + c) + 3 * i + j] * in[side * side * c + side * (y + i) + x + j];
        out[to * to * f + to * y + x] = sum > 0 ? sum : 0;
      }
}
extern "C" void scores(const float* images, const float* p, float* out, int n) {
  float one[8 * 36], two[16 * 16];
  for (int k = 0; k < n; ++k) {
    convolve(images + 64 * k, 1, 8, p, 8, one);
    convolve(one, 8, 6, p + 80, 16, two);
    const float* dense = p + 80 + 1168;
    for (int d = 0; d < 10; ++d) {
      float sum = dense[640 + d];
      for (int f = 0; f < 16; ++f)
        for (int y = 0; y < 2; ++y)
          for (int x = 0; x < 2; ++x) {
            const float* at = two + 16 * f + 8 * y + 2 * x;
            float largest = at[0] > at[1] ? at[0] : at[1];
            if (at[4] > largest) largest = at[4];
            if (at[5] > largest) largest = at[5];
            sum += dense[64 * d + 4 * f + 2 * y + x] * largest;
          }
      out[10 * k + d] = sum;
    }
  }
}"""


def contest() -> tuple[str, dict[str, Callable[[], object]]]:
    """Return the step that is timed, and who does it: the scores of all digits."""
    import ctypes

    images, _ = digits()
    ours, out = network(0), np.empty((len(images), 10), np.float32)
    parameters, x = ours.parameters.numpy(), pmpp.DeviceArray.from_numpy(images)
    pieces = [[piece.numpy() for piece in layer] for layer in ours.pieces(ours.parameters)]
    (w1, b1), _, (w2, b2), _, _, (w3, b3) = pieces

    def layer(maps: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
        cut = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(2, 3))
        return np.maximum(np.tensordot(cut, weights, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + bias[:, None, None], 0)

    def with_numpy() -> np.ndarray:
        maps = layer(layer(images, w1, b1), w2, b2).reshape(len(images), 16, 2, 2, 2, 2).max(axis=(3, 5))
        return maps.reshape(len(images), -1) @ w3.T + b3

    def in_c() -> np.ndarray:
        assert library is not None
        library.scores(*map(pointer, (images, parameters, out)), ctypes.c_int(len(images)))
        return out

    library = sequential(SEQUENTIAL_SOURCE)
    calls: dict[str, Callable[[], object]] = {SEQUENTIAL: in_c} if library is not None else {}
    calls |= {"NumPy": with_numpy, DEVICE: lambda: ours.forward(x)}
    if (t := torch()) is not None:
        conv2d, pool = t.nn.functional.conv2d, t.nn.functional.max_pool2d
        a, *w = (t.from_numpy(array) for array in (images, w1, b1, w2, b2, w3, b3))
        name = f"PyTorch, {t.get_num_threads()} threads of the CPU"
        calls[name] = lambda: pool(t.relu(conv2d(t.relu(conv2d(a, w[0], w[1])), w[2], w[3])), 2).flatten(1) @ w[4].T + w[5]
    return f"the scores of {len(images)} digits", calls
