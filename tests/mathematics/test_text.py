"""Captions as tokens: alphabets in two scripts, the empty string, and what a hidden token may not do."""

import pytest
import torch
from torch import nn

from simorgh.contracts import UserError
from simorgh.nn.text import START, UNKNOWN, Alphabet, TextEncoder

CAPTIONS = ("", "the digit three", "3", "رقم سه", "۳")


def built(vocabulary: int = 20) -> nn.Module:
    torch.manual_seed(0)
    return TextEncoder(dim=16, depth=2, heads=2, length=24).build(vocabulary)


def test_captions_in_english_and_persian():
    alphabet = Alphabet.of(CAPTIONS)
    ids, mask = alphabet.encode(CAPTIONS, 24)
    assert ids.shape == mask.shape == (5, 16)
    assert mask.sum(1).tolist() == [1, 16, 2, 7, 2]
    assert (ids[:, 0] == START).all()
    assert not ids[~mask].any()
    for caption, row, counts in zip(CAPTIONS, ids, mask):
        assert "".join(alphabet.signs[i - 2] for i in row[counts][1:]) == caption
    assert UNKNOWN not in ids
    assert int(ids.max()) < len(alphabet)


def test_the_empty_string_is_one_token():
    ids, mask = Alphabet("ab").encode([""], 8)
    assert ids.tolist() == [[START]]
    assert mask.tolist() == [[True]]
    assert built()(ids, mask).shape == (1, 1, 16)


def test_signs_that_the_alphabet_lacks_and_signs_in_two_writings():
    alphabet = Alphabet.of(["caf\u00e9"])
    assert alphabet.encode(["cafe\u0301"], 8)[0].tolist() == alphabet.encode(["caf\u00e9"], 8)[0].tolist()
    assert alphabet.encode(["cat"], 8)[0].tolist()[0][3] == UNKNOWN
    assert Alphabet.of(["ba", "c"]).signs == "abc"


def test_a_caption_alone_equals_the_caption_in_a_batch():
    alphabet, module = Alphabet.of(CAPTIONS), built(40).double()
    whole = module(*alphabet.encode(CAPTIONS, 24))
    for caption, expected in zip(CAPTIONS, whole):
        alone = module(*alphabet.encode([caption], 24))[0]
        torch.testing.assert_close(alone, expected[: len(alone)], rtol=0, atol=1e-12)
        assert not expected[len(alone) :].any()


def test_order_and_signs_matter():
    alphabet, module = Alphabet("abc"), built(5)
    ab, ba, ac = (module(*alphabet.encode([c], 8)) for c in ("ab", "ba", "ac"))
    # The start token has read the whole caption, in both directions.
    assert (ab[0, 0] - ba[0, 0]).abs().max() > 1e-3
    assert (ab[0, 0] - ac[0, 0]).abs().max() > 1e-3


def test_every_parameter_has_a_gradient():
    module = built(5)
    ids, mask = torch.tensor([[0, 2, 3, 4], [0, 1, 0, 0]]), torch.tensor([[True] * 4, [True, True, False, False]])
    out = module(ids, mask)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    grads = torch.autograd.grad((out * weight).sum(), tuple(module.parameters()))
    assert all(g.abs().max() > 1e-6 for g in grads)


def test_parameters_by_hand():
    dim, words = 16, 20
    block = 4 * dim**2 + 3 * dim + 8 * dim**2 + 5 * dim + 4 * dim
    assert sum(p.numel() for p in built(words).parameters()) == words * dim + 2 * block + 2 * dim


def test_captions_that_are_too_long_are_named():
    with pytest.raises(UserError, match="has 8 signs; the text encoder reads at most 7"):
        Alphabet("a").encode(["a" * 8], 8)
    with pytest.raises(UserError, match="25 tokens"):
        built()(torch.zeros(1, 25, dtype=torch.int64), torch.ones(1, 25, dtype=torch.bool))
    with pytest.raises(UserError, match="every sign once"):
        Alphabet("aa")
    with pytest.raises(UserError, match="even"):
        TextEncoder(dim=15).build(3)
