"""An LSTM over the atoms of a SMILES, the states of all places flattened into fully connected layers.

simorgh train bbbp-lstm --preset cpu     5 passes over ten spellings of each molecule, 2 to 3 minutes of one core,
                                         reckoned from 2.5 s a pass over one spelling
simorgh train bbbp-lstm --preset paper   20 passes

Requirements A1.10 and A1.11. Other heads: --model.head last, pooled or attention.
"""

from simorgh.data import SmilesConfig
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.recipes._parts import strings as _strings
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = SequenceClassifierConfig(hidden=64, head="flatten", dropout=0.3)
    return _strings(preset, model, epochs={"cpu": 5, "paper": 20}, smiles=SmilesConfig(extra=9))
