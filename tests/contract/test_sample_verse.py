"""`simorgh sample` for runs that continue a text: answers with marks, files, and one sentence for a bad prompt."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from simorgh.cli import main
from simorgh.data import DataConfig, TextConfig
from simorgh.data.tokenisers import Tokeniser
from simorgh.evaluate.continuing import decoding, read_prompt, say
from simorgh.models.gpt import GPTConfig
from simorgh.report.verses import as_text
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig, Run, TrainConfig, fit

WORDS = ["دل", "گل", "جان", "خان", "مهر", "چهر", "سپاه", "ماه"]


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory) -> Run:
    """A little GPT that has learnt beyts of one word each by heart, of which all rhyme and none scans."""
    folder = tmp_path_factory.mktemp("verse")
    text = folder / "poems.txt"
    pairs = [f"{WORDS[i]}\t{WORDS[i + 1 - 2 * (i % 2)]}" for i in range(8)]
    poems = [[pairs[(k + j) % 8] for j in range(9)] for k in range(16)]  # each pair at each place
    text.write_text("\n\n".join(map("\n".join, poems)), encoding="utf-8")
    experiment = Experiment(
        "little-verse", "smoke", DataConfig(f"text:{text}", text=TextConfig(beyts=3)), GPTConfig(24, 1, 2),
        TrainConfig(40, 8, optimiser=OptimiserConfig("adamw", 1e-2), snapshots=0), EvaluateConfig(samples=20),
    )  # fmt: skip
    return fit(experiment, folder / "runs", progress=False)


def test_answers_are_written_shown_and_marked(run: Run, tmp_path: Path, capsys):
    out = tmp_path / "new" / "said.txt"
    main(["sample", str(run.path), "--prompt", "دل / گل", "-n", "4", "--seed", "3", "--out", str(out)])
    shown = capsys.readouterr().out.splitlines()
    lines = [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines[0][:4] == ["hemistich_1", "hemistich_2", "rhymes", "scans"]
    assert len(lines) == 5
    assert [f"{a} / {b}" for a, b, *_ in lines[1:]] == shown[0:8:2]
    for first, second, rhymes, scans, copied, _ in lines[1:]:
        assert copied == str(sum(half in WORDS for half in (first, second)))
        assert rhymes == ("yes" if first and second and first != second and first[-1] == second[-1] else "no")
        assert scans == "no"  # one word has no eleven syllables
    assert any(line[2:5] == ["yes", "no", "2"] for line in lines[1:]), "nothing was learnt by heart"
    page = out.with_suffix(".html").read_text(encoding="utf-8")
    assert '<html lang="fa" dir="rtl">' in page
    assert page.count("<tr>") == 5
    assert shown[-1].split() == [str(out), str(out.with_suffix(".html"))]


def test_the_page_shows_what_a_prompt_says_and_runs_none_of_it(run: Run):
    from simorgh.evaluate.continuing import Said
    from simorgh.report.verses import as_page

    seen = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)

    page = as_page(("<script>", "&"), [Said(("<b>", "a"), True, False, None, False)], "<i>")
    Reader().feed(page)
    assert not {"script", "b", "i"} & set(seen)
    assert "–" in page
    assert "http" not in page
    row = as_text([Said(("a\tb", "c\n"), True, False, None, False)]).splitlines()[1]
    assert row.split("\t") == ["a b", "c", "yes", "no", "–", "no"]


def test_the_same_seed_says_the_same_and_each_answer_its_own(run: Run):
    prompt = read_prompt(run, "جان\tخان")
    four = say(run, prompt, 4, decoding(4.0, 1.0, None, False), seed=5)
    assert as_text(four) == as_text(say(run, prompt, 4, decoding(4.0, 1.0, None, False), seed=5))
    assert say(run, prompt, 2, decoding(4.0, 1.0, None, False), seed=5) == four[:2]
    assert len({s.beyt for s in four}) > 1
    assert say(run, prompt, 4, decoding(4.0, 1.0, None, False), seed=6) != four
    greedy = say(run, prompt, 1, decoding(None, None, None, True))
    assert greedy == say(run, prompt, 1, decoding(None, None, 1, False)), "a search of one row is greedy"


def test_without_a_prompt_a_section_is_opened(run: Run):
    for said in say(run, None, 5, decoding(None, None, None, False)):
        assert said.ended
        assert said.copied is None


def test_only_verse_is_kept(run: Run, tmp_path: Path, capsys):
    main(["sample", str(run.path), "--verse", "-n", "2", "--out", str(tmp_path / "none.txt")])
    assert "2 of 2 answers are left out" in capsys.readouterr().err
    assert (tmp_path / "none.txt").read_text(encoding="utf-8").count("\n") == 1


def test_a_prompt_is_read_as_training_read_its_text(run: Run):
    plain = read_prompt(run, "مهر / چهر")
    assert plain == ("مهر", "چهر")
    for typed in ("مـهر،\tچِهر", "مهر\nچهر ", " مهر/چهر /"):
        assert read_prompt(run, typed) == plain
    coder = Tokeniser(run.spec.vocabulary)
    assert coder.decode(coder.encode(plain[0])) == plain[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prompt", "دل"], "this one has 1"),
        (["--prompt", "دل / گل / جان"], "this one has 3"),
        (["--prompt", " / "], "this one has 0"),
        (["--prompt", "love / گل"], "'l' 'o' 'v' 'e'"),
        (["--prompt", f"{'دل' * 30} / گل"], "to leave room"),
        (["--temperature", "0"], "above 0"),
        (["--temperature", "1", "--greedy"], "ask for one of them"),
        (["--beams", "0"], "at least one row"),
        (["--top-p", "1.5"], "top-p 1.5"),
        (["--greedy", "-n", "2"], "2 answers cannot be had"),
        (["--greedy", "--verse"], "Only drawn answers"),
        (["-n", "0"], "0 answers cannot be had"),
        (["--condition", "3"], "leave out --condition"),
        (["--steps", "3"], "leave out --steps"),
        (["--out", "a.png"], "should end in .txt"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(run: Run, arguments, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["sample", str(run.path), *arguments])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not list(tmp_path.iterdir())


def test_a_model_of_images_is_not_asked_for_text(smoke_runs: Path, capsys):
    from simorgh.recipes import recipe

    run = fit(recipe("digits-vae", "smoke"), smoke_runs, progress=False)
    with pytest.raises(SystemExit):
        main(["sample", str(run.path), "--prompt", "دل / گل", "--verse"])
    assert "digits-vae is no model of text: leave out --prompt, --verse." in capsys.readouterr().err


def test_without_the_data_nothing_is_said_of_copies(run: Run, tmp_path: Path, capsys):
    moved = Path(run.experiment.data.name.removeprefix("text:"))
    away = moved.rename(moved.with_suffix(".away"))
    try:
        main(["sample", str(run.path), "-n", "1", "--out", str(tmp_path / "said.txt")])
    finally:
        away.rename(moved)
    assert "nothing was searched for copies" in capsys.readouterr().err
    assert "\t–\t" in (tmp_path / "said.txt").read_text(encoding="utf-8")
