"""The orthogonal parts of every diffusion model; none knows a network, a loop or a family.

A level of noise is q >= 0, the noise-to-signal ratio sigma / alpha; the signal-to-noise ratio is q^-2. A noisy example
is kept as

    u = (x0 + q eps) / sqrt(1 + q^2),                                                                            (1)

whose spread stays near 1 for every q up to infinity, and z = x0 + q eps where that is handier. In (z, q) all Gaussian
paths coincide (Karras et al. 2022, arXiv 2206.00364, section 2), so samplers are written once, and a path is only a
way to walk through q in a time t in [0, 1], with a scale for what the network sees: x = alpha x0 + sigma eps.

path       t <-> q, and (alpha, sigma)            levels     which t a training step looks at
target     what the network is asked for          weight     how much an error at q counts
denoiser   (u, q, context) -> (x0, eps)           guidance   a denoiser out of denoisers
grid       the q that a sampler visits            steps      from one q to the next
exact      the denoiser of a finite data set      likelihood the probability-flow ODE, with its solver's error
"""
