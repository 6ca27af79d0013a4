"""A trained GPT-2 from a folder of your own, such as gpt2-fa, fine-tuned on the Shahnameh: the next beyt.

export SIMORGH_GPT2=/path/to/gpt2-fa           config.json, weights and tokeniser as Hugging Face lays them out
simorgh train verse-finetune --preset cpu      1 pass over 1,000 windows of five beyts; about half an hour, estimated
simorgh train verse-finetune --preset paper    3 passes over all windows, for a GPU

Loss on the answer and its end only, a small rate that rises and falls, weights of the best pass kept. No result is
promised: the weights are not ours, and a model that has read the web may have read the Shahnameh there. Compare bits
per character with verse-scratch, never perplexities: the symbols differ. Without a folder, verse-scratch is the recipe.

Requirement A3.2.
"""

from dataclasses import replace

from simorgh.data import DataConfig, TextConfig
from simorgh.models.pretrained_gpt import PretrainedGPTConfig
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    made = _experiment(
        preset,
        PretrainedGPTConfig(),
        data=DataConfig("shahnameh", validation=1000, text=TextConfig("folder", beyts=5)),
        epochs={"cpu": 1, "paper": 3},
        optimiser=OptimiserConfig("adamw", 5e-5, "cosine", warmup=0.1, weight_decay=0.01, clip=1.0),
        batch_size=16,
        precision="auto",
        keep="best",
        snapshots=0,
    )
    if preset == "smoke":  # pairs of beyts: pieces of bytes are many
        few = replace(made.evaluate, samples=40, images=200)
        return replace(made, data=replace(made.data, text=TextConfig("folder")), evaluate=few)
    return replace(made, data=replace(made.data, limit=1000)) if preset == "cpu" else made
