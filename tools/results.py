"""Brings the results of finished studies into the repository, and the README's table up to date with them.

python tools/results.py collect reports/vae_cvae ...   copy results.json and environment.json into results/, or of
                                                       runs both, as results/PRESET/RECIPE.json, with means over seeds
python tools/results.py readme                         rewrite the table between the marks in README.md
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
ROWS = (
    ("VAE, 2-D code, 10 passes", "vae_cvae", "vae-mlp", ("neg_elbo", "iwae_bound", "fd_digits")),
    ("CVAE, 2-D code, 10 passes", "vae_cvae", "cvae-mlp", ("neg_elbo", "iwae_bound", "fd_digits")),
    ("VAE, 20-D code, 20 passes", "vae_cvae", "vae-fc", ("neg_elbo", "iwae_bound", "fd_digits")),
    ("CVAE, 20-D code, 10 passes", "vae_cvae", "cvae-fc", ("neg_elbo", None, "fd_digits")),
    ("Autoencoder, 2-D code, Gaussian fitted to codes", "ae_vs_vae", "ae-mlp", (None, None, "fd_digits")),
    ("Noisy autoencoder, 0.5 R in total", "ae_vs_vae", "ae-noisy", (None, None, "fd_digits")),
    ("VAE, Laplace prior", "latent_priors", "prior-laplace", ("neg_elbo", None, "fd_digits")),
    ("VAE, Student prior", "latent_priors", "prior-student", ("neg_elbo", None, "fd_digits")),
    ("VAE, spherical prior", "latent_priors", "prior-vmf", ("neg_elbo", None, "fd_digits")),
    ("VAE, learned mixture prior", "latent_priors", "prior-mixture", ("neg_elbo", None, "fd_digits")),
    ("VAE, 64 symbols", "latent_priors", "prior-categorical", ("neg_elbo", None, "fd_digits")),
    ("GAN", "ssgan", "gan", (None, None, "fd_digits")),
    ("WGAN, clipped weights", "ssgan", "wgan", (None, None, "fd_digits")),
    ("WGAN, gradient penalty", "ssgan", "wgan-gp", (None, None, "fd_digits")),
    ("SSGAN, narrow", "ssgan", "ssgan", (None, None, "fd_digits")),
    ("R3GAN", "ssgan", "r3gan", (None, None, "fd_digits")),
)

VERSE = (("rhyme_rate", "beyts that rhyme", ""), ("scan_rate", "hemistichs that scan", ""))
AUC = (("auc", "AUC, five random folds, three times", ""),)
APART = (("disentanglement_factor-vae", "FactorVAE score, 1 at best", ""),)
KL = (("kl", "KL of test images, nats", ""),)
FD = ("fd_digits", "fd-digits", "real")
NATS = ("prior_nats_per_code", "nats a code by the prior", "")
ERROR = (("variance_scaled_error", "squared error over the variance of pixels", ""),)
OTHERS = (
    ("VAE, 2-D code, 100 passes, three seeds", "paper/vae-mlp", "vae-mlp",
     (("neg_elbo", "−ELBO, nats per test image of MNIST", ""),
      ("iwae_bound", "−log p of the first 1,000, k = 5,000", ""), FD)),
    ("CVAE, 2-D code, 100 passes, three seeds", "paper/cvae-mlp", "cvae-mlp",
     (("neg_elbo", "−ELBO, nats per test image of MNIST", ""),)),
    ("VAE of Burda et al., 50-D code, 10 passes, one seed", "cpu/vae-50", "vae-50",
     (("iwae_bound", "−log p of the first 1,000 test images of MNIST, binarised, nats", ""),)),
    ("IWAE of Burda et al., 50-D code, 50 draws, 5 passes, one seed", "cpu/iwae-50", "iwae-50",
     (("iwae_bound", "the same", ""),)),
    ("VAE of Burda et al., 50-D code, 500 passes, one seed", "paper/vae-50", "vae-50",
     (("iwae_bound", "−log p of all test images of MNIST, binarised, nats (published: 86.76)", ""),)),
    ("IWAE of Burda et al., 50-D code, 50 draws, 300 passes, one seed", "paper/iwae-50", "iwae-50",
     (("iwae_bound", "the same (published: 84.78)", ""),)),
    ("dense GAN, the asked 100 passes, one seed", "paper/gan-dense", "gan-dense", (FD,)),
    ("dense GAN, 10 passes", "gan_vs_vae", "gan-dense", (FD,)),
    ("GPT-2 of 1.9 million parameters, the Shahnameh", "shahnameh", "verse-scratch",
     (("bits_per_char", "bits a character of held-out beyts", "Kneser-Ney of order 9"),)),
    ("its answers", "shahnameh", ": top-p 0.9, cpu", VERSE),
    ("its answers, drawn until both hold", "shahnameh", ": top-p 0.9, drawn until", VERSE),
    ("real answers", "shahnameh", ": real beyts, cpu", VERSE),
    ("BiLSTM on canonical SMILES of BBBP, mean of 20 spellings", "bbbp", "BiLSTM canonical random", AUC),
    ("LSTM of as many parameters, the same", "bbbp", "control canonical random", AUC),
    ("n-grams, logistic", "bbbp", "ngram canonical random", AUC),
    ("fingerprints, forest", "bbbp", "forest canonical random", AUC),
    ("VAE on sprites", "control_vae", "vae-sprites", KL),
    ("ControlVAE, set point 8", "control_vae", "control-vae-8", KL),
    ("ControlVAE, set point 14", "control_vae", "control-vae-14", KL),
    ("beta-VAE on all sprites, 0.4 passes, three seeds", "beta_vae", "beta-vae-sprites", APART),
    ("FactorVAE, the same", "beta_vae", "factor-vae", APART),
    ("ControlVAE, set point 16, the same", "beta_vae", "control-vae", APART),
    ("GAN told the class, 3 passes, one seed", "gan_mnist", "cgan",
     (FD, ("judge_accuracy", "samples read as the digit asked for", ""))),
    ("flow matching told the class, 8 passes, one seed", "cpu/flow", "flow",
     (("bits_per_dim", "bits a pixel of 100 test digits", "independent pixels"), FD,
      ("judge_accuracy", "samples read as the digit asked for", ""))),
    ("a classifier that has seen 10,000 samples of the flow and nothing else", "guidance", "flow",
     (("tstr_accuracy", "accuracy on real test digits", "trained on as many real ones"),)),
    ("DDPM, linear schedule, noise as target, 6 passes, one seed", "ddpm", "ddpm",
     (("bits_per_dim", "bits a pixel of 100 test digits", "independent pixels"), FD)),
    ("DDPM, cosine schedule, velocity as target, 6 passes, one seed", "ddpm", "ddpm-cosine-v",
     (("bits_per_dim", "bits a pixel of 100 test digits", "independent pixels"), FD)),
    ("latent diffusion told the class, 10 passes, one seed", "latent_diffusion", "latent-mnist",
     (FD, ("judge_accuracy", "samples read as the digit asked for", ""))),
    ("NCSN, 6 passes, one seed, 500 samples", "langevin", "ncsn", (FD,)),
    ("digits asked for by an English caption, 8 passes, one seed", "text_condition", "en known",
     (("caption_accuracy", "samples read as asked, known templates", "the judge on real digits"),)),
    ("the same in Persian", "text_condition", "fa known", (("caption_accuracy", "samples read as asked", ""),)),
    ("captchas of a text that was asked for, 60 passes, one seed", "captcha", "captcha-text",
     (("exact_match", "all five signs read as asked", "the reader on drawn ones"),)),
    ("residual VQ-VAE on coloured digits, 512 codes by running means, three seeds", "vq_vae_residual", "vq-res@ema",
     ERROR),
    ("the same, codes by gradient", "vq_vae_residual", "vq-res@gradient", ERROR),
    ("the same, rounding (FSQ)", "vq_vae_residual", "vq-res@fsq", ERROR),
    ("R3GAN on stacked MNIST, 5 passes, one seed", "cpu/r3gan-stacked", "r3gan-stacked",
     (("modes_covered", "modes of 1,000", "real"),)),
    ("the same, 20 passes", "paper/r3gan-stacked", "r3gan-stacked", (("modes_covered", "modes of 1,000", "real"),)),
    ("VQ-VAE, 3 codes of 2 dimensions, three seeds", "vq_vae", "vq-3x2", ERROR),
    ("VQ-VAE, 128 codes, 10 passes, one seed", "cpu/vq-vae", "vq-vae", (*ERROR, NATS, FD)),
    ("the same, 30 passes", "paper/vq-vae", "vq-vae", (*ERROR, NATS, FD)),
)  # fmt: skip
"""What stands beyond the table of digits: title; study; the run, recipe or classifier (see `named`), or what the
protocol says; and of each measurement its name, what it is in words, and what its floor is, "" for none."""


def collect(folders: list[str]) -> None:
    """Copy the measurements of each report or run, and the machine they were made on."""
    runs: dict[Path, list[Path]] = {}
    for folder in map(Path, folders):
        if (folder / "experiment.yaml").is_file():
            from simorgh.train import Run

            of = Run.open(folder).experiment
            runs.setdefault(ROOT / "results" / of.preset / f"{of.name}.json", []).append(folder)
        else:
            write(ROOT / "results" / f"{folder.name}.json", read(folder / "results.json"))
            write(ROOT / "results" / "environment" / f"{folder.name}.json", read(folder / "environment.json"))
    for path, group in runs.items():
        write(path, {"environment": read(group[0] / "environment.json"), "results": means(group)})


def means(runs: list[Path]) -> list[dict[str, Any]]:
    """The measurements that all of the runs have, which differ in their seed; those of one run as they are."""
    from simorgh.contracts import Measurement
    from simorgh.evaluate import over_seeds

    environments = [read(run / "environment.json") for run in runs]
    if any(environment != environments[0] for environment in environments):
        sys.exit(f"{', '.join(map(str, runs))}: not all of one commit and machine.")
    held = [{(row["name"], row["protocol"]): Measurement(**row) for row in read(run / "results.json")} for run in runs]
    return [asdict(over_seeds([of[key] for of in held])) for key in held[0] if all(key in of for of in held)]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table() -> str:
    """The table of digits, from the committed results."""
    lines = [
        "| model (MNIST, three seeds) | −ELBO, nats per test image | −log p, k = 5,000 | fd-digits |",
        "| --- | ---: | ---: | ---: |",
    ]
    floor = None
    for title, study, recipe, names in ROWS:
        path = ROOT / "results" / f"{study}.json"
        held = read(path) if path.is_file() else []
        mine = {m["name"]: m for m in held if m["context"].get("recipe") == recipe}
        if not mine:
            continue
        cells = [cell(mine.get(name)) if name else "" for name in names]
        floor = floor or mine.get("fd_digits", {}).get("floor")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    if floor is not None:
        lines += ["", f"Mean and 95 % Student interval over seeds; floor of fd-digits (real against real) {floor:.3f}."]
        lines += ["−log p: importance-weighted bound on the first 1,000 test images, with the encoder as proposal."]
    return "\n".join(lines)


def others() -> str:
    """The second table, of what has other measures."""
    lines = ["| model | measured | value | floor or ceiling |", "| --- | --- | ---: | ---: |"]
    for title, study, key, wanted in OTHERS:
        path = ROOT / "results" / f"{study}.json"
        held = read(path) if path.is_file() else []
        held = held["results"] if isinstance(held, dict) else held  # of a single run, with its environment
        mine = [m for m in held if key in named(m["context"]) or key in m["protocol"]]
        mine.sort(key=lambda m: m["context"].get("run") != key)  # a variant's recipe may be called like the run itself
        for name, words, floor in wanted:
            for m in [m for m in mine if m["name"] == name][:1]:
                digits = 3 if abs(m["value"]) < 10 else 1
                beside = f"{m['floor']:.{digits}f} ({floor})" if floor and m["floor"] is not None else ""
                lines.append(f"| {title} | {words} | {cell(m, digits)} | {beside} |")
    return "\n".join(lines)


def speed() -> str:
    """The third table, of the benchmarks that have been recorded."""
    lines = ["| speed | by `python benchmarks/` | median, 95 % interval |", "| --- | --- | ---: |"]
    for path in sorted((ROOT / "results" / "benchmarks").glob("*.json")):
        for m in read(path)["results"]:
            ends = "" if m["low"] is None else f" [{m['low']:.3g}, {m['high']:.3g}]"
            lines.append(f"| {m['context']['what']} | `{path.stem}.py` | {m['value']:.3g}{ends} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def named(context: dict) -> tuple[str | None, ...]:
    """What a measurement may be called by: its run, its recipe, a classifier with its spelling and its folds, or the
    language and kind of a caption."""
    said = [context[k] for k in ("model", "spelling", "split", "language", "templates") if k in context]
    return context.get("run"), context.get("recipe"), " ".join(map(str, said))


def cell(m: dict | None, digits: int = 2) -> str:
    if m is None:
        return "–"
    if m["low"] is None:
        return f"{m['value']:.{digits}f}"
    return f"{m['value']:.{digits}f} ± {(m['high'] - m['low']) / 2:.{digits}f}"


def readme() -> str:
    """README.md with fresh tables."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    tables = "\n\n".join(filter(None, (table(), others(), speed())))
    return f"{before}{BEGIN}\n{tables}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["collect"]:
        collect(sys.argv[2:])
    elif sys.argv[1:] == ["readme"]:
        (ROOT / "README.md").write_text(readme(), encoding="utf-8")
    else:
        sys.exit(__doc__)
