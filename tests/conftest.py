"""Settings of the whole suite: tests marked `mnist`, `bbbp` or `shahnameh` need real files and are skipped without."""

import os
from pathlib import Path

import pytest

MNIST = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


NEEDED = {
    "mnist": (MNIST, "the four MNIST files"),
    "bbbp": (["BBBP.csv"], "BBBP.csv"),
    "shahnameh": (["shahnameh.tsv"], "shahnameh.tsv.gz"),
}


@pytest.fixture(name="smoke_runs", scope="session")
def _smoke_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs of the smoke preset lie, for all tests of all workers: each is trained once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "smoke-runs"


@pytest.fixture(name="gpt2_folder", scope="session")
def _gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little GPT-2 as Hugging Face lays it out, with the marks and the kind of tokeniser that gpt2-fa has."""
    transformers, tokenizers = pytest.importorskip("transformers"), pytest.importorskip("tokenizers")
    import torch

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>", "<|startoftext|>", "<nl>", "<hs>", "<sep>"]
    level = tokenizers.pre_tokenizers.ByteLevel
    coder = tokenizers.Tokenizer(tokenizers.models.BPE())
    coder.pre_tokenizer, coder.decoder = level(add_prefix_space=False), tokenizers.decoders.ByteLevel()
    letters = [letter * 3 for letter in "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیأئؤ"]
    lines = ["توانا بود هر که دانا بود", "ز دانش دل پیر برنا بود", "به نام خداوند جان و خرد", *letters]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=340, special_tokens=marks, show_progress=False,
                                             initial_alphabet=level.alphabet())  # fmt: skip
    coder.train_from_iterator(lines, trainer)
    shape = transformers.GPT2Config(vocab_size=coder.get_vocab_size(), n_positions=640, n_embd=32, n_layer=2, n_head=2,
                                    bos_token_id=0, eos_token_id=2, pad_token_id=1)  # fmt: skip
    folder = tmp_path_factory.mktemp("gpt2")
    generator = torch.random.get_rng_state()
    torch.manual_seed(0)
    transformers.GPT2LMHeadModel(shape).save_pretrained(folder)
    torch.random.set_rng_state(generator)
    coder.save(str(folder / "tokenizer.json"))
    coder.model.save(str(folder))
    return folder


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "minutes(n): takes about so long on one core; the longest begin first")
    for name, (_, what) in NEEDED.items():
        config.addinivalue_line("markers", f"{name}: needs {what} in $SIMORGH_DATA/{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Workers take turns at the end of the list: what is long stands first, so that none is left alone with it.
    items.sort(key=lambda item: -(mark.args[0] if (mark := item.get_closest_marker("minutes")) else 0))
    for name, (files, what) in NEEDED.items():
        folder = Path(os.environ.get("SIMORGH_DATA", "")).expanduser() / name
        missing = [n for n in files if not (folder / n).is_file() and not (folder / f"{n}.gz").is_file()]
        if "SIMORGH_DATA" not in os.environ or missing:
            skip = pytest.mark.skip(reason=f"SIMORGH_DATA names no folder with {what} in {name}/")
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(skip)
