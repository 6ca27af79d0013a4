"""What a string model has to beat: classifiers of molecules that scikit-learn fits in seconds.

    ngram    counts of 1 to 3 neighbouring characters of the SMILES, weighted by their rarity (tf-idf with 1 + log
             counts), and a logistic regression: a bag of fragments, without order
    forest   300 trees (Breiman 2001) on ECFP4 fingerprints (Rogers & Hahn 2010): it sees the molecule, not its string

They predict as the networks do, from strings in place of tokens: texts (B,) -> probabilities (B, classes).
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from simorgh.data.chemistry import fingerprints


class NGrams:
    """Describes SMILES by their neighbouring characters; what is described is learnt from the texts it is made with."""

    def __init__(self, texts: Sequence[str]):
        self.vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False, sublinear_tf=True)
        self.vectors.fit(texts)

    def __call__(self, texts: Sequence[str]):
        return self.vectors.transform(texts)


class Fingerprints:
    """Describes SMILES by the neighbourhoods of their atoms; there is nothing to learn."""

    def __init__(self, texts: Sequence[str]):
        pass

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        return fingerprints(texts)


class Floor:
    """A description of strings and a classifier, fitted to `texts` (N,) with labels y (N,)."""

    def __init__(
        self,
        describe: Callable,
        classifier: Callable[[int], ClassifierMixin],
        texts: Sequence[str],
        y: np.ndarray,
        seed: int,
    ):
        self.describe = describe(texts)
        self.classifier = classifier(seed).fit(self.describe(texts), y)

    def predict(self, texts: Sequence[str]) -> Tensor:
        """(B, classes) probabilities."""
        return torch.from_numpy(self.classifier.predict_proba(self.describe(texts)))

    def features(self, texts: Sequence[str]) -> Tensor:
        """(B, d) the description."""
        found = self.describe(texts)
        return torch.from_numpy(np.asarray(found.todense() if hasattr(found, "todense") else found))


def _logistic(seed: int) -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=2000)  # convex: the seed decides nothing


def _forest(seed: int) -> RandomForestClassifier:
    return RandomForestClassifier(300, random_state=seed)


FLOORS: dict[str, Callable[..., Floor]] = {
    "ngram": partial(Floor, NGrams, _logistic),
    "forest": partial(Floor, Fingerprints, _forest),
}
"""By name, a function (texts, y, seed) -> Floor."""
