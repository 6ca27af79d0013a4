"""A GPT-2 of 1.9 million parameters on the Shahnameh, from nothing: the next beyt from those before it.

simorgh train verse-scratch --preset cpu     5 passes, 16 minutes on two cores: 1.59 bits a character where
                                             Kneser-Ney of order 9 has 1.95 on the same beyts (9 passes: 1.61)
simorgh train verse-scratch --preset paper   30 passes with 512 dimensions and 8 layers in place of 192 and 4, dropout
                                             and 1,024 pieces, for a GPU; 1.75 wanted

Requirements A3.1 to A3.7.
"""

from simorgh.data import DataConfig, TextConfig
from simorgh.models.gpt import GPTConfig
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    smoke = GPTConfig(48, 2, 2)
    model = GPTConfig(512, 8, 8, dropout=0.2) if paper else smoke if preset == "smoke" else GPTConfig(192, 4, 4)
    text = TextConfig("bpe", 1024 if paper else 512, beyts=5)
    return _experiment(
        preset,
        model,
        data=DataConfig("shahnameh", text=text),
        epochs={"cpu": 5, "paper": 30},
        optimiser=OptimiserConfig("muon", 3e-3, "cosine", warmup=0.03, betas=(0.9, 0.99), weight_decay=0.1, clip=1.0),
        batch_size=32 if paper else 16,
        snapshots=0,
    )
