"""HTML that cannot be broken out of, and the self-contained page around it.

Labels, passages and IRIs are hostile text: whatever is shown goes through `escape`, whatever a
script reads through `data_block`, whatever is linked through `link`. The page allows exactly its
own style and scripts (Content-Security-Policy with their hashes) and no network at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from string import Template

import ragmtl
from ragmtl.kg.looking.markup import clean as clean
from ragmtl.kg.looking.markup import escape as escape
from ragmtl.kg.looking.markup import link as link
from ragmtl.kg.looking.markup import safe_href as safe_href

_UNSAFE_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})

# Cytoscape adds a style element of its own unless one with this id exists; the policy would refuse it.
_STYLE_ID = "__________cytoscape_stylesheet"

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="ragmtl $version">
<title>$title</title>
<style id="$style_id">$style</style>
</head>
<body>
$body
$scripts
</body>
</html>
""")


def data_block(name: str, content: object) -> str:
    """JSON that a script of the page reads; no text in it can end the block.

    Figures that are not finite become `null`.
    """
    text = json.dumps(_plain(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f'<script type="application/json" id="{escape(name)}">{text.translate(_UNSAFE_IN_SCRIPT)}</script>'


def _plain(content: object) -> object:
    match content:
        case str():
            return clean(content)
        case float() if not math.isfinite(content):
            return None
        case dict():
            return {key: _plain(value) for key, value in content.items()}
        case list() | tuple():
            return [_plain(value) for value in content]
    return content


def bar(share: float, kind: str, *, threshold: float | None = None) -> str:
    """A horizontal bar that is filled to `share` in [0, 1], with a mark at `threshold`.

    It is drawing only: the figure must stand beside it as text.
    """
    filled = 100 * min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    mark = "" if threshold is None else f'<line x1="{100 * threshold:.1f}" x2="{100 * threshold:.1f}" y1="0" y2="8"/>'
    return (
        f'<svg class="bar {kind}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect width="100" height="8" class="track"/><rect width="{filled:.1f}" height="8" class="fill"/>{mark}</svg>'
    )


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "") -> str:
    """A table whose caption, header and cells are HTML already; the first cell of a row is its header.

    It scrolls on its own, by keyboard too, where it is larger than the screen.
    """
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows
    )
    label = re.sub(r"<[^>]*>", "", caption)
    return (
        f'<div class="scroll {kind}" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


@cache
def static(name: str) -> str:
    """A file of `ragmtl/inspector/static`."""
    return resources.files("ragmtl.inspector").joinpath("static", name).read_text(encoding="utf-8")


def page(title: str, body: str, *, blocks: Sequence[str] = (), scripts: Sequence[str] = ()) -> str:
    """A whole page that needs no other file.

    Args:
        title: Title of the window; plain text.
        body: HTML of the body.
        blocks: What `data_block` made, for the scripts to read.
        scripts: JavaScript sources, run in this order after the body.
    """
    style = static("style.css")
    sources = " ".join(_hash_source(script) for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {sources}; style-src {_hash_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    tags = [*blocks, *(f"<script>{script}</script>" for script in scripts)]
    return _PAGE.substitute(
        policy=policy,
        version=escape(ragmtl.__version__),
        title=escape(title),
        style_id=_STYLE_ID,
        style=style,
        body=body,
        scripts="\n".join(tags),
    )


def _hash_source(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
