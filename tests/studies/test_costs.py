"""What the studies count of networks, against hand-made cases."""

import torch
from torch import nn

from simorgh.nn.unet import UNet
from simorgh.studies import _costs as lab


def test_bytes_kept_for_the_backward_pass_are_those_of_a_layer_by_hand():
    """A linear layer keeps its input and, for the gradient of that, its weights; a square keeps its own input. The
    weights are not counted, nor is anything twice."""
    layer = nn.Linear(10, 3)
    x = torch.rand(4, 10, requires_grad=True)
    assert lab.kept_bytes(layer, lambda: layer(x).square()) == 4 * 4 * 10 + 4 * 4 * 3
    assert lab.kept_bytes(layer, lambda: layer(x) + layer(x)) == 4 * 4 * 10


def test_the_meta_device_counts_what_the_real_one_would_keep():
    network, shape = UNet((16, 32), attention=(False, True), inject="cross"), (1, 8, 16)
    counted, real = lab.cost(network, shape, (5, 8)), network.build(shape, context_dim=8)
    x, level, signs = torch.rand(1, *shape), torch.zeros(1), torch.rand(1, 5, 8)
    assert counted.kept == lab.kept_bytes(real, lambda: real(x, level, signs))
    assert counted.parameters == network.count(shape, context_dim=8)
    assert len(counted.stages) == 2 * 1 + 2 + 2 * 2
    assert lab.resolutions(counted.stages) == [(16, 4, 8), (32, 2, 4)]


def test_operations_of_a_convolution_by_hand():
    """Of a network without blocks' attention all operations are in convolutions and linear layers."""
    network, shape = UNet((16,), attention=(False,), middle_attention=False, patch=1), (1, 4, 6)
    built, expected = network.build(shape), 0
    for part in built.modules():
        if isinstance(part, nn.Conv2d):
            expected += 2 * part.weight.numel() * 4 * 6
        if isinstance(part, nn.Linear):
            expected += 2 * part.weight.numel()
    assert lab.cost(network, shape).operations == expected


def test_memory_of_the_states():
    assert lab.states(100, averaged=False) == 4 * 100 * 4
    assert lab.states(100, averaged=True) == 4 * 100 * 5
