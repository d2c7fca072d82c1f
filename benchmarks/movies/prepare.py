"""Turn the folder `movies` of the shared data into the tables that `movies.toml` names.

The protocols are those of the data's own README: the split of `genre` is made here exactly as it says,
`sentiment` and `dialogues` bring theirs, and `ratings` is cut by time in `movies.toml`.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

TRAIN_FILMS, VALID_FILMS = 2405, 2748
RATINGS_TEST_FROM = 1376653971
"""As in `movies.toml`."""


def prepare(source: Path, target: Path) -> None:
    """Write graph, corpus and the four tables of the tasks into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("kg.nt.gz", "ratings.tsv.gz"):
        shutil.copyfile(source / name, target / name)
    write_lines(target / "corpus.jsonl", corpus(source))
    for name, rows in TABLES.items():
        write_lines(target / name, rows(source))
    shutil.copyfile(Path(__file__).with_name("movies.toml"), target / "movies.toml")


def without_test(source: Path, target: Path) -> None:
    """Write the tables over those of `prepare`, without the rows of the test split: nobody can look at it there."""
    for name, rows in TABLES.items():
        write_lines(target / name, (row for row in rows(source) if row["split"] != "test"))
    with gzip.open(source / "ratings.tsv.gz", "rt", encoding="utf-8") as file:
        head, *lines = file
    place = head.rstrip("\n").split("\t").index("timestamp")
    kept = [line for line in lines if int(line.rstrip("\n").split("\t")[place]) < RATINGS_TEST_FROM]
    with gzip.open(target / "ratings.tsv.gz", "wt", encoding="utf-8") as file:
        file.writelines([head, *kept])


def corpus(source: Path) -> Iterator[dict[str, object]]:
    """Passages; each training dialogue is a group of its own, so that its examples can be kept from it."""
    for row in read_lines(source / "corpus.jsonl"):
        yield {name: row[name] for name in ("id", "title", "text", "entities")} | {"group": row["id"]}


def genres(source: Path) -> Iterator[dict[str, object]]:
    """Films in file order, each with its title without the year, its genres and its split."""
    with (source / "films.tsv").open(encoding="utf-8") as file:
        films = list(csv.DictReader(file, delimiter="\t"))
    order = list(range(len(films)))
    random.Random(0).shuffle(order)
    split = {film: name_of_split(place) for place, film in enumerate(order)}
    for number, film in enumerate(films):
        title = re.sub(r" \(\d{4}\)$", "", film["title"])
        yield {
            "id": film["item"],
            "film": film["item"],
            "text": title,
            "genres": film["genres"],
            "split": split[number],
        }


def name_of_split(place: int) -> str:
    """The split of the film that stands at this place of the shuffled list."""
    return "train" if place < TRAIN_FILMS else "valid" if place < VALID_FILMS else "test"


def reviews(source: Path) -> Iterator[dict[str, object]]:
    """Reviews with nothing but their text, label and split; the film groups them."""
    for row in read_lines(source / "reviews.jsonl.gz"):
        yield {
            "id": row["id"],
            "group": row["item"],
            "text": row["text"],
            "label": str(row["label"]),
            "split": row["split"],
        }


def dialogues(source: Path) -> Iterator[dict[str, object]]:
    """One row for each film recommended in a turn: what was said before, what was mentioned, and the film."""
    for number, row in enumerate(read_lines(source / "dialogues.jsonl.gz")):
        yield {
            "id": f"{row['dialogue']}-{number}",
            "dialogue": row["dialogue"],
            "passage_group": f"rd-{row['dialogue']}",
            "text": " ".join(row["context"]),
            "mentioned": row["mentioned"],
            "film": row["recommended"],
            "split": row["split"],
        }


def read_lines(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a JSONL file, plain or gzipped."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as JSONL."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


TABLES = {"genre.jsonl": genres, "sentiment.jsonl": reviews, "dialogues.jsonl": dialogues}
"""The tables whose rows state their split, and what makes them."""
