"""Measurements of discrete codes: how a whole part of the data uses them, and what they cost to send."""

from math import log, prod

import torch

from simorgh.contracts import Measurement, Model, Quantises
from simorgh.data import Dataset, batches
from simorgh.evaluate.measure import context, measurement, named
from simorgh.metrics.codes import code_use
from simorgh.metrics.intervals import mean_interval
from simorgh.train import Run


def codes(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """code_perplexity, code_entropy, codes_used; prior_nats_per_code and prior_bits a test image."""
    if not isinstance(model, Quantises):
        return []
    maps, nats = [], []
    for batch in batches(data.test, run.experiment.data, 1000, device):
        found = model.codes(batch.x)
        maps.append(found.cpu())
        nats.append(model.code_nats(found, batch.y).cpu().double())
    maps, nats = torch.cat(maps), torch.cat(nats)
    k, places = model.code_count, prod(maps.shape[1:])
    use = code_use(maps, k)
    which = "all" if run.experiment.evaluate.images is None else "the first"
    grid = "x".join(map(str, maps.shape[1:]))
    protocol = f"{which} {len(maps)} {named(run)} test images, {grid} codes each"
    here = context(run, split="test", codes=k, collapse=use.collapse(model.codes_priced))
    return [
        measurement("code_perplexity", use.perplexity, "codes", f"exp of the entropy of use, {protocol}", context=here),
        measurement("code_entropy", use.entropy, "nats/code", f"entropy of use, {protocol}", context=here),
        measurement("codes_used", use.used, "codes", f"codes that occur, {protocol}", context=here),
        measurement("prior_nats_per_code", mean_interval(nats / places, kind="normal"), "nats/code",
                    f"-log p of the map by the model's prior over its codes, {protocol}", context=here),
        measurement("prior_bits", mean_interval(nats / log(2), kind="normal"), "bits/image",
                    f"-log2 p of the map by the model's prior over its codes, {protocol}", context=here),
    ]  # fmt: skip
