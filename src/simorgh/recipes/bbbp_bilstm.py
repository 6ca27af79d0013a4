"""The LSTM of bbbp-lstm read from both ends: one switch, and no other setting is changed.

simorgh train bbbp-bilstm --preset cpu                                     3 passes, about twice the time
simorgh train bbbp-lstm --preset cpu --model.equal-parameters              its control: one direction, equally many
                                                                           parameters
Requirement A1.12.
"""

from simorgh.recipes import bbbp_lstm
from simorgh.recipes._parts import vary as _vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _vary(bbbp_lstm.experiment(preset), bidirectional=True)
