"""Pages inside a notebook: a frame that holds the whole page and has no hold on the notebook around it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ragmtl.inspector.markup import escape
from ragmtl.inspector.page import render_prediction
from ragmtl.inspector.training_page import render_training
from ragmtl.prediction import Prediction
from ragmtl.trained import Trained


def framed(prediction: Prediction, *, height: int = 720) -> str:
    """The page of a prediction as an `<iframe>`, for `_repr_html_`.

    Args:
        prediction: What to show.
        height: Of the frame, in pixels; the page scrolls inside.
    """
    return _frame("ragmtl prediction", render_prediction(prediction), height)


def framed_training(trained: Trained, *, height: int = 720) -> str:
    """The report of a training as an `<iframe>`."""
    return _frame("ragmtl training", render_training(trained), height)


def run_line(folder: str, tasks: Sequence[str]) -> str:
    """A run whose training was not kept."""
    return f"<p><b>Run</b> in {escape(folder)}: {escape(', '.join(tasks))}</p>"


def _frame(title: str, page: str, height: int) -> str:
    return (
        f'<iframe title="{title}" srcdoc="{html.escape(page)}" '
        'sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" '
        f'loading="lazy" width="100%" height="{height}" style="border:0;border-radius:10px"></iframe>'
    )
