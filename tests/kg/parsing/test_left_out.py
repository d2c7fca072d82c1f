from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

from ragmtl.kg.parsing.left_out import EXAMPLES, LeftOut


def left_out(**counts: int) -> LeftOut:
    made = LeftOut()
    for reason, count in counts.items():
        made.add(reason, count, example=(1, f"a:1: {reason}"))
    return made


def test_the_first_lines_are_the_examples_in_whatever_order_they_come() -> None:
    found = LeftOut()
    for line in (50, 3, 7, 1, 9):
        found.add("odd", example=(line, f"a:{line}"))
    assert found.counts() == (("odd", 5),)
    assert found.examples() == (("odd", "a:1"), ("odd", "a:3"), ("odd", "a:7"))
    assert not found.wants("odd")
    assert found.wants("else")


def test_nothing_is_not_counted() -> None:
    found = LeftOut()
    found.add("odd", 0)
    assert (found.counts(), found.count("odd")) == ((), 0)


def test_several_files_add_up_and_keep_the_examples_of_the_first() -> None:
    found = left_out(odd=2)
    for _ in range(EXAMPLES + 1):
        found.update(left_out(odd=1, more=1))
    assert found.counts() == (("odd", 6), ("more", 4))
    assert len(found.examples()) == 2 * EXAMPLES


def test_two_readings_of_a_file_do_not_add_up() -> None:
    found = left_out(odd=2, more=5)
    found.at_least(left_out(odd=3, more=4, new=1))
    assert found.counts() == (("odd", 3), ("more", 5), ("new", 1))


def test_a_copy_stays_as_it_is() -> None:
    found = left_out(odd=2)
    kept = found.copy()
    found.clear()
    assert (found.counts(), found.examples()) == ((), ())
    assert kept.counts() == (("odd", 2),)


def test_it_passes_between_processes() -> None:
    found = pickle.loads(pickle.dumps(left_out(odd=2)))
    found.add("odd")
    assert (found.counts(), found.examples()) == ((("odd", 3),), (("odd", "a:1: odd"),))


def test_threads_lose_no_count() -> None:
    found = LeftOut()

    def count() -> None:
        for _ in range(5000):
            found.add("odd", example=(1, "a"))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(count)
    assert found.count("odd") == 20_000


def test_long_examples_are_cut() -> None:
    found = LeftOut()
    found.add("odd", example=(1, "a" * 10_000))
    assert len(found.examples()[0][1]) < 1000
