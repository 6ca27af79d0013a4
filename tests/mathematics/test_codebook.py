"""Codebooks: one vector and its code, codes that move as the formula says, finite scalars, how codes are counted."""

import numpy as np
import pytest
import torch

from simorgh.contracts import Noise, UserError
from simorgh.metrics.codes import code_use, pixel_variance, scaled_error
from simorgh.nn.codebook import Codebook, Rows
from simorgh.nn.quantise import k_means, nearest_codes, perplexity, straight_through


def normal(*shape: int, name: str = "x") -> torch.Tensor:
    return Noise(3).normal(*shape, name=name)


# one vector, one code


def test_straight_through_is_b_forward_and_the_identity_backward():
    a = (1e6 * normal(50, 4, name="a")).requires_grad_()  # a + (b - a) would be b to some digits only
    b = normal(50, 4, name="b").requires_grad_()
    slope = normal(50, 4, name="slope")
    out = straight_through(a, b)
    assert torch.equal(out, b)
    to_a, to_b = torch.autograd.grad(out, (a, b), slope, allow_unused=True)
    assert torch.equal(to_a, slope)
    assert to_b is None
    with pytest.raises(ValueError, match="copy"):
        straight_through(a, b[:1])


@pytest.mark.parametrize(("n", "codes", "dim"), [(1, 2, 1), (700, 64, 5), (1500, 256, 8)])
def test_nearest_codes_equal_brute_force(n: int, codes: int, dim: int):
    z, e = normal(n, dim, name="z").double(), normal(codes, dim, name="e").double()
    brute = (z[:, None] - e).square().sum(2).argmin(1)
    assert torch.equal(nearest_codes(z, e), brute)
    assert nearest_codes(z.view(1, n, dim), e).shape == (1, n)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["gradient", "ema"])
def test_a_rate_weighs_the_nats_of_a_code_against_its_distance(kind: str):
    z, entropies = normal(2000, 3, name="z"), []
    for rate in (0.0, 1.0, 3.0):
        book = Codebook(16, 3, kind, restart=0.0, rate=rate).build()
        book.follow(book.observe(z, book(z).indices, Rows(0, 0, len(z))))  # the start by k-means
        for step in range(1, 30):
            book.follow(book.observe(z, book(z).indices, Rows(step, 0, len(z))))
        price = -rate * book.use.clamp(min=1e-8).log()
        brute = ((z[:, None] - book.vectors).square().sum(2) + price).argmin(1)
        assert torch.equal(book(z).indices, brute)
        entropies.append(float(perplexity(brute.bincount(minlength=16) / len(z)).log()))
    assert entropies[0] > entropies[1] + 0.1
    assert entropies[1] > entropies[2] + 0.1


@torch.no_grad()
def test_a_code_that_nobody_chooses_has_a_price_all_the_same():
    """-ln 0 is taken at a share of 1e-8, 18.42 nats: a vector that is farther from the other code pays them."""
    book = Codebook(2, 1, restart=0.0, rate=1.0).build()
    book.vectors.copy_(torch.tensor([[0.0], [5.0]]))
    book.use.copy_(torch.tensor([1.0, 0.0]))
    assert book.choose(torch.tensor([[4.3], [4.4]])).tolist() == [0, 1]  # 18.49 - 0.49 and 19.36 - 0.36


def test_rates_that_mean_nothing_are_refused():
    for rate in (-0.1, float("nan"), float("inf")):
        with pytest.raises(UserError, match=r"codebook\.rate is"):
            Codebook(rate=rate)
    with pytest.raises(UserError, match="nothing to kind fsq"):
        Codebook(9, 2, "fsq", levels=(3, 3), rate=0.1).build()


def test_equally_near_codes_are_decided_for_the_lower_index():
    z, e = torch.zeros(3000, 2), torch.tensor([[2.0, 2], [1, 0], [0, -1], [-1, 0], [1, 0]])
    assert (nearest_codes(z, e) == 1).all()


def test_k_means_finds_clusters_far_apart():
    centres = 100 * torch.tensor([[0.0, 0], [1, 0], [0, 1], [5, 5]])
    which = torch.arange(400) % 4
    found, share = k_means(centres[which] + normal(400, 2), 4)
    torch.testing.assert_close(found[nearest_codes(centres, found)], centres, atol=0.5, rtol=0)
    torch.testing.assert_close(share, torch.full((4,), 0.25))
    equal, _ = k_means(torch.ones(9, 2), 4)  # fewer different vectors than codes
    assert torch.equal(equal, torch.ones(4, 2))


def test_perplexity():
    assert float(perplexity(torch.tensor([0.25] * 4))) == pytest.approx(4)
    assert float(perplexity(torch.tensor([0.0, 1, 0]))) == pytest.approx(1)


# how codes move


def test_ema_equals_its_formula_by_hand():
    book = Codebook(2, 1, "ema", decay=0.9, restart=0.0, start="uniform").build()
    book.vectors.copy_(torch.tensor([[0.0], [10.0]]))
    book.mass.copy_(book.vectors / 2)
    z = torch.tensor([1.0, 2.0, 3.0, 9.0]).view(4, 1, 1)
    q = book(z)
    assert q.indices.flatten().tolist() == [0, 0, 0, 1]
    book.follow(book.observe(z, q.indices, Rows(5, 0, 4)))
    # N = 0.9 / 2 + 0.1 n,  m = 0.9 e / 2 + 0.1 s
    use, mass = [0.45 + 0.075, 0.45 + 0.025], [0.1 * 6 / 4, 4.5 + 0.1 * 9 / 4]
    torch.testing.assert_close(book.use, torch.tensor(use))
    torch.testing.assert_close(book.vectors.flatten(), torch.tensor(mass) / torch.tensor(use))


def test_a_code_that_nobody_chooses_stays_where_it_is_without_restarts():
    book = Codebook(2, 1, "ema", decay=0.9, restart=0.0, start="uniform").build()
    book.vectors.copy_(torch.tensor([[0.0], [10.0]]))
    book.mass.copy_(book.vectors / 2)
    z = torch.zeros(4, 1, 1)
    for step in range(1, 2000):
        book.follow(book.observe(z, book(z).indices, Rows(step, 0, 4)))
    assert float(book.vectors[1]) == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize("kind", ["gradient", "ema"])
def test_restarts_bring_dead_codes_back_and_collapse_is_named(kind: str):
    z = normal(256, 1, 2)

    def trained(restart: float):
        torch.manual_seed(0)
        book = Codebook(16, 2, kind, decay=0.9, restart=restart, start="uniform").build()
        with torch.no_grad():
            far = book.vectors + 50.0
            book.place(torch.arange(16) > 0, far, torch.full((16,), 1 / 16))  # all but the first are out of reach
            for step in range(1, 300):
                book.follow(book.observe(z, book(z).indices, Rows(step, 0, 256)))
        return book

    dead, alive = (code_use(trained(r)(z).indices, 16) for r in (0.0, 0.05))
    assert dead.used.value == 1
    assert dead.collapse().startswith("Collapsed: 1 of 16 codes")
    assert dead.collapse(priced=True) == dead.collapse()
    assert alive.used.value == 16
    assert alive.collapse() is None


def test_uneven_use_is_a_collapse_only_of_codes_without_a_price():
    """Of 64 codes one stands for nearly all and the others now and then: a perplexity of about 3."""
    maps = torch.zeros(640, 10, dtype=torch.int64)
    maps[:, 0] = torch.arange(640) % 64
    use = code_use(maps, 64)
    assert use.perplexity.value < 6.4 < use.used.value == 64
    assert "64 of 64 codes are used" in use.collapse()
    assert use.collapse(priced=True) is None
    few = code_use(maps[maps[:, 0] < 6], 64)
    assert few.collapse(priced=True).startswith("Collapsed: 6 of 64 codes")


def test_a_restarted_code_keeps_its_place_in_the_next_step():
    """Its running sum and count start anew with it: otherwise the next mean pulls it back to where it was."""
    book = Codebook(2, 1, "ema", decay=0.99, restart=0.5, start="uniform").build()
    book.vectors.copy_(torch.tensor([[0.0], [1000.0]]))
    book.use.copy_(torch.tensor([1.0, 1e-3]))
    book.mass.copy_(book.vectors * book.use[:, None])
    z = torch.tensor([-1.0, 1.0, -1.0, 1.0]).view(4, 1, 1)
    for step in (1, 2, 3):
        book.follow(book.observe(z, book(z).indices, Rows(step, 0, 4)))
        assert abs(float(book.vectors[1])) <= 1.001


def test_k_means_start_sets_sums_and_counts_together():
    """The step after the start must not undo it."""
    z = torch.cat([normal(64, 1, 2, name=str(c)) * 0.01 + c for c in (0.0, 5.0, 9.0)])
    book = Codebook(3, 2, "ema").build()
    book.follow(book.observe(z, book(z).indices, Rows(0, 0, len(z))))
    started = book.vectors.clone()
    assert sorted(started[:, 0].round().tolist()) == [0, 5, 9]
    torch.testing.assert_close(book.mass, started / 3)
    book.follow(book.observe(z, book(z).indices, Rows(1, 0, len(z))))
    torch.testing.assert_close(book.vectors, started, atol=1e-4, rtol=0)


# finite scalars


@pytest.mark.parametrize("levels", [(3,), (3, 5), (8, 5, 4), (7, 4)])
def test_fsq_reaches_all_codes_and_no_other(levels: tuple[int, ...]):
    codes = int(np.prod(levels))
    book = Codebook(codes, len(levels), "fsq", levels=levels).build()
    z = 2 * (2 * Noise(0).uniform(200 * codes, len(levels)) - 1)
    q = book(z)
    assert q.indices.unique().tolist() == list(range(codes))
    torch.testing.assert_close(book.lookup(q.indices), q.values)
    assert book.lookup(torch.arange(codes)).unique(dim=0).shape[0] == codes
    assert q.values.abs().max() <= 1
    if all(n % 2 for n in levels):
        assert torch.equal(book(torch.zeros(1, len(levels))).values, torch.zeros(1, len(levels)))


# measurements


def test_pixel_variance_and_scaled_error():
    pixels = torch.randint(256, (50, 3, 4, 4), generator=torch.Generator().manual_seed(0)).byte()
    variance = pixel_variance(pixels)
    assert variance == pytest.approx(float((pixels.double() / 255).var(unbiased=False)), rel=1e-12)
    grey = (pixels / 255 - (pixels / 255).mean()).square().flatten(1).mean(1)
    assert scaled_error(grey, variance).value == pytest.approx(1, rel=1e-5)
    with pytest.raises(UserError, match="all pixels are equal"):
        pixel_variance(torch.zeros(2, 2, dtype=torch.uint8))


def test_use_of_codes_is_counted_over_the_whole_part():
    """Each of two halves uses half of the codes: a mean of their perplexities would be 4, not 8."""
    maps = torch.cat([torch.arange(4).repeat(50, 1), 4 + torch.arange(4).repeat(50, 1)])
    use = code_use(maps, 10)
    assert use.perplexity.value == pytest.approx(8)
    assert use.entropy.value == pytest.approx(np.log(8))
    assert use.used.value == 8
    assert use.shares.sum() == pytest.approx(1)
    with pytest.raises(UserError, match="not among 7 codes"):
        code_use(maps, 7)


def test_intervals_of_use_cover_fresh_parts():
    """95 % intervals from 200 maps against the entropy of the law and the codes found in as many fresh maps."""
    rng = np.random.default_rng(0)
    law = 0.5 ** np.arange(1, 13)
    law /= law.sum()
    entropy = -(law * np.log(law)).sum()
    hit, met, rounds = 0, 0, 200
    for _ in range(rounds):
        ours, fresh = (rng.choice(12, (200, 3), p=law) for _ in range(2))
        use = code_use(ours, 12)
        hit += use.entropy.low <= entropy <= use.entropy.high
        met += use.used.low - 1 <= len(np.unique(fresh)) <= use.used.high + 2
    assert hit >= 0.88 * rounds
    assert met >= 0.9 * rounds
