"""Our GPT against transformers' GPT-2 of the same weights."""

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, UserError
from simorgh.data.tokenisers import PAD, SPECIAL
from simorgh.models.gpt import GPT, GPTConfig, gpt2_weights

transformers = pytest.importorskip("transformers")
SPEC = DataSpec("tokens", (24,), (0.0, 39.0), vocabulary=(*SPECIAL, *map(chr, range(0x627, 0x627 + 35))))


@pytest.fixture(scope="module", name="pair")
def _pair() -> tuple[GPT, torch.nn.Module]:
    shape = transformers.GPT2Config(vocab_size=40, n_positions=24, n_embd=48, n_layer=3, n_head=4)
    torch.manual_seed(0)
    theirs = transformers.GPT2LMHeadModel(shape).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():  # weights as large as trained ones, biases not zero
            parameter.add_(0.2 * torch.randn_like(parameter))
    ours = GPTConfig(48, 3, 4).build(SPEC).eval()
    ours.load_state_dict(gpt2_weights(theirs.state_dict()))
    return ours, theirs


def rows(n: int = 6, length: int = 24) -> torch.Tensor:
    return torch.randint(1, 40, (n, length), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_logits_and_losses_are_the_same(pair):
    ours, theirs = pair
    x = rows()
    expected = theirs(x).logits
    assert expected.std() > 0.5, "weights too small to tell anything"
    torch.testing.assert_close(ours.logits(ours(x)), expected, rtol=1e-5, atol=1e-5)
    labels = x.clone()
    mask = torch.rand(x.shape, generator=torch.Generator().manual_seed(2)) < 0.6
    labels[~mask] = -100
    terms = ours.loss(Batch(x, mask=mask))
    torch.testing.assert_close(terms.loss, theirs(x, labels=labels).loss, rtol=1e-5, atol=1e-5)
    assert terms.weight == int(mask[:, 1:].sum())


def test_gradients_are_the_same(pair):
    ours, theirs = pair
    x = rows()
    mine = torch.autograd.grad(ours.loss(Batch(x, mask=x != PAD)).loss, list(ours.parameters()))
    named = dict(theirs.named_parameters())
    grads = torch.autograd.grad(theirs(x, labels=x).loss, list(named.values()))
    expected = gpt2_weights(dict(zip(named, grads)))
    for (name, _), grad in zip(ours.named_parameters(), mine):
        torch.testing.assert_close(grad, expected[name], rtol=1e-4, atol=1e-5, msg=name)


@torch.no_grad()
def test_greedy_and_beam_answers_are_the_same(pair):
    from simorgh.nn.decoding import Decoding, proceed

    ours, theirs = pair
    x = rows(5, 6)
    settings = {"max_new_tokens": 12, "do_sample": False, "pad_token_id": PAD, "eos_token_id": 2,
                "suppress_tokens": [PAD]}  # fmt: skip
    for beams in (1, 3):
        expected = theirs.generate(x, attention_mask=torch.ones_like(x), num_beams=beams, length_penalty=0.0,
                                   early_stopping=False, **settings)[:, 6:]  # fmt: skip
        how = Decoding(temperature=0.0, beams=0 if beams == 1 else beams, most=12)
        answers = proceed(ours, x, None, how)[:, : expected.shape[1]]
        assert torch.equal(answers, expected)


def test_a_weight_of_something_else_is_refused():
    with pytest.raises(UserError, match="no weight of a GPT-2"):
        gpt2_weights({"transformer.h.0.rotary.weight": torch.zeros(1)})


def test_the_published_shape_has_the_published_number_of_parameters():
    """gpt2-fa: 42,001 rows of vocabulary, 1,024 positions, 118,099,200 parameters."""
    spec = DataSpec("tokens", (1024,), vocabulary=tuple(map(str, range(42_001))))
    with torch.device("meta"):
        model = GPTConfig(768, 12, 12).build(spec)
    assert sum(p.numel() for p in model.parameters()) == 118_099_200
