"""Every demand of the assignments is answered by a study, or listed as an exception or as still to come."""

import re
from pathlib import Path

import pytest

from simorgh.recipes import recipes
from simorgh.studies.header import studies

COVERAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def rows() -> dict[str, str]:
    return dict(re.findall(r"^\| ([A-E]\S+) \| (.*) \|$", COVERAGE.read_text(), re.MULTILINE))


def test_all_demands_are_listed_once():
    ids = re.findall(r"^\| ([A-E]\S+) \|", COVERAGE.read_text(), re.MULTILINE)
    assert len(ids) == len(set(ids)) == 200


def test_table_and_headers_agree():
    said = {(i, study) for i, where in rows().items() for study in re.findall(r"`(\w+)`", where)}
    answered = {(i, study.name) for study in studies() for i in study.answers}
    assert answered == said


def test_nothing_is_left_without_a_word():
    for i, where in rows().items():
        assert where.startswith(("`", "exception: ", "to come: ")), i


@pytest.mark.parametrize("study", studies(), ids=lambda s: s.name)
def test_studies_name_recipes_that_exist(study):
    assert {key.split("@")[0] for key in study.runs} <= set(recipes())
