"""What is refused before a parser sees it: XML that declares entities, and JSON-LD that would fetch a context."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from ragmtl.errors import DataError
from ragmtl.kg.files import opened


class _RootReachedError(Exception):
    """The root element begins; nothing can be declared after it."""


def refuse_entities(path: Path) -> None:
    """Read an XML file as far as its root element.

    Raises:
        DataError: It declares an entity, or is no XML (both with the line).
    """
    parser = expat.ParserCreate()

    def refuse(*_: object) -> NoReturn:
        message = "expected RDF/XML without entity declarations, found one; write the IRIs out, or save it as Turtle"
        raise DataError(message, path, parser.CurrentLineNumber)

    def stop(*_: object) -> NoReturn:
        raise _RootReachedError

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        with opened(path) as file:
            parser.ParseFile(file)
    except _RootReachedError:
        return
    except expat.ExpatError as error:
        raise DataError(f"expected RDF/XML, found: {expat.ErrorString(error.code)}", path, error.lineno) from error


def parse_json(text: str, path: Path) -> object:
    """The content of a JSON-LD file.

    Raises:
        DataError: It is no JSON (with the line), or names a context that would have to be fetched.
    """
    try:
        content: object = json.loads(text)
        remote = _remote_context(content)
    except json.JSONDecodeError as error:
        found = text.splitlines()[error.lineno - 1 :][:1]
        raise DataError(f"expected JSON: {error.msg}, found {''.join(found)[:60]!r}", path, error.lineno) from error
    except RecursionError as error:
        raise DataError("expected JSON-LD, found brackets nested too deeply", path) from error
    if remote is not None:
        line = text[: max(text.find(remote), 0)].count("\n") + 1
        advice = "copy the context into the file: nothing is fetched from the network"
        raise DataError(f"expected a context written out, found the remote context {remote!r}; {advice}", path, line)
    return content


def _remote_context(content: object) -> str | None:
    """The first address that reading this JSON-LD would fetch."""
    if isinstance(content, list):
        return next((found for part in content if (found := _remote_context(part)) is not None), None)
    if not isinstance(content, dict):
        return None
    contexts = content.get("@context")
    for context in contexts if isinstance(contexts, list) else [contexts]:
        if isinstance(context, str):
            return context
    if isinstance(imported := content.get("@import"), str):
        return imported
    return next((found for part in content.values() if (found := _remote_context(part)) is not None), None)
