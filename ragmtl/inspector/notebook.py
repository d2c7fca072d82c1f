"""Pages inside a notebook: a frame that holds the whole page and has no hold on the notebook around it."""

from __future__ import annotations

import html

from ragmtl.inspector.page import render_prediction
from ragmtl.prediction import Prediction


def framed(prediction: Prediction, *, height: int = 720) -> str:
    """The page of a prediction as an `<iframe>`, for `_repr_html_`.

    Args:
        prediction: What to show.
        height: Of the frame, in pixels; the page scrolls inside.
    """
    return (
        f'<iframe title="ragmtl prediction" srcdoc="{html.escape(render_prediction(prediction))}" '
        'sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" '
        f'loading="lazy" width="100%" height="{height}" style="border:0;border-radius:10px"></iframe>'
    )
