"""The page of one run: an executed notebook and report.html inside the run directory."""

import json
from pathlib import Path

from simorgh.data import load
from simorgh.report.compare import compare
from simorgh.report.notebook import build, execute, save, to_html
from simorgh.train import Run

__all__ = ["compare", "run_report"]

_SOURCE = Path(__file__).parent / "templates" / "run.py"


def run_report(run: Run, lang: str = "en") -> Path:
    """Write report.ipynb and report.html of a finished run into its directory; returns the path of the page.

    Settings, training curves, samples, reconstructions, codes in the plane where they are two-dimensional, and
    every measurement with protocol, n, interval and floor.
    """
    # One sentence now, rather than a failed cell later, where the run is not finished or its data are not there.
    run.model()
    load(run.experiment.data)
    e = run.experiment
    subtitle = f"{e.preset}, seed {e.seed}, {e.data.name}"
    context = json.dumps({"run": str(run.path.resolve()), "lang": lang})
    notebook = execute(build(_SOURCE.read_text(encoding="utf-8"), lang), {"SIMORGH_RUN": context})
    page = to_html(notebook, e.name, lang, subtitle)
    save(notebook, run.path / "report.ipynb")
    return save(page, run.path / "report.html")
