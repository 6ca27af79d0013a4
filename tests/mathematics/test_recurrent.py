"""The LSTM on padded strings against PyTorch's on packed ones, from the same weights."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from simorgh.nn.recurrent import LSTM, reverse

LENGTHS = torch.tensor([5, 1, 9, 3])


def packed(other: nn.LSTM, x: Tensor) -> tuple[Tensor, Tensor]:
    states, (last, _) = other(pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False))
    ends = last[-2:] if other.bidirectional else last[-1:]
    return pad_packed_sequence(states, batch_first=True)[0], ends.transpose(0, 1).flatten(1)


def twin(ours: LSTM, width: int, hidden: int) -> nn.LSTM:
    """PyTorch's module with our weights, which it names by layer and direction."""
    other = nn.LSTM(width, hidden, len(ours.layers), batch_first=True, bidirectional=ours.directions == 2).double()
    state = {}
    for i, layer in enumerate(ours.layers):
        for one, suffix in zip(layer, ("", "_reverse")):
            state |= {name.replace("_l0", f"_l{i}{suffix}"): value for name, value in one.state_dict().items()}
    other.load_state_dict(state)
    return other


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_states_ends_and_gradients_are_those_of_packed_strings(layers, both):
    torch.manual_seed(0)
    ours = LSTM(4, 6, layers, both).double()
    other = twin(ours, 4, 6)
    x = torch.randn(4, 9, 4, dtype=torch.float64, requires_grad=True)
    found = []
    for states, last in (ours(x, LENGTHS), packed(other, x)):
        (slope,) = torch.autograd.grad((states.sin().sum() + last.exp().sum()), x)
        found.append((states, last, slope))
    for mine, theirs in zip(*found):
        torch.testing.assert_close(mine, theirs)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in other.parameters())


def test_reverse_by_hand():
    x = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7]])[..., None]
    assert reverse(x, torch.tensor([3, 4]))[..., 0].tolist() == [[3, 2, 1, 0], [7, 6, 5, 4]]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_halves_are_put_back_in_their_places(count):
    """What the CPU reads in two halves, against the same rows at once, as other devices read them."""
    torch.manual_seed(0)
    net, x, lengths = LSTM(4, 6, bidirectional=True), torch.randn(count, 9, 4), torch.tensor([3, 9, 1, 7, 7])[:count]
    for halves, whole in zip(net(x, lengths), net._states(x, lengths)):
        torch.testing.assert_close(halves, whole)
