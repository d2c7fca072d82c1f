"""Text of graphs made harmless for HTML. Labels, passages and IRIs are hostile: whatever is shown goes through here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Text without characters that are invisible, reorder what stands around them, or are no Unicode text."""
    return _CONTROLS.sub("\ufffd", text)


def escape(text: str) -> str:
    """Text made harmless for element content and for quoted attributes.

    >>> escape('</script>"')
    '&lt;/script&gt;&quot;'
    """
    return html.escape(clean(text), quote=True)


def safe_href(iri: str) -> str:
    """The IRI where it may be linked (absolute http or https), else an empty string.

    >>> safe_href("javascript:alert(1)"), safe_href("https://example.org/sumac")
    ('', 'https://example.org/sumac')
    """
    if clean(iri) != iri or re.search(r"[\s\\]", iri):
        return ""
    try:
        parts = urlsplit(iri)
    except ValueError:
        return ""
    return iri if parts.scheme in ("http", "https") and parts.netloc else ""


def link(iri: str, text: str) -> str:
    """A link that gives the opened page no hold on this one; plain text where the IRI may not be linked."""
    shown = f'<bdi title="{escape(iri)}">{escape(text)}</bdi>'
    href = safe_href(iri)
    return f'<a href="{escape(href)}" target="_blank" rel="noopener noreferrer">{shown}</a>' if href else shown


def small_table(header: Sequence[str], rows: Iterable[Sequence[str]], left_out: int = 0) -> str:
    """A plain table for a notebook, in the notebook's own look; header and cells are HTML already.

    Args:
        header: Names of the columns.
        rows: Their cells.
        left_out: How many rows are not shown, which is said below.
    """
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    more = f"<p>and {left_out:,} more</p>" if left_out > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
