"""Brings the results of finished studies into the repository, and the README's table up to date with them.

python tools/results.py collect reports/vae_cvae ...   copy results.json and environment.json into results/
python tools/results.py readme                         rewrite the table between the marks in README.md
"""

import json
import sys
from pathlib import Path

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


def collect(reports: list[str]) -> None:
    """Copy each study's measurements, and the machine they were made on."""
    for report in map(Path, reports):
        name = report.name
        results = json.loads((report / "results.json").read_text())
        environment = json.loads((report / "environment.json").read_text())
        environment.pop("command", None)
        write(ROOT / "results" / f"{name}.json", results)
        write(ROOT / "results" / "environment" / f"{name}.json", environment)


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def table() -> str:
    """The table of the README, from the committed results."""
    lines = [
        "| model (MNIST, three seeds) | −ELBO, nats per test image | −log p, k = 5,000 | fd-digits |",
        "| --- | ---: | ---: | ---: |",
    ]
    floor = None
    for title, study, recipe, names in ROWS:
        path = ROOT / "results" / f"{study}.json"
        held = json.loads(path.read_text()) if path.is_file() else []
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


def cell(m: dict | None) -> str:
    if m is None:
        return "–"
    if m["low"] is None:
        return f"{m['value']:.2f}"
    return f"{m['value']:.2f} ± {(m['high'] - m['low']) / 2:.2f}"


def readme() -> str:
    """README.md with a fresh table."""
    text = (ROOT / "README.md").read_text()
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["collect"]:
        collect(sys.argv[2:])
    elif sys.argv[1:] == ["readme"]:
        (ROOT / "README.md").write_text(readme())
    else:
        sys.exit(__doc__)
