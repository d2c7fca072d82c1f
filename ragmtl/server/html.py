"""The live page: the inspector's sections below a form that asks. It works without scripts; scripts make it quick."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template

from ragmtl import __version__
from ragmtl.inspector.markup import escape, static
from ragmtl.inspector.words import count
from ragmtl.server.asked import MOST_NODES, MOST_PASSAGES
from ragmtl.server.opened import Opened
from ragmtl.server.page_asked import PageAsked

SCRIPTS = ("cytoscape.min.js", "page.js", "complete.js", "reasons.js", "live.js")
STYLES = ("style.css", "live.css")
_OWN = ("complete.js", "reasons.js", "live.js", "live.css")
_EXAMPLES, _SLIDER_PASSAGES, _SLIDER_NODES = 3, 20, 120

# Cytoscape adds a style element of its own unless an element with this id exists; the policy would refuse it.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="ragmtl $version">
<title>$title</title>
<link rel="icon" href="data:,">
$styles
</head>
<body>
<header class="top"><p class="brand"><a href="/">ragmtl</a> <span>inspector</span></p>$top</header>
$body
$scripts
</body>
</html>
""")

_FOOTER = """<footer><p>Attention says where the model looked, not what caused its answer; <em>Why?</em> takes pieces of
evidence away and says what changes. Whether knowledge helps at all is measured by <code>ragmtl compare</code>. This
page is served by ragmtl and loads nothing from elsewhere.</p></footer>"""


@cache
def asset(name: str) -> bytes:
    """A file of the page, of those named in `SCRIPTS` and `STYLES`."""
    if name in _OWN:
        return resources.files("ragmtl.server").joinpath("static", name).read_bytes()
    return static(name).encode("utf-8")


@cache
def version_of(name: str) -> str:
    """A short digest of a file, so that browsers fetch it again when it has changed."""
    return hashlib.sha256(asset(name)).hexdigest()[:12]


def shell(title: str, body: str, *, top: str = "", block: str = "", scripts: bool = True) -> str:
    """A whole page.

    Args:
        title: Plain text.
        body: HTML.
        top: HTML beside the name.
        block: The data of the drawing, where there is one.
        scripts: Whether it has the scripts of the inspector.
    """
    styles = "\n".join(
        f'<link rel="stylesheet" href="/static/{name}?{version_of(name)}"'
        + (' id="__________cytoscape_stylesheet">' if name == STYLES[0] else ">")
        for name in STYLES
    )
    loaded = SCRIPTS if scripts else ()
    tags = [block, *(f'<script src="/static/{name}?{version_of(name)}"></script>' for name in loaded)]
    return _PAGE.substitute(
        version=escape(__version__), title=escape(title), styles=styles, body=body, top=top, scripts="\n".join(tags)
    )


def live(title: str, asked: PageAsked, runs: Sequence[Opened], result: str, block: str = "") -> str:
    """The page that asks, with what was found.

    Args:
        title: Plain text.
        asked: What is chosen on it.
        runs: Those that are served; the one that is asked first.
        result: HTML of what was found.
        block: The data of the drawing, where there is one.
    """
    nav = (
        '<nav aria-label="On this page"><a href="#answers">Answers</a> <a href="#passages">Passages</a> '
        '<a href="#graph">Graph</a></nav>'
    )
    body = (
        f'{form(asked, runs)}\n<p id="problem" class="problem" role="alert" hidden></p>\n'
        f'<main id="result" tabindex="-1" aria-live="off">{result}</main>\n'
        f'<p id="said" class="unseen" role="status"></p>\n{_FOOTER}'
    )
    return shell(title, body, top=nav, block=block)


def form(asked: PageAsked, runs: Sequence[Opened]) -> str:
    """Everything that can be chosen."""
    opened = runs[0]
    settings = opened.predictor.retriever.settings
    passages = settings.passages if asked.passages is None else asked.passages
    nodes = settings.nodes if asked.nodes is None else asked.nodes
    sliders = _slider("passages", "Passages", passages, max(_SLIDER_PASSAGES, passages), MOST_PASSAGES) + _slider(
        "nodes", "Entities", nodes, max(_SLIDER_NODES, nodes), MOST_NODES
    )
    names = sorted({one.name for one in runs})
    tasks = [("", "all tasks"), *((task, task) for task in opened.predictor.tasks)]
    chosen = [_select("task", "Task", tasks, asked.task)]
    if len(names) > 1:
        chosen.append(_select("run", "Run", [(name, name) for name in names], opened.name))
        chosen.append(
            _select("beside", "Beside", [("", "no other run"), *((name, name) for name in names)], asked.beside)
        )
    off = " checked" if asked.knowledge == "off" else ""
    return (
        f'<form id="ask" class="ask" action="/" method="get" role="search" data-passages="{settings.passages}" '
        f'data-nodes="{settings.nodes}" data-run="{escape(opened.name)}"><div class="box">'
        '<label for="q">Ask with a text, or find an entity by its name</label>'
        f'<div class="line"><input id="q" name="q" type="text" maxlength="20000" value="{escape(asked.q)}" '
        'autocomplete="off" spellcheck="true" aria-describedby="q-help"><button class="main">Ask</button></div>'
        '<ul id="found" class="found" role="listbox" aria-label="Entities" hidden></ul>'
        '<p id="q-help" class="quiet small">Enter asks. Arrow keys choose an entity. / comes back here.</p></div>'
        f"{_chips('entity', 'About', asked.entity, opened)}"
        f"{_chips('history', 'Met before, oldest first', asked.history, opened)}"
        f'<div class="choices">{"".join(chosen)}{sliders}'
        f'<label class="switch"><input type="checkbox" name="knowledge" value="off"{off}> without knowledge</label>'
        "</div></form>"
    )


def landing(opened: Opened) -> str:
    """What the page shows before anything is asked."""
    index = opened.predictor.index
    corpus, graph = index.corpus, index.graph
    titles = dict.fromkeys(corpus.titles[at] or corpus.texts[at][:80] for at in range(min(len(corpus), 12)))
    links = "".join(
        f'<li class="chip"><a href="{escape(PageAsked(q=title[:200]).link())}">{escape(title)}</a></li>'
        for title in list(titles)[:_EXAMPLES]
        if title.strip()
    )
    facts = ", ".join(
        (
            f"{len(graph.nodes):,} entities",
            f"{len(graph):,} triples",
            f"{len(corpus):,} passages",
            count(len(opened.predictor.tasks), "task"),
        )
    )
    return (
        f'<section id="welcome"><h1>{escape(opened.name)}</h1><p class="lead">{facts}: '
        f"{escape(', '.join(opened.predictor.tasks))}.</p><p>For a start:</p>"
        f'<ul class="chips">{links}</ul></section>'
    )


def complaint(message: str) -> str:
    """What is wrong with what was asked."""
    return f'<section class="notes" role="alert"><h2>That does not work</h2><p>{escape(message)}</p></section>'


def login(wrong: bool, target: str) -> str:
    """The page that asks for the token."""
    told = complaint("expected the server's token, found another; it stands in the file that --token-file names")
    body = (
        f'<main>{told if wrong else ""}<form class="ask login" action="/login" method="post">'
        f'<input type="hidden" name="next" value="{escape(target)}">'
        '<label for="token">Token of this server</label><div class="line">'
        '<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>'
        '<button class="main">Open</button></div></form></main>'
    )
    return shell("ragmtl", body, scripts=False)


def _chips(name: str, title: str, iris: Sequence[str], opened: Opened) -> str:
    """Entities that are asked about; what is not ticked any more is left out."""
    graph = opened.predictor.index.graph
    nodes = [(iri, graph.nodes.find(iri)) for iri in iris]
    items = "".join(
        f'<li class="chip"><label><input type="checkbox" name="{name}" value="{escape(iri)}" checked> '
        f"<bdi>{escape(iri if node is None else graph.label(node))}</bdi></label></li>"
        for iri, node in nodes
    )
    hidden = "" if items else " hidden"
    return (
        f'<fieldset class="picked" id="picked-{name}"{hidden}><legend>{title}</legend>'
        f'<ul class="chips">{items}</ul></fieldset>'
    )


def _select(name: str, title: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<label>{title} <select name="{name}">{items}</select></label>'


def _slider(name: str, title: str, value: int, high: int, most: int) -> str:
    return (
        f'<label>{title} <output for="most-{name}">{value}</output>'
        f'<input id="most-{name}" name="{name}" type="range" min="0" max="{min(high, most)}" value="{value}"></label>'
    )
