"""JSON that any client can read: ASCII only, and `null` for figures that are not finite."""

from __future__ import annotations

import json
import math

from starlette.responses import Response

from ragmtl.prediction import as_fields


def as_json(content: object, status: int = 200) -> Response:
    """A response in JSON."""
    return Response(dumps(content), status, media_type="application/json")


def dumps(content: object) -> bytes:
    """JSON as bytes; dataclasses become objects.

    >>> dumps({"share": float("nan"), "of": [1.5]})
    b'{"share":null,"of":[1.5]}'
    """
    try:
        text = json.dumps(content, default=as_fields, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(content), allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def _finite(content: object) -> object:
    match content:
        case float() if not math.isfinite(content):
            return None
        case dict():
            return {key: _finite(value) for key, value in content.items()}
        case list() | tuple():
            return [_finite(value) for value in content]
        case None | str() | int() | float():
            return content
    return _finite(as_fields(content))
