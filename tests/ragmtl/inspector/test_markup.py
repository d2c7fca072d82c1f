from __future__ import annotations

import hashlib
import json
import re

import pytest

from ragmtl.inspector.markup import bar, clean, data_block, escape, link, page, safe_href, static, table


@pytest.mark.parametrize(
    "iri",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " https://example.org/",
        "data:text/html,<script>",
        "//example.org/x",
        "/local",
        "file:///etc/passwd",
        "http:",
        "https://[broken",
        "https://example.org/\u202ex",
        "https:\\\\example.org",
        "urn:isbn:1",
        "",
    ],
)
def test_only_web_addresses_are_linked(iri: str) -> None:
    assert safe_href(iri) == ""
    assert "href" not in link(iri, "shown")


def test_a_link_keeps_the_opened_page_away() -> None:
    shown = link('https://example.org/"x', "a <b>")
    assert 'href="https://example.org/&quot;x"' in shown
    assert 'rel="noopener noreferrer"' in shown
    assert "a &lt;b&gt;" in shown


def test_clean_keeps_places() -> None:
    text = "a\x00b\u202ec\ud800d\ne"
    assert clean(text) == "a\ufffdb\ufffdc\ufffdd\ne"
    assert len(clean(text)) == len(text)
    escape(text).encode("utf-8")


def test_a_data_block_holds_anything() -> None:
    content = {"text": "</script><!--\u2028'\"&", "none": float("nan"), "list": [float("inf"), 1.5, True]}
    block = data_block("data", content)
    inside = re.fullmatch(r'<script type="application/json" id="data">(.*)</script>', block, re.DOTALL)
    assert inside
    assert not set("<>&'\u2028") & set(inside[1])
    assert json.loads(inside[1]) == {"text": "</script><!--\ufffd'\"&", "none": None, "list": [None, 1.5, True]}


@pytest.mark.parametrize(("share", "width"), [(0.5, "50.0"), (7.0, "100.0"), (-1.0, "0.0"), (float("nan"), "0.0")])
def test_bars_stay_in_their_track(share: float, width: str) -> None:
    assert f'<rect width="{width}" height="8" class="fill"/>' in bar(share, "graph")


def test_a_table_names_its_region_and_headers() -> None:
    shown = table("3 <b>triples</b>", ["Head", "Tail"], [["a", "b"]])
    assert 'aria-label="3 triples"' in shown
    assert '<th scope="row">a</th><td>b</td>' in shown


def test_the_policy_names_every_script_and_no_address() -> None:
    shown = page("t", "<p>b</p>", scripts=["alert(1)"])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', shown)
    assert policy
    assert policy[1].startswith(
        "default-src 'none'; script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; "
    )
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    assert "script-src 'none'" in page("t", "")


def test_cytoscape_is_what_its_note_says() -> None:
    source = static("cytoscape.min.js")
    assert hashlib.sha256(source.encode("utf-8")).hexdigest() in static("VENDORED.md")
    assert "Permission is hereby granted" in static("cytoscape.LICENSE.txt")
    for script in (source, static("page.js")):
        assert not re.search(r"</script|<!--", script, re.IGNORECASE)
    assert "innerHTML" not in static("page.js")
