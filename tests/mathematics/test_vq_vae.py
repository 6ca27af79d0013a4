"""The VQ-VAE: gradients that go where the equations say, a prior that is a law, and the same numbers for parts of a
batch as for the whole."""

import itertools
from dataclasses import replace
from math import nan

import numpy as np
import pytest
import torch
from torch import nn

from simorgh.contracts import Batch, DataSpec, Noise, Quantises, SampleNoise, Tick, UserError
from simorgh.models.vq_vae import VQVAE, VQVAEConfig
from simorgh.nn.autoregressive import Autoregressive
from simorgh.nn.codebook import Codebook
from simorgh.nn.grids import GridNetwork, Mixing
from simorgh.train import OptimiserConfig, TrainConfig
from simorgh.train.engine import Engine
from simorgh.train.loop import Loop, gradients

SPEC = DataSpec("image", (1, 8, 8), classes=3, mean=(0.3,) * 64)
NET = GridNetwork(hidden=8, residual=4, blocks=1)
PRIOR = Autoregressive(width=8, layers=1, heads=2)


def small(spec: DataSpec = SPEC, book: Codebook | None = None, **settings) -> VQVAE:
    torch.manual_seed(0)
    book = book or Codebook(codes=6, dim=3)
    return VQVAEConfig(book, NET, prior=PRIOR, **settings).build(spec)


def tick(step: int = 0, first: int = 0, total: int | None = None) -> Tick:
    return Tick(step, 0, 0.0, Noise(0, "train", step, first, total))


# who is moved by which term


@pytest.mark.parametrize("kind", ["gradient", "ema", "fsq"])
def test_gradient_flow(kind: str):
    """Reconstruction moves encoder and decoder, the codebook term the codes, commitment the encoder."""
    model = small(book=Codebook(9, 2, kind, levels=(3, 3) if kind == "fsq" else ()))
    x = Noise(1).uniform(8, 1, 8, 8)
    q = model.quantise(x)
    terms = {"reconstruction": model.error(x, q.values), "codebook": q.codebook, "commitment": q.commitment}
    moved = {}
    for name, term in terms.items():
        moved[name] = set()
        for part in ("encoder", "codebook", "decoder"):
            parameters = list(getattr(model, part).parameters())
            if parameters and term.requires_grad:
                grads = torch.autograd.grad(term.sum(), parameters, retain_graph=True, allow_unused=True)
                if any(g is not None and g.abs().sum() > 0 for g in grads):
                    moved[name].add(part)
    assert moved == {
        "reconstruction": {"encoder", "decoder"},
        "codebook": {"codebook"} if kind == "gradient" else set(),
        "commitment": set() if kind == "fsq" else {"encoder"},
    }


def test_loss_is_the_sum_of_its_terms_with_the_weight_beta():
    batch = Batch(Noise(1).uniform(8, 1, 8, 8))
    for beta in (0.25, 2.0):
        terms = small(book=Codebook(6, 3, commitment=beta)).loss(batch, tick(3))
        log = terms.logs
        expected = log["reconstruction"] + log["codebook"] + beta * log["commitment"]
        torch.testing.assert_close(terms.loss.detach(), expected)
        torch.testing.assert_close(log["codebook"], log["commitment"])


@pytest.mark.parametrize("reconstruction", ["mse", "bernoulli"])
def test_terms_by_hand(reconstruction: str):
    """Each term once more, with loops over images, positions and pixels."""
    model = small(reconstruction=reconstruction)
    x = Noise(1).uniform(5, 1, 8, 8)
    log = model.loss(Batch(x), tick(3)).logs
    z = model.encoder(x).detach().double()
    e = model.codebook.vectors.detach().double()
    least = [min(float((v - c).square().sum()) for c in e) for v in z.reshape(-1, 3)]
    assert float(log["commitment"]) == pytest.approx(64 * np.mean(least), rel=1e-5)
    eta = model.decoder(model.codebook.lookup(model.codes(x))).detach().double()
    if reconstruction == "mse":
        expected = (x - eta).square()
    else:
        expected = -(x * eta.sigmoid().log() + (1 - x) * (-eta).sigmoid().log())
    assert float(log["reconstruction"]) == pytest.approx(float(expected.sum() / 5), rel=1e-5)


@pytest.mark.parametrize("kind", ["gradient", "ema"])
def test_a_forward_pass_changes_nothing_and_a_repeated_batch_nothing_in_the_loss(kind: str):
    model = small(book=Codebook(6, 3, kind)).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    x = Noise(1).uniform(8, 1, 8, 8)
    for step in (0, 1):
        once = model.loss(Batch(x), tick(step))
        twice = model.loss(Batch(torch.cat([x, x])), tick(step))
        torch.testing.assert_close(once.loss, twice.loss)
        for name in ("use", "mass") if kind == "ema" else ("use",):
            torch.testing.assert_close(once.stats[name], twice.stats[name])
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


@pytest.mark.parametrize("kind", ["gradient", "ema"])
@pytest.mark.parametrize("step", [0, 7])
def test_parts_of_a_batch_give_the_statistics_of_the_whole(kind: str, step: int):
    """Also the vectors that travel whole, for k-means (step 0) and restarts. Uneven parts, as processes have them."""
    model = small(book=Codebook(6, 3, kind))
    objective, batch = model.objectives()[0], Batch(Noise(1).uniform(10, 1, 8, 8))
    _, whole = gradients(objective, batch, tick(step, 0, 10), 1)
    assert ("sample" in whole.stats) == (step == 0)
    assert ("candidates" in whole.stats) == (step > 0)
    for parts in (2, 3):
        _, split = gradients(objective, batch, tick(step, 0, 10), parts)
        for name, value in whole.stats.items():
            torch.testing.assert_close(split.stats[name], value)
    z = model.encoder(batch.x).detach()
    travelled = whole.stats["sample" if step == 0 else "candidates"]
    assert (travelled[:, None] - z.reshape(-1, 3)).abs().sum(2).min(1).values.max() < 1e-6, "not of the batch"


@pytest.mark.parametrize("parts", [1, 5, 10])
def test_the_use_of_codes_is_logged_for_the_whole_batch(parts: int):
    model = small(book=Codebook(6, 3, start="uniform"))
    batch = Batch(Noise(1).uniform(10, 1, 8, 8))
    with torch.no_grad():
        model.codebook.vectors.copy_(model.encoder(batch.x).reshape(-1, 3)[::7][:6])
    kinds = model.codes(batch.x).unique()
    training = TrainConfig(batch_size=10, epochs=1.0, micro_batches=parts)
    loop = Loop(model, lambda step: batch, training, 10, 0, Engine())
    loop.advance()
    logged = loop.logged()
    assert logged["autoencoder/used_codes"] == len(kinds) > 1
    assert 1 < logged["autoencoder/perplexity"] <= len(kinds)


# stages


def test_the_prior_learns_when_the_autoencoder_has_finished():
    model = small(prior_from=0.25)
    batch = Batch(Noise(1).uniform(8, 1, 8, 8))
    loop = Loop(
        model, lambda step: batch, TrainConfig(8, 8, optimiser=OptimiserConfig(schedule="cosine")), 8, 0, Engine()
    )
    parts = {"autoencoder": ("encoder", "codebook", "decoder"), "prior": ("prior",)}

    def state(name: str) -> list[torch.Tensor]:
        return [v.clone() for part in parts[name] for v in getattr(model, part).state_dict().values()]

    for step in range(8):
        before = {name: state(name) for name in parts}
        loop.advance()
        moved = {name for name in parts if any(not torch.equal(a, b) for a, b in zip(before[name], state(name)))}
        assert moved == ({"autoencoder"} if step < 2 else {"prior"})
    autoencoder, prior = model.objectives()
    assert [autoencoder.progress(p) for p in (0, 0.125)] == [0, 0.5]
    assert [prior.progress(p) for p in (0.25, 0.625, 1)] == [0, 0.5, 1]


# the prior


@pytest.mark.parametrize("classes", [0, 2])
def test_the_likelihood_of_all_maps_sums_to_one(classes: int):
    torch.manual_seed(0)
    prior = Autoregressive(8, 2, 2).build(2, (2, 2), classes)
    torch.nn.init.normal_(prior.head.weight, std=2.0)
    maps = torch.tensor(list(itertools.product((0, 1), repeat=4))).view(16, 2, 2)
    for y in range(max(classes, 1)):
        labels = torch.full((16,), y) if classes else None
        p = (-prior.nats(maps, labels).detach().double()).exp()
        assert float(p.sum()) == pytest.approx(1, abs=1e-5)
        assert p.max() > 2 * p.min(), "a uniform law would pass with future codes in sight"


def test_samples_follow_the_likelihood():
    """Chi-square over 16 maps: mean 15, deviation 5.5."""
    torch.manual_seed(0)
    prior = Autoregressive(8, 2, 2).build(2, (2, 2))
    torch.nn.init.normal_(prior.head.weight, std=2.0)
    maps = torch.tensor(list(itertools.product((0, 1), repeat=4))).view(16, 2, 2)
    expected = 20_000 * (-prior.nats(maps).detach().double()).exp()
    drawn = prior.sample(20_000, SampleNoise(0, 20_000)).flatten(1) @ torch.tensor([8, 4, 2, 1])
    counts = drawn.bincount(minlength=16)
    assert float(((counts - expected) ** 2 / expected).sum()) < 15 + 5 * 5.5


def test_a_code_depends_on_those_before_it_only():
    torch.manual_seed(0)
    prior = Autoregressive(8, 2, 2).build(5, (3, 4))
    torch.nn.init.normal_(prior.head.weight)
    one_hot = torch.nn.functional.one_hot(torch.arange(12).view(1, 3, 4) % 5, 5).float()
    embedded = (one_hot.flatten(1, 2) @ prior.token.weight.detach()).requires_grad_()
    h = torch.cat([prior._first(1, None), embedded[:, :-1]], 1) + prior._places()
    for block in prior.blocks:
        h = block(h)
    logits = prior.head(prior.norm(h))
    for i in range(12):
        (slope,) = torch.autograd.grad(logits[0, i].square().sum(), embedded, retain_graph=True)
        assert (slope[0, :i].abs().sum(1) > 0).all(), "not all that came before is seen"
        assert slope[0, i:].abs().sum() == 0, "the future is seen"


def test_an_untrained_prior_is_uniform():
    prior = Autoregressive(8, 1, 2).build(7, (3, 3))
    nats = prior.nats(torch.arange(18).view(2, 3, 3) % 7)
    torch.testing.assert_close(nats, torch.full((2,), 9 * float(np.log(7))))


def test_sample_alone_equals_sample_in_a_batch():
    torch.manual_seed(0)
    prior = Autoregressive(16, 2, 4).build(20, (4, 4), 3)
    torch.nn.init.normal_(prior.head.weight)
    y = torch.arange(50) % 3
    crowd = prior.sample(50, SampleNoise(1, 50), y)
    for i in (0, 17, 49):
        assert torch.equal(prior.sample(1, SampleNoise(1, 1, first=i), y[i : i + 1])[0], crowd[i])


def test_validation_is_reconstruction_and_prior_of_the_model_as_used():
    model = small(reconstruction="bernoulli").eval()
    assert isinstance(model, Quantises)
    x = Noise(1).uniform(6, 1, 8, 8).round()
    maps = model.codes(x)
    assert maps.shape == (6, 2, 2)
    mean = model.decode_codes(maps).double()
    nats = -(x * mean.log() + (1 - x) * (1 - mean).log()).flatten(1).sum(1).mean() + 4 * np.log(6)
    assert float(model.validate(Batch(x), tick()).loss.detach()) == pytest.approx(float(nats.detach()), rel=1e-5)
    torch.testing.assert_close(model.reconstruct(x), model.decode_codes(maps))


@pytest.mark.parametrize(("shape", "grid"), [((3, 28, 28), (7, 7)), ((1, 12, 20), (3, 5))])
def test_other_sizes_and_channels(shape: tuple[int, ...], grid: tuple[int, int]):
    model = small(DataSpec("image", shape, mean=(0.2,) * int(np.prod(shape))))
    assert model.codes(torch.rand(2, *shape)).shape == (2, *grid)
    assert model.sample(2, SampleNoise(0, 2)).shape == (2, *shape)


def test_the_network_of_the_practical_has_its_layers():
    """128 hidden, 32 residual, two blocks: weights and biases counted by hand for three channels and D = 64."""
    encoder = GridNetwork(128, 32, 2).encoder(DataSpec("image", (3, 32, 32)), 64)
    block = 9 * 128 * 32 + 32 + 32 * 128 + 128
    expected = 16 * 3 * 64 + 64 + 16 * 64 * 128 + 128 + 9 * 128 * 128 + 128 + 2 * block + 128 * 64 + 64
    assert sum(p.numel() for p in encoder.parameters()) == expected
    assert encoder(torch.zeros(2, 3, 32, 32)).shape == (2, 8, 8, 64)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"codebook": Codebook(codes=9, dim=2, kind="fsq", levels=(3, 4))}, "make 12 codes"),
        ({"codebook": Codebook(codes=8, dim=3, kind="fsq", levels=(2, 2, 2))}, "at least 3"),
        ({"codebook": Codebook(levels=(3,))}, "kind fsq only"),
        ({"network": GridNetwork(hidden=7)}, "should be even"),
        ({"network": GridNetwork(mixing=-1)}, "mixing -1"),
        ({"prior": Autoregressive(width=10, heads=4)}, "multiple of prior.heads"),
        ({"prior_from": 0.0}, "prior_from is 0.0"),
    ],
)
def test_impossible_settings_are_refused(change: dict, word: str):
    with pytest.raises(UserError, match=word):
        replace(VQVAEConfig(), **change).build(SPEC)
    with pytest.raises(UserError, match="divide by 4"):
        VQVAEConfig().build(DataSpec("image", (1, 10, 8)))


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"codes": 1}, "codes is 1"),
        ({"decay": 1.0}, "decay is 1.0"),
        ({"commitment": nan}, "commitment is nan"),
    ],
)
def test_a_codebook_out_of_range_is_refused(setting: dict, word: str):
    with pytest.raises(UserError, match=word):
        Codebook(**setting)


def test_codes_are_priced_where_a_rate_is_set():
    assert [small(book=Codebook(codes=6, dim=3, rate=rate)).codes_priced for rate in (0.0, 0.1)] == [False, True]


def test_mixing_lets_a_code_see_the_whole_image():
    """Without it the vector of one corner knows nothing of the other. It begins as the identity."""
    spec = DataSpec("image", (1, 28, 28))
    x, turned = torch.rand(1, 1, 28, 28), torch.rand(1, 1, 28, 28)
    turned[..., :24, :] = x[..., :24, :]
    seen = {}
    for mixing in (0, 16):
        net = GridNetwork(8, 4, 1, mixing)
        for place, part in (("code", net.encoder(spec, 2)), ("pixel", net.decoder(spec, 2))):
            for name, weights in part.named_parameters():
                if "layers.2.weight" in name and weights.shape == (49, mixing):
                    nn.init.normal_(weights)
            if place == "code":
                seen[place, mixing] = bool((part(x)[0, 0] != part(turned)[0, 0]).any())
            else:
                z, other = torch.rand(1, 7, 7, 2), torch.rand(1, 7, 7, 2)
                other[:, :6] = z[:, :6]
                seen[place, mixing] = bool((part(z)[..., 0, :] != part(other)[..., 0, :]).any())
    assert seen == {("code", 0): False, ("pixel", 0): False, ("code", 16): True, ("pixel", 16): True}
    fresh = Mixing(8, 49, 16)
    h = torch.rand(2, 8, 7, 7)
    assert torch.equal(fresh(h), h)
