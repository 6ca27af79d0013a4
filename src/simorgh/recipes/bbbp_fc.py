"""A fully connected net on the one-hot characters of a molecule: the baseline of the sequence models.

simorgh train bbbp-fc --preset cpu     20 passes, about 10 seconds: AUC 0.805 on the first fold; every preset is the
                                       same net on the same data

Requirements A1.7 to A1.9. One fold of BBBP is held out (data.smiles.fold); the study answers for all of them.
"""

from simorgh.data import SmilesConfig
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.recipes._parts import strings as _strings
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = SequenceClassifierConfig(recurrent="none", embedding=0, dense=(128,), dropout=0.3)
    return _strings(preset, model, epochs={"cpu": 20, "paper": 20}, smiles=SmilesConfig(tokens="character"))
