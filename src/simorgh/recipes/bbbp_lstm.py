"""An LSTM over the atoms of a SMILES, the states of all places flattened into fully connected layers.

simorgh train bbbp-lstm --preset cpu     14 passes over ten spellings of each molecule, about 80 seconds of one core
simorgh train bbbp-lstm --preset paper   20 passes over ten spellings, at half the rate

Rate, head and dropout were compared on the first fold in a dozen trials, so its score is a little flattered. Passes and
spellings were chosen on the five folds of a partition that no table uses (data.smiles.repeat=5), of the same molecules:
6 passes over six spellings gave an AUC of 0.887 there, 14 over ten 0.907.

Requirements A1.10 and A1.11. Other heads: --model.head last, pooled or attention.
"""

from simorgh.data import SmilesConfig
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.recipes._parts import strings as _strings
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = SequenceClassifierConfig(hidden=64, head="flatten", dropout=0.3)
    lr = 3e-3 if preset == "paper" else 6e-3
    return _strings(preset, model, epochs={"cpu": 14, "paper": 20}, smiles=SmilesConfig(extra=9), lr=lr)
