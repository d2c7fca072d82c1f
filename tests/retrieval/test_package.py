from __future__ import annotations

import subprocess
import sys

import pytest

from ragmtl import retrieval


def test_every_name_is_there() -> None:
    for name in retrieval.__all__:
        assert getattr(retrieval, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = retrieval.nothing_of_ours


def test_importing_loads_nothing_heavy() -> None:
    heavy = "torch faiss sklearn bm25s transformers pyarrow numba"
    program = (
        "import sys, ragmtl.retrieval.hybrid, ragmtl.retrieval.controls\n"
        f"sys.exit(' '.join(set('{heavy}'.split()) & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).stderr == b"\n"
