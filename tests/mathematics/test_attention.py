"""Attention against torch's own, masks that hide, and blocks that read an image."""

import pytest
import torch
from torch import nn

from simorgh.contracts import UserError
from simorgh.nn.attention import Attention, ImageAttention, attend


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def from_torch(theirs: nn.MultiheadAttention, ours: Attention) -> None:
    """Copies the weights; the bias of their keys has no place here, for the softmax does not feel it."""
    if theirs.in_proj_weight is None:
        weights = theirs.q_proj_weight, theirs.k_proj_weight, theirs.v_proj_weight
    else:
        weights = theirs.in_proj_weight.chunk(3)
    biases = theirs.in_proj_bias.chunk(3)
    with torch.no_grad():
        for layer, weight, bias in zip((ours.query, ours.key, ours.value), weights, biases):
            layer.weight.copy_(weight)
            if layer.bias is not None:
                layer.bias.copy_(bias)
        ours.out.weight.copy_(theirs.out_proj.weight)
        ours.out.bias.copy_(theirs.out_proj.bias)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("memory", [None, 12, 20])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_the_attention_of_torch(fused, memory, masked):
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(12, 3, kdim=memory, vdim=memory, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    ours = Attention(12, 3, memory, fused)
    from_torch(theirs, ours)
    x = draws(4, 7, 12)
    other = x if memory is None else draws(4, 5, memory, seed=1)
    mask = torch.rand(4, other.shape[1], generator=torch.Generator().manual_seed(2)) > 0.4 if masked else None
    if masked:
        mask[:, 0] = True
    expected, _ = theirs(x, other, other, key_padding_mask=None if mask is None else ~mask)
    torch.testing.assert_close(ours(x, None if memory is None else other, mask), expected, rtol=0, atol=1e-6)


def test_attention_by_hand():
    # Two keys, scores 0 and log 3 after the division by sqrt(4): weights 1/4 and 3/4.
    q = torch.tensor([[2.0, 0, 0, 0]])
    k = torch.tensor([[0.0, 1, 1, 1], [torch.tensor(3.0).log(), 0, 0, 0]])
    v = torch.tensor([[4.0], [8.0]])
    torch.testing.assert_close(attend(q, k, v), torch.tensor([[7.0]]))


def test_where_nothing_is_visible_attention_says_nothing():
    q, k, v = draws(2, 3, 4), draws(2, 5, 4, seed=1), draws(2, 5, 4, seed=2)
    visible = torch.ones(2, 3, 5, dtype=torch.bool)
    visible[1] = False
    seen = attend(q, k, v, visible)
    assert torch.equal(seen[1], torch.zeros(3, 4))
    assert seen[0].abs().min() > 0
    both = [Attention(4, 2, fused=fused) for fused in (False, True)]
    both[1].load_state_dict(both[0].state_dict())
    first, second = (part(q, k, visible[:, 0]) for part in both)
    torch.testing.assert_close(first, second)


def test_heads_divide_the_width():
    with pytest.raises(UserError, match="cannot have 3 heads"):
        Attention(8, 3)


def test_an_image_is_a_sequence_of_its_positions():
    torch.manual_seed(0)
    block = ImageAttention(8, 2)
    x = draws(2, 8, 3, 5)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(3))
    shuffled = x.flatten(2)[:, :, order].unflatten(2, (3, 5))
    # Attention does not know where a position is: a shuffled image is answered by the shuffled answer.
    torch.testing.assert_close(block(shuffled).flatten(2), block(x).flatten(2)[:, :, order])


def test_both_residuals_of_the_image_block():
    block = ImageAttention(8, 2)
    for part in (block.attention.out, block.think[2]):
        nn.init.zeros_(part.weight)
        nn.init.zeros_(part.bias)
    x = draws(2, 8, 4, 4)
    assert torch.equal(block(x), x)
    nn.init.ones_(block.think[2].bias)
    torch.testing.assert_close(block(x), x + 1)
    nn.init.ones_(block.attention.out.bias)
    torch.testing.assert_close(block(x), x + 2)
