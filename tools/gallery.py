"""Puts pictures of finished studies into docs/gallery/ and writes docs/gallery.md about them.

python tools/gallery.py reports    take the figures below from the folders reports/STUDY that are there

A study that has no folder there keeps the picture that it has.
"""

import json
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
COLOURS, WIDTH = 128, 1000
"""A palette and a width that keep most pictures below 100 kB."""

PICTURES = (
    (
        "ae_vs_vae",
        "faults",
        "An autoencoder and a VAE: codes, places without digits, steep places, and the law drawn from",
    ),
    ("gan_mnist", "gan-final", "Unselected samples of the GAN, from the noise of all its grids"),
    (
        "divergences",
        "three_distances",
        "Why Wasserstein: three distances between two narrow laws, one moving past the other",
    ),
    ("fid", "transport", "What a Fréchet distance leaves out: a transport plan, and the excess of small samples"),
    ("control_vae", "both", "ControlVAE: KL and reconstruction of all runs in the same axes"),
    ("beta_vae", "rate-distortion", "The price of a nat: rate and distortion of five beta-VAEs"),
    ("vq_vae", "plane", "VQ-VAE: three codes of two numbers, and the vectors that they stand for"),
    ("vq_vae_residual", "voronoi", "Running means at work: eight codes find the clusters of a plane"),
    ("langevin", "ladder", "Langevin dynamics down a ladder of noise"),
    ("noise_levels", "trained", "Quality against evaluations: Langevin ladders and strided DDPM"),
    ("ddpm", "reverse", "DDPM: noise removed step by step"),
    ("guidance", "scales", "Classifier-free guidance: one noise, the scale growing downwards"),
    ("text_condition", "captions", "Digits asked for in English and in Persian"),
    ("latent_diffusion", "strip", "Latent diffusion: the map, and what its decoder sees, step by step"),
    ("captcha", "five", "Captchas of a text that was asked for"),
    ("bbbp", "saliency", "What an LSTM reads in a molecule: atoms that speak for passing the barrier, and against"),
    (
        "shahnameh",
        "window",
        "What a GPT is given of the Shahnameh: a window, whose answers count in the loss",
    ),
    ("mlp_sweep", "beginning", "Twelve ways to train one MLP: the first steps"),
)


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    target = ROOT / "docs" / "gallery"
    target.mkdir(exist_ok=True)
    lines = ["# Gallery", "", "Each picture is a figure of a study, made by the command below it on two CPU cores.", ""]
    for study, figure, caption in PICTURES:
        report = Path(sys.argv[1]) / study
        found = report / "figures" / f"{figure}.png"
        if found.is_file():
            told = json.loads((report / "context.json").read_text(encoding="utf-8"))
            if (told["preset"], told["lang"]) != ("cpu", "en"):
                sys.exit(f"{report} is of the preset {told['preset']} in {told['lang']}, not cpu in en.")
            shrunk(found, target / f"{study}-{figure}")
        for place in sorted(target.glob(f"{study}-{figure}.*")):
            lines += [f"![{caption}](gallery/{place.name})", "", f"*{caption}.* `simorgh study {study}`", ""]
    (ROOT / "docs" / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


def shrunk(path: Path, place: Path) -> None:
    """The picture at `place`, no wider than WIDTH: as JPEG or with a palette of COLOURS, whichever is smaller."""
    image = Image.open(path).convert("RGB")
    image.thumbnail((WIDTH, 10 * WIDTH), Image.Resampling.LANCZOS)
    forms = {".png": image.quantize(COLOURS, dither=Image.Dither.NONE), ".jpg": image}
    for ending, form in forms.items():
        form.save(place.with_suffix(ending), optimize=True)
    sizes = {ending: place.with_suffix(ending).stat().st_size for ending in forms}
    place.with_suffix(max(sizes, key=sizes.get)).unlink()


if __name__ == "__main__":
    main()
