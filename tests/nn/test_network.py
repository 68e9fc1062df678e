"""Networks: gradients of the whole against differences and PyTorch, training that is reproducible and stays on the device."""

import ctypes
import doctest
import itertools

import numpy as np
import pytest

from pmpp import nn
from pmpp._runtime.device import LIBRARIES, device
from pmpp.calculus import check_gradient

only_sim = pytest.mark.skipif(device() != "sim", reason="the software GPU counts copies, a GPU does not")


def small(dtype="float64", loss="softmax", seed=0, variant="auto"):
    """Every kind of layer; the second convolution hands a gradient down."""
    layers = [
        nn.Convolution(3, 3, variant=variant),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Convolution(4, 2, variant=variant),
        nn.ReLU(),
        nn.Dense(3 if loss == "softmax" else 1),
    ]
    return nn.Network(layers, (2, 8, 7), dtype=dtype, loss=loss, seed=seed)


def batch(n=4, seed=0, loss="softmax"):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 2, 8, 7)), rng.integers(0, 3 if loss == "softmax" else 2, n)


@pytest.mark.parametrize("loss", ["softmax", "logistic"])
def test_gradient_is_what_differences_measure(loss):
    network, (x, y) = small(loss=loss), batch(loss=loss)
    value, before = network.loss_and_gradient(x, y), network.parameters.numpy()
    assert value == network.loss(before, x, y)
    check = check_gradient(lambda p: network.loss(p, x, y), network.gradient.numpy(), before)
    assert check, str(check)
    np.testing.assert_array_equal(network.parameters.numpy(), before)  # looked at, not moved
    single = small("float32", loss)
    assert abs(single.loss_and_gradient(x, y) - value) < 1e-4
    apart = np.linalg.norm(single.gradient.numpy() - network.gradient.numpy())
    assert apart < 1e-3 * np.linalg.norm(network.gradient.numpy())


@pytest.mark.parametrize("loss", ["softmax", "logistic"])
def test_agrees_with_pytorch(loss):
    torch = pytest.importorskip("torch")
    network, (x, y) = small("float32", loss), batch(9, loss=loss)
    head = 3 if loss == "softmax" else 1
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(3, 4, 2), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(8, head),
    )  # fmt: skip
    torch.nn.utils.vector_to_parameters(torch.tensor(network.parameters.numpy()), theirs.parameters())
    scores = theirs(torch.tensor(x, dtype=torch.float32))
    if loss == "softmax":
        value = torch.nn.functional.cross_entropy(scores, torch.tensor(y))
    else:
        value = torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], torch.tensor(y, dtype=torch.float32))
    value.backward()
    gradient = torch.cat([p.grad.ravel() for p in theirs.parameters()]).numpy()
    assert abs(network.loss_and_gradient(x, y) - value.item()) < 1e-4
    np.testing.assert_allclose(network.gradient.numpy(), gradient, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(network.forward(x), scores.detach().numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_optimizers_agree_with_pytorch(optimizer):
    torch = pytest.importorskip("torch")
    network, (x, y) = small("float32"), batch(9)
    vector = torch.tensor(network.parameters.numpy())
    if optimizer == "SGD":
        ours = nn.SGD(0.05, momentum=0.9, decay=0.01)
        theirs = torch.optim.SGD([vector], lr=0.05, momentum=0.9, weight_decay=0.01)
    else:
        ours, theirs = nn.Adam(0.01, decay=0.01), torch.optim.Adam([vector], lr=0.01, weight_decay=0.01)
    for _ in range(5):
        network.loss_and_gradient(x, y)
        vector.grad = torch.tensor(network.gradient.numpy())
        ours.step(network.parameters, network.gradient)
        theirs.step()
        np.testing.assert_allclose(network.parameters.numpy(), vector.numpy(), rtol=1e-4, atol=1e-5)


def stripes(n=60, seed=0):
    """Images of lines that lie or stand, with noise: no single pixel tells them apart."""
    rng = np.random.default_rng(seed)
    lies = rng.integers(0, 2, n)
    waves = np.sin(np.arange(9) * 2.1 + rng.uniform(0, 6, (n, 1)))
    images = np.where(lies[:, None, None] == 1, waves[:, :, None], waves[:, None, :]) + 0.3 * rng.standard_normal((n, 9, 9))
    return images[:, None].astype(np.float32), lies


def trained(seed=0, epochs=6, optimizer=None, loss="softmax", progress=None):
    head = nn.Dense(2 if loss == "softmax" else 1)
    network = nn.Network([nn.Convolution(4, 3), nn.ReLU(), nn.MaxPool(3), head], (1, 9, 9), seed=seed, loss=loss)
    optimizer = optimizer or nn.SGD(0.1, momentum=0.9)
    history = nn.train(network, *stripes(), optimizer, epochs=epochs, batch=16, seed=seed, progress=progress)
    return network, history


@pytest.mark.parametrize("loss", ["softmax", "logistic"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_training_learns(optimizer, loss):
    seen = []
    optimizer = nn.Adam(0.02) if optimizer == "Adam" else nn.SGD(0.05, momentum=0.9)
    network, history = trained(epochs=15, optimizer=optimizer, loss=loss, progress=lambda *args: seen.append(args))
    images, labels = stripes(100, seed=1)
    assert (network.predict(images) == labels).mean() > 0.95
    assert history[-1] < 0.2 * history[0]
    assert seen == list(enumerate(history, 1))


def test_the_page_has_an_example():
    images, labels = stripes()
    network = nn.Network([nn.Convolution(4, 3), nn.ReLU(), nn.MaxPool(3), nn.Dense(2)], (1, 9, 9), seed=0)
    losses = nn.train(network, images, labels, nn.SGD(0.1, momentum=0.9), epochs=15, batch=16, seed=0)
    right = network.predict(images) == labels
    assert right.all()
    assert losses[-1] < losses[0]


def test_training_is_reproducible_bit_for_bit():
    (first, losses), (second, same_losses), (other, _) = trained(), trained(), trained(seed=1)
    assert losses == same_losses
    assert first.parameters.numpy().tobytes() == second.parameters.numpy().tobytes()
    assert first.parameters.numpy().tobytes() != other.parameters.numpy().tobytes()


class Counters(ctypes.Structure):
    """pmpp_simt_counters of the software GPU."""

    _fields_ = [
        (name, ctypes.c_uint64)
        for name in ("launches", "h2d_copies", "h2d_bytes", "d2h_copies", "d2h_bytes", "d2d_copies", "d2d_bytes")
    ]


@only_sim
def test_an_epoch_copies_nothing_to_or_from_the_host():
    """All that goes to the host while training is the losses of an epoch, when it is over."""
    simulator = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so"))
    counts = []

    def look(*_):
        now = Counters()
        simulator.pmpp_simt_read_counters(ctypes.byref(now))
        counts.append(now)

    trained(progress=look)
    for before, after in itertools.pairwise(counts):
        assert after.launches - before.launches > 4 * 10  # four batches
        assert after.h2d_copies == before.h2d_copies
        assert after.d2h_copies - before.d2h_copies == 1
        assert after.d2h_bytes - before.d2h_bytes == 60 * 4


def test_layers_see_pieces_of_one_vector():
    network = small()
    assert network.parameters.shape == (136,)
    assert "136 parameters in one vector" in repr(network)
    at = 3 * 2 * 3 * 3 + 3
    np.testing.assert_array_equal(network.weights(3).ravel(), network.parameters.numpy()[at : at + 4 * 3 * 2 * 2])
    with pytest.raises(ValueError, match="no weights"):
        network.weights(1)


def test_parameters_have_names():
    network = small()
    assert network.parameter_name(0) == "layer 0, Convolution(3, 3): weights[0, 0, 0, 0]"
    assert network.parameter_name(56) == "layer 0, Convolution(3, 3): bias[2]"
    assert network.parameter_name(-1) == "layer 5, Dense(3): bias[2]"
    with pytest.raises(IndexError):
        network.parameter_name(136)


def test_a_wrong_gradient_is_found_and_named():
    network, (x, y) = small(), batch()
    network.loss_and_gradient(x, y)
    gradient, parameters = network.gradient.numpy(), network.parameters.numpy()
    gradient[60] += 0.1
    check = check_gradient(lambda p: network.loss(p, x, y), gradient, parameters)
    assert not check
    assert network.parameter_name(check.worst[0]) == "layer 3, Convolution(4, 2): weights[0, 0, 1, 1]"


def test_forward_of_many_is_that_of_each():
    network = small("float32")
    x, _ = batch(1030)
    scores = network.forward(x)
    assert scores.shape == (1030, 3)
    np.testing.assert_array_equal(scores[1024:], network.forward(x[1024:]))
    assert network.forward(x[:0]).shape == (0, 3)


def test_findings_of_a_step(findings):
    network, (x, y) = small("float32"), batch(5)
    optimizer = nn.SGD(0.1, momentum=0.9)

    def step():
        network.loss_and_gradient(x, y)
        optimizer.step(network.parameters, network.gradient)

    assert findings(step) == []


def shared_layer():
    layer = nn.ReLU()
    return [layer, layer, nn.Dense(2)]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: nn.Network([], (1, 5, 5)), "got none"),
        (lambda: nn.Network(shared_layer(), (1, 5, 5)), "a layer of its own"),
        (lambda: nn.Network([nn.ReLU()], (1, 5, 5)), "end with Dense"),
        (lambda: nn.Network([nn.ReLU()], (5,)), "nothing to train"),
        (lambda: nn.Network([nn.Dense(2)], (1, 5, 5), loss="logistic"), r"end with Dense\(1\)"),
        (lambda: nn.Network([nn.Dense(2)], (1, 5, 5), loss="hinge"), "'softmax' and 'logistic'"),
        (lambda: nn.Network([nn.Convolution(2, 6), nn.Dense(2)], (1, 5, 5)), "do not fit into images of 5 x 5"),
        (lambda: nn.Network([nn.Dense(2), nn.Convolution(2, 3)], (1, 5, 5)), r"got images of shape \(2,\)"),
        (lambda: nn.Network([nn.MaxPool(6), nn.Dense(2)], (1, 5, 5)), "at least 6 rows"),
        (lambda: nn.Convolution(0, 3), "must be at least 1"),
        (lambda: nn.MaxPool(0), "at least 1"),
        (lambda: nn.Dense(0), "at least 1"),
        (lambda: small().forward(np.zeros((1, 2, 8, 8))), r"\(n, 2, 8, 7\)"),
        (lambda: small().loss(np.zeros(3), *batch()), r"\(136,\)"),
        (lambda: small().loss_and_gradient(batch()[0], [0, 1, 2, 3]), "integers from 0 to 2"),
        (lambda: small().loss_and_gradient(batch()[0], [0.5] * 4), "integers from 0 to 2"),
        (lambda: small().loss_and_gradient(batch()[0], [0, 1]), r"\(4,\) of int32"),
        (lambda: nn.train(small(), *batch(), nn.SGD(1), epochs=0, batch=1), "at least 1"),
        (lambda: nn.train(small(), *batch(0), nn.SGD(1), epochs=1, batch=1), "nothing to learn from"),
    ],
)
def test_bad_input_is_explained(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


def test_other_dtypes_are_refused():
    with pytest.raises(TypeError, match="float32 and float64"):
        small("float16")


def test_examples():
    result = doctest.testmod(nn)
    assert result.attempted >= 3
    assert result.failed == 0
