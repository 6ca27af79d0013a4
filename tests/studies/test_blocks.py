"""The checks that the studies make of blocks and chains find a mistake where there is one."""

import pytest
import torch

from simorgh.diffusion.path import VPLinear
from simorgh.diffusion.steps import Ancestral
from simorgh.nn.attention import Attention
from simorgh.nn.residual import ResidualBlock
from simorgh.noise import philox
from simorgh.studies import _blocks as blocks
from simorgh.studies._chains import Chain


def test_blocks_agree_with_torch_and_the_gap_sees_a_changed_one(monkeypatch: pytest.MonkeyPatch):
    rng = philox("test of blocks")
    assert max(blocks.attention_gap(), blocks.residual_block_gap(rng), blocks.attention_block_gap(rng)) < 1e-12
    for kind in (Attention, ResidualBlock):
        forward = kind.forward
        monkeypatch.setattr(kind, "forward", lambda self, *given, forward=forward: 1.001 * forward(self, *given))
    assert min(blocks.attention_gap(), blocks.residual_block_gap(rng), blocks.attention_block_gap(rng)) > 1e-6


def test_the_chain_of_ho_et_al_by_hand():
    chain = Chain(VPLinear())
    chain.check_published()
    assert chain.at(0) == 0
    assert chain.at(1) == pytest.approx((1e-4 / (1 - 1e-4)) ** 0.5)
    assert chain.at(1000) == pytest.approx(((1 - 4.0358e-5) / 4.0358e-5) ** 0.5, rel=1e-4)  # the product of 1 - beta
    with pytest.raises(AssertionError):
        Chain(VPLinear(end=0.03)).check_published()


def test_the_check_of_the_step_back_sees_a_wrong_variance(monkeypatch: pytest.MonkeyPatch):
    chain = Chain(VPLinear())
    chain.check_steps_back((2, 1000))
    move = Ancestral.move
    monkeypatch.setattr(Ancestral, "move", lambda *given: (move(*given)[0] * 1.001, None))
    with pytest.raises(AssertionError):
        chain.check_steps_back((2,))


def test_attention_of_torch_has_our_weights():
    ours = Attention(8, 2, memory=6).double()
    theirs = blocks.torch_attention(ours)
    assert torch.equal(theirs.k_proj_weight, ours.key.weight)
    assert torch.equal(theirs.in_proj_bias[8:16], torch.zeros(8))
