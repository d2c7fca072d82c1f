from __future__ import annotations

from pathlib import Path

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.looking.look import LARGE, Suspicion, look, suspicions
from ragmtl.kg.parsing.read import read_rdf

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
X = "http://x/"


def found(*triples: tuple[str, str, str | Literal]) -> dict[str, Suspicion]:
    """What looks wrong in a graph beside a few described nodes."""
    usual: list[tuple[str, str, str | Literal]] = [
        (X + "a", LABEL, Literal("A")),
        (X + "b", LABEL, Literal("B")),
        (X + "a", X + "knows", X + "b"),
    ]
    return {one.kind: one for one in suspicions(KnowledgeGraph.from_triples([*usual, *triples]))}


def test_a_clean_graph_raises_no_suspicion() -> None:
    assert found() == {}
    assert found((X + "a", LABEL, Literal("naïve café, 5 €, ÄÖÜ, Ã (a letter), “quoted”"))) == {}


def test_iris_as_text() -> None:
    rows = found((X + "a", X + "see", Literal(X + "b")), (X + "a", X + "page", Literal("https://example.org/")))
    assert rows["IRIs as text"].count == 1
    assert X + "b" in rows["IRIs as text"].examples[0]


def test_dangling_iris() -> None:
    rows = found((X + "a", X + "knows", X + "nobody"), (X + "a", X + "knows", "_:f0b0"))
    assert rows["dangling IRIs"].count == 1
    assert rows["dangling IRIs"].examples == (f"1 in {X}, such as {X}nobody",)
    assert found((X + "a", TYPE, "http://www.w3.org/2002/07/owl#Thing")) == {}


def test_encodings() -> None:
    broken = "café, “no”".encode().decode("cp1252", errors="replace")
    rows = found((X + "a", X + "says", Literal("cafÃ©")), (X + "b", X + "says", Literal(broken)))
    assert rows["mixed encodings"].count == 2
    assert rows["lost letters"].count == 1
    assert found((X + "a", X + "says", Literal("what\ufffdever")))["lost letters"].count == 1
    assert found((X + "cafÃ©", LABEL, Literal("C")))["mixed encodings"].examples == (X + "cafÃ©",)


def test_one_thing_under_two_iris() -> None:
    twins = [(X + "caf%C3%A9", X + "café"), ("https://y/1", "http://y/1"), ("https://z/1", "http://z/2")]
    rows = found(*((iri, LABEL, Literal("C")) for pair in twins for iri in pair))
    assert rows["one thing, two IRIs"].count == 2


def test_relations_alike() -> None:
    rows = found((X + "a", X + "birthDate", Literal("1")), (X + "a", "http://y/birth_date", Literal("1")))
    assert rows["alike relations"].count == 1
    assert "birth_date" in rows["alike relations"].examples[0]


def test_relations_of_two_uses() -> None:
    rows = found((X + "a", X + "by", X + "b"), (X + "b", X + "by", Literal("B")))
    assert rows["relations of two uses"].examples == (X + "by",)


def test_ill_typed_literals() -> None:
    right = {"integer": "+007", "double": "-1.5e3", "date": "1999-12-31Z", "gYear": "-0044", "boolean": "1"}
    right |= {"dateTime": "2001-01-01T00:00:00.5+01:00", "decimal": ".5", "float": "INF", "string": "x"}
    right |= {"int": "-5", "nonNegativeInteger": "-0", "positiveInteger": "010", "gYearMonth": "2000-12"}
    wrong = {"int": "19x", "nonNegativeInteger": "-1", "positiveInteger": "0", "dateTime": "2020-13-01T00:00:00"}
    wrong |= {"integer": "seven", "double": "1,5", "date": "31.12.1999", "gYear": "99", "boolean": "yes"}
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert found(*((X + "a", X + name, Literal(text, xsd + name)) for name, text in right.items())) == {}
    rows = found(*((X + "a", X + name, Literal(text, xsd + name)) for name, text in wrong.items()))
    assert rows["ill-typed literals"].count == len(wrong)


def test_white_space_in_labels() -> None:
    odd = [" C", "C ", "C  D", "C\nD", "\tC"]
    rows = found(*((f"{X}{place}", LABEL, Literal(text)) for place, text in enumerate([*odd, "C D", ""])))
    assert rows["white space in labels"].count == len(odd)
    assert "white space in labels" not in found((X + "a", X + "text", Literal(" C  D")))


def test_large_literals() -> None:
    rows = found((X + "a", X + "text", Literal("x" * LARGE)), (X + "b", X + "text", Literal("x" * 2 * LARGE)))
    assert rows["very large literals"].count == 2
    assert rows["very large literals"].examples[0].startswith("20,000 bytes")
    assert max(map(len, rows["very large literals"].examples)) < 200


def test_everything_is_counted(tmp_path: Path) -> None:
    lines = [
        f'<{X}a> <{LABEL}> "A"@en .',
        f'<{X}a> <{LABEL}> "A"@de .',
        f'<{X}a> <{X}size> "1"^^<{INTEGER}> .',
        f"<{X}a> <{TYPE}> <{X}Thing> <{X}graph> .",
        f"<{X}b> <{X}knows> _:c .",
    ]
    (tmp_path / "in.nq").write_text("\n".join(lines), encoding="utf-8")
    seen = look(read_rdf(tmp_path / "in.nq"))
    assert (seen.nodes, seen.blank, seen.labelled, seen.components, seen.largest) == (4, 1, 1, 2, 2)
    assert dict(seen.datatypes) == {"": 0, INTEGER: 1}
    assert dict(seen.languages) == {"": 1, "en": 1, "de": 1}
    assert sorted(count for _, _, count in seen.origins) == [1, 4]
    assert [one.members for one in seen.classes] == [1]
    assert [one.triples + one.literals for one in seen.relations] == [2, 1, 1, 1]
