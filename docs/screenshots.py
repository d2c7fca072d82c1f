"""The pictures of the documentation, taken of real pages by a headless Chromium.

`python docs/screenshots.py runs/kitchen/run` writes `docs/inspector.png` and `docs/report.png`; Debian's `chromium` is
enough, and nothing is fetched.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ragmtl.errors import Error
from ragmtl.inspector.page import render_prediction
from ragmtl.inspector.training_page import render_training
from ragmtl.predict import Predictor
from ragmtl.retrieval.query import Query

DOCS = Path(__file__).parent
ASKED = (
    "Chickpeas soaked overnight, ground raw with parsley, coriander and cumin, shaped into balls and fried; eaten in "
    "flat bread under a tahini sauce."
)
PATIENCE = 120
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=3000")


def main(run: str) -> None:
    """Take every picture.

    Raises:
        Error: There is no Chromium.
    """
    predictor = Predictor.load(run)
    take(render_prediction(predictor(Query(text=ASKED))), DOCS / "inspector.png", (900, 1680))
    take(render_training(predictor.run.trained), DOCS / "report.png", (900, 1100))


def take(page: str, picture: Path, size: tuple[int, int]) -> None:
    """Show a page in a window of a size, and keep what is seen."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise Error("expected a Chromium, found none; apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "page.html"
        place.write_text(page, encoding="utf-8")
        where = (f"--user-data-dir={folder}/profile", f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}")
        subprocess.run([browser, *FLAGS, *where, place.as_uri()], check=True, capture_output=True, timeout=PATIENCE)


if __name__ == "__main__":
    main(sys.argv[1])
