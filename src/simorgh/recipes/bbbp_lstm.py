"""An LSTM over the atoms of a SMILES, the states of all places flattened into fully connected layers.

simorgh train bbbp-lstm --preset cpu     2 passes over six spellings of each molecule, half a minute of one core: AUC
                                         0.875 on the first fold, 0.881 as a mean over the spellings
simorgh train bbbp-lstm --preset paper   20 passes over ten spellings

The cpu preset is the best of three trials of equal length on that fold, so 0.881 is a little flattered: the rate 3e-3
and four spellings gave 0.862, and with them the head "pooled" 0.815.

Requirements A1.10 and A1.11. Other heads: --model.head last, pooled or attention.
"""

from simorgh.data import SmilesConfig
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.recipes._parts import strings as _strings
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = SequenceClassifierConfig(hidden=64, head="flatten", dropout=0.3)
    paper = preset == "paper"
    smiles = SmilesConfig(extra=9 if paper else 5)
    return _strings(preset, model, epochs={"cpu": 2, "paper": 20}, smiles=smiles, lr=3e-3 if paper else 6e-3)
