from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.compiled import compiled, slot_in, table_for


@given(st.lists(st.integers(0, 2**62), max_size=60, unique=True), st.integers(0, 2**62))
def test_keys_are_found_where_they_were_put(keys: list[int], other: int) -> None:
    table = table_for(len(keys))
    assert len(table) >= max(2 * len(keys), 16)
    assert len(table) & (len(table) - 1) == 0
    for key in keys:
        slot = slot_in(table, key)
        assert table[slot] == -1
        table[slot] = key
    assert all(table[slot_in(table, key)] == key for key in keys)
    assert table[slot_in(table, other)] == (other if other in keys else -1)


def test_what_is_compiled_gives_what_python_gives() -> None:
    def add(one: int, other: int) -> int:
        """Docstrings stay."""
        return one + other

    assert compiled(add)(2, 3) == add(2, 3) == 5
    assert compiled(add).__doc__ == add.__doc__


WITHOUT_CACHE = """
from numba.core.caching import CacheImpl
CacheImpl._locator_classes = []  # as where neither the package nor the home can be written
from ragmtl.kg.compiled import slot_in, table_for
print(len(table_for(3)), slot_in(table_for(3), 0))
"""


def test_it_works_without_warnings_where_no_cache_can_be_written() -> None:
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_CACHE], capture_output=True, text=True, check=False
    )
    assert (shown.stdout.strip(), shown.stderr) == ("16 0", "")
