"""A GPT learns answers only, remembers what it has read, and decodes as it was told."""

from itertools import product

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, SampleNoise, UserError
from simorgh.data.tokenisers import END, HALF, PAD, SPECIAL, START
from simorgh.models.gpt import GPT, GPTConfig
from simorgh.nn.causal import causal_attention
from simorgh.nn.decoding import Decoding, choose, persist, proceed

SPEC = DataSpec("tokens", (12,), (0.0, 8.0), vocabulary=(*SPECIAL, "ا", "ب", "پ", "ت"))


@pytest.fixture(name="model")
def _model() -> GPT:
    torch.manual_seed(3)
    model = GPTConfig(16, 2, 2).build(SPEC).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def test_prompts_and_pads_bear_no_loss(model: GPT):
    """Other symbols behind the last that counts, and other targets where none counts, change nothing."""
    x = torch.tensor([[END, 5, 6, END, 7, HALF, 8, END, PAD, PAD], [END, 8, END, 5, END, PAD, PAD, PAD, PAD, PAD]])
    mask = torch.zeros(x.shape, dtype=torch.bool)
    mask[0, 4:8] = mask[1, 3:5] = True
    terms = model.loss(Batch(x, mask=mask))
    assert terms.weight == 6
    nats = model.nats(x)
    torch.testing.assert_close(terms.loss, nats[mask].mean())
    other = x.clone()
    other[0, 8:] = 7
    other[1, 5:] = 6
    torch.testing.assert_close(model.loss(Batch(other, mask=mask)).loss, terms.loss)
    first = x.clone()
    first[:, 1] = 6
    assert not torch.allclose(model.loss(Batch(first, mask=mask)).loss, terms.loss), "the prompt should be read"
    assert model.loss(Batch(x)).weight == int((x[:, 1:] != PAD).sum())


def test_a_symbol_sees_those_before_it_only(model: GPT):
    x = torch.randint(1, 9, (3, 12), generator=torch.Generator().manual_seed(0))
    other = x.clone()
    other[:, 7:] = 1 + other[:, 7:] % 8
    with torch.no_grad():
        a, b = model(x), model(other)
    torch.testing.assert_close(a[:, :7], b[:, :7])
    assert not torch.allclose(a[:, 7:], b[:, 7:])


def test_the_two_forms_of_attention_agree():
    q, k, v = torch.randn(3, 2, 4, 7, 5, generator=torch.Generator().manual_seed(0)).unbind(0)
    fused = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(causal_attention(q, k, v), fused, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(causal_attention(q[:, :, 5:], k, v), fused[:, :, 5:], rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_remembering_equals_reading_again(model: GPT):
    x = torch.randint(1, 9, (4, 12), generator=torch.Generator().manual_seed(0))
    whole = model.logits(model(x))
    logits, cache = model.begin(x[:, :5])
    torch.testing.assert_close(logits, whole[:, 4], rtol=1e-5, atol=1e-5)
    order = torch.tensor([2, 0, 3, 1])
    cache.take(order)
    for t in range(5, 12):
        logits = model.follow(x[order, t], cache)
        torch.testing.assert_close(logits, whole[order, t], rtol=1e-5, atol=1e-5)
    with pytest.raises(UserError, match="13 symbols do not fit"):
        model.follow(x[:, 0], cache)


def test_answers_do_not_depend_on_the_rest_of_the_batch(model: GPT):
    prompts = torch.tensor([[START, 5, 6, 7, END], [END, 8, PAD, PAD, PAD], [START, 5, 5, PAD, PAD]])
    for how in (Decoding(most=6), Decoding(0.7, 0.8, most=6), Decoding(0.0, most=6), Decoding(beams=3, most=6)):
        crowd = proceed(model, prompts, SampleNoise(4, 3), how)
        assert not (crowd == START).all()
        for i, prompt in enumerate(prompts):
            alone = proceed(model, prompt[prompt != PAD][None], SampleNoise(4, 1, first=i), how)
            assert torch.equal(alone[0], crowd[i])


def test_an_answer_ends_at_its_stop_and_holds_no_pad_before(model: GPT):
    prompts = torch.tensor([[START, 5]]).expand(200, -1)
    answers = proceed(model, prompts, SampleNoise(0, 200), Decoding(most=8))
    stopped = 0
    for row in answers.tolist():
        if END in row:
            end = row.index(END)
            stopped += 1
            assert PAD not in row[:end]
            assert not any(row[end + 1 :])
        else:
            assert PAD not in row
    assert stopped > 0


def test_samples_follow_the_law(model: GPT):
    """Chi-square of 20,000 first symbols against the softmax; 7 degrees of freedom."""
    n = 20_000
    prompts = torch.tensor([[START, 5]]).expand(n, -1)
    logits, _ = model.begin(prompts[:1])
    p = logits[0].double().index_fill(0, torch.tensor([PAD]), -torch.inf).softmax(0)
    counts = proceed(model, prompts, SampleNoise(0, n), Decoding(most=1))[:, 0].bincount(minlength=9)
    expected = n * p[1:]
    assert expected.min() > 5
    assert float(((counts[1:] - expected) ** 2 / expected).sum()) < 7 + 5 * 14**0.5


def test_the_nucleus_by_hand():
    """Of 0.5, 0.3, 0.15, 0.05 a nucleus of 0.7 keeps two, at 5/8 and 3/8."""
    logits = torch.tensor([[9.0, 0.15, 0.5, 0.05, 0.3]]).log().index_fill(1, torch.tensor([0]), 9.0)
    draws = torch.tensor([0.0, 0.62, 0.63, 0.999999])
    many = logits.expand(4, -1)
    assert choose(many, draws, top_p=0.7).tolist() == [2, 2, 4, 4]
    assert choose(many, draws, top_p=0.5).tolist() == [2] * 4
    assert choose(many, torch.tensor([0.96, 0.94, 0.81, 0.2])).tolist() == [3, 1, 1, 2]
    assert choose(many, draws, temperature=0).tolist() == [2] * 4
    half = choose(
        many[:1].expand(3, -1), torch.tensor([0.7, 0.73, 0.99]), temperature=0.5
    )  # squares: 0.685, 0.247, 0.062
    assert half.tolist() == [4, 4, 1]


@torch.no_grad()
def test_a_wide_beam_finds_the_likeliest_answer(model: GPT):
    prompt, most = torch.tensor([[START, 6]]), 3
    symbols = [s for s in range(9) if s != PAD]
    best, best_score = None, -torch.inf
    for answer in product(symbols, repeat=most):
        if END in answer[:-1] and any(s != END for s in answer[answer.index(END) :]):
            continue
        row = list(answer[: answer.index(END) + 1]) if END in answer else list(answer)
        x = torch.tensor([[*prompt[0].tolist(), *row]])
        log_p = model.logits(model(x[:, :-1])).double().index_fill(2, torch.tensor([PAD]), -torch.inf).log_softmax(2)
        score = float(log_p[0, 1:].gather(1, x[0, 2:, None]).sum())
        if score > best_score:
            best, best_score = row, score
    found = proceed(model, prompt, None, Decoding(beams=9**most, most=most))[0].tolist()
    assert [s for s in found if s != PAD] == best


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (GPTConfig(15, 2, 2), "multiple of model.heads"),
        (GPTConfig(16, 0, 2), "at least 1"),
        (GPTConfig(16, 2, 2, dropout=1.0), "share from 0"),
        (GPTConfig(16, 2, 2, context=5), "windows of the data have 12"),
    ],
)
def test_shapes_that_cannot_be_are_refused(config: GPTConfig, said: str):
    with pytest.raises(UserError, match=said):
        config.build(SPEC)


def test_what_is_no_text_is_refused():
    with pytest.raises(UserError, match="reads rows of symbols"):
        GPTConfig().build(DataSpec("image", (1, 8, 8)))
    for wrong in ({"top_p": 0.0}, {"temperature": -1.0}, {"most": 0}):
        with pytest.raises(UserError, match="top-p"):
            Decoding(**wrong)


def test_an_untrained_model_is_nearly_uniform_and_dropout_is_for_training_only():
    torch.manual_seed(0)
    model = GPTConfig(32, 2, 4, dropout=0.5).build(SPEC)
    x = torch.randint(1, 9, (64, 12), generator=torch.Generator().manual_seed(0))
    assert abs(float(model.eval().nats(x)[:, 1:].mean()) - torch.tensor(9.0).log()) < 0.05
    assert torch.equal(model(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))


def test_persisting_samples_from_the_law_under_a_condition(model: GPT):
    """First symbols that may not be 5: the law renormalised, by chi-square; a hopeless row says so."""
    n = 6000
    prompts = torch.tensor([[START, 5]]).expand(n, -1)
    answers, tries = persist(
        model, prompts, SampleNoise(1, n), Decoding(most=1), lambda i, a: int(a[0]) not in (5, 6), 60
    )
    assert tries.min() >= 1
    logits, _ = model.begin(prompts[:1])
    p = logits[0].double().index_fill(0, torch.tensor([PAD, 5, 6]), -torch.inf).softmax(0)
    expected, counts = n * p[p > 0], answers[:, 0].bincount(minlength=9)[p > 0]
    assert counts.sum() == n
    assert float(((counts - expected) ** 2 / expected).sum()) < 5 + 5 * 10**0.5
    alone, took = persist(model, prompts[:1], SampleNoise(1, 1, first=77), Decoding(most=1),
                          lambda i, a: int(a[0]) not in (5, 6), 60)  # fmt: skip
    assert (alone[0], took[0]) == (answers[77], tries[77])
    _, never = persist(model, prompts[:2], SampleNoise(1, 2), Decoding(most=1), lambda i, a: False, 3)
    assert never.tolist() == [0, 0]
    with pytest.raises(UserError, match="only by sampling"):
        persist(model, prompts, SampleNoise(1, n), Decoding(beams=2), lambda i, a: True, 3)
