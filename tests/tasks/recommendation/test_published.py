from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.tasks.recommendation.published import Event, read_events, read_titles, recognise

FOLDERS = {
    "ml-100k": (
        {"u.data": "196\t242\t3\t881250949\n", "u.item": "242|Kolya (1996)|24-Jan-1997||http://x/|0|1\n"},
        Event("196", "242", "3", "881250949"),
        {"242": "Kolya (1996)"},
    ),
    "ml-1m": (
        {"ratings.dat": "1::1193::5::978300760\n", "movies.dat": "1193::Misérables, Les (1995)::Drama|Musical\n"},
        Event("1", "1193", "5", "978300760"),
        {"1193": "Misérables, Les (1995)"},
    ),
    "ml-25m": (
        {
            "ratings.csv": "userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n",
            "movies.csv": 'movieId,title,genres\n296,"American President, The (1995)",Comedy|Drama\n',
        },
        Event("1", "296", "5.0", "1147880044"),
        {"296": "American President, The (1995)"},
    ),
    "movietweetings": (
        {"ratings.dat": "1::0114508::8::1381006850\n", "movies.dat": "0114508::Species (1995)::Action|Horror\n"},
        Event("1", "0114508", "8", "1381006850"),
        {"0114508": "Species (1995)"},
    ),
    "hetrec2011-lastfm-2k": (
        {
            "user_artists.dat": "userID\tartistID\tweight\r\n2\t51\t13883\r\n",
            "artists.dat": "id\tname\turl\tpictureURL\r\n51\tDuran Duran\thttp://x/\thttp://y/\r\n",
        },
        Event("2", "51", "13883", ""),
        {"51": "Duran Duran"},
    ),
    "lastfm-360k": (
        {"usersha1-artmbid-artname-plays.tsv": "0000c1\t3bd7\tbetty blowtorch\t2137\n"},
        Event("0000c1", "betty blowtorch", "2137", ""),
        {},
    ),
    "lastfm-1k": (
        {"userid-timestamp-artid-artname-traid-traname.tsv": "u1\t2009-05-04T23:08:57Z\tf1\tDeep Dish\t\tHello\n"},
        Event("u1", "Deep Dish", "", "1241478537"),
        {},
    ),
    "book-crossing": (
        {
            "BX-Book-Ratings.csv": '"User-ID";"ISBN";"Book-Rating"\r\n"276725";"034545104X";"0"\r\n',
            "BX-Books.csv": '"ISBN";"Book-Title"\r\n"034545104X";"Flesh \\"Tones\\"; a novel"\r\nbroken\r\n',
        },
        Event("276725", "034545104X", "0", ""),
        {"034545104X": 'Flesh "Tones"; a novel'},
    ),
    "book-crossing-anew": (
        {"Ratings.csv": "User-ID,ISBN,Book-Rating\n276725,034545104X,0\n"},
        Event("276725", "034545104X", "0", ""),
        {},
    ),
}


def _write(folder: Path, files: dict[str, str], encoding: str) -> Path:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("name", FOLDERS)
def test_folders_are_read_as_published(tmp_path: Path, name: str, encoding: str) -> None:
    files, event, titles = FOLDERS[name]
    folder = _write(tmp_path, files, encoding)
    found = recognise(folder)
    assert [*read_events(folder, found)] == [event]
    assert read_titles(folder, found) == (titles, int(name == "book-crossing"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": "1"}, r"expected a folder with one of u\.data, ratings\.dat"),
        ({"u.data": "1\t2\t3\t4\n1\t2\n"}, r"u\.data:2: expected at least 3 cells, found 2"),
        (
            {"userid-timestamp-artid-artname-traid-traname.tsv": "u\t2009-99T\ta\tb\tc\td\n"},
            r"tsv:1: expected a time such as .*, found '2009-99T'",
        ),
    ],
)
def test_what_is_no_published_log_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    folder = _write(tmp_path, files, "utf-8")
    with pytest.raises(DataError, match=message):
        list(read_events(folder, recognise(folder)))
