"""Folds: a partition that every model shares, even in every class, with groups in one piece, and a hash."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simorgh.contracts import UserError
from simorgh.data.folds import Folds, grouped, stratified

labels = st.lists(st.integers(0, 2), min_size=12, max_size=80)


@given(y=labels, count=st.integers(2, 6), key=st.integers(0, 9))
@settings(deadline=None)
def test_stratified_folds_partition_and_are_even_in_every_class(y, count, key):
    folds = stratified(y, count, key)
    assert sorted(np.concatenate([folds.held_out(f) for f in range(count)])) == list(range(len(y)))
    sizes = np.bincount(folds.of, minlength=count)
    assert sizes.max() - sizes.min() <= 1
    for label in set(y):
        held = np.bincount(folds.of[np.array(y) == label], minlength=count)
        assert held.max() - held.min() <= 1
    for f in range(count):
        assert sorted([*folds.training(f), *folds.held_out(f)]) == list(range(len(y)))


@given(groups=st.lists(st.sampled_from("abcdefghij"), min_size=30, max_size=90), key=st.integers(0, 9), data=st.data())
@settings(deadline=None)
def test_groups_stay_in_one_fold_and_together_in_the_order(groups, key, data):
    y = data.draw(st.lists(st.integers(0, 1), min_size=len(groups), max_size=len(groups)))
    if len(set(groups)) < 3:
        return
    folds = grouped(groups, y, 3, key, split="group")
    groups = np.array(groups)
    for group in set(groups.tolist()):
        assert len(set(folds.of[groups == group])) == 1
        places = np.flatnonzero(groups[folds.order] == group)
        assert places.max() - places.min() == len(places) - 1
    assert sorted(folds.order) == list(range(len(groups)))


def test_grouped_folds_are_as_even_as_groups_allow():
    """Six groups of ten, three of which are all of class 1: three folds of twenty with ten of each class."""
    groups = np.repeat(list("abcdef"), 10)
    y = np.repeat([1, 1, 1, 0, 0, 0], 10)
    for key in range(20):
        folds = grouped(groups, y, 3, key, split="group")
        assert np.bincount(folds.of).tolist() == [20, 20, 20]
        assert np.bincount(folds.of, y).tolist() == [10, 10, 10]


def test_no_fold_is_empty_where_every_group_is_of_one_class():
    groups = np.repeat(list("abcde"), [14, 9, 3, 3, 2])
    y = np.repeat([0, 0, 0, 1, 1], [14, 9, 3, 3, 2])
    for key in range(20):
        assert sorted(np.bincount(grouped(groups, y, 5, key, split="group").of, minlength=5)) == [2, 3, 3, 9, 14]


def test_equal_keys_give_equal_folds_and_others_do_not():
    y = np.arange(60) % 2
    groups = [str(i // 2) for i in range(60)]
    for make in (lambda *key: stratified(y, 5, *key), lambda *key: grouped(groups, y, 5, *key, split="group")):
        assert make(0).hash == make(0).hash
        assert make(0).hash != make(1).hash


def test_saved_folds_are_the_same_and_altered_ones_are_refused(tmp_path: Path):
    folds = stratified(np.arange(30) % 2, 5, 0, data="abc")
    path = tmp_path / "folds.json"
    folds.save(path)
    again = Folds.open(path, "abc")
    assert again.hash == folds.hash
    assert (again.of == folds.of).all()
    with pytest.raises(UserError, match="another table"):
        Folds.open(path, "def")
    plain = json.loads(path.read_text())
    plain["of"][0] = (plain["of"][0] + 1) % 5
    path.write_text(json.dumps(plain))
    with pytest.raises(UserError, match="was altered"):
        Folds.open(path)
    for content in ("[]", "{}", "nothing"):
        path.write_text(content)
        with pytest.raises(UserError, match="not a file of folds"):
            Folds.open(path)


def test_impossible_folds_are_refused():
    with pytest.raises(UserError, match="31 folds cannot be made of 30 examples"):
        stratified(np.zeros(30), 31)
    with pytest.raises(UserError, match="3 folds cannot be made of 2 groups"):
        grouped(list("ab"), [0, 1], 3, split="group")
    with pytest.raises(UserError, match="no fold 5"):
        stratified(np.zeros(30), 5).held_out(5)
