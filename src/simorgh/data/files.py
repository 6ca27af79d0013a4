"""Where the user's own copies of published files lie."""

import os
from pathlib import Path


def local(folder: str, name: str) -> Path | None:
    """$SIMORGH_DATA/`folder`/`name` where there is such a file or folder."""
    home = os.environ.get("SIMORGH_DATA")
    path = Path(home).expanduser() / folder / name if home else None
    return path if path and path.exists() else None
