from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.config import Config, RecommendConfig
from ragmtl.errors import ConfigError, DataError
from ragmtl.fitted import Fitted
from ragmtl.logs import export_log, import_log
from ragmtl.rankings import load_log, log_of
from ragmtl.retrieval.files.tables import read_table
from ragmtl.retrieval.index import Index
from ragmtl.tasks.recommendation.blend import LEAST
from tests.ragmtl.conftest import Ragmtl, World

ORDERS = 2


def _with(config: Config, **changes: object) -> Config:
    """The configuration of the tea world with other settings of its log."""
    task = RecommendConfig.model_validate(config.tasks[ORDERS].model_dump() | changes)
    return config.model_copy(update={"tasks": [*config.tasks[:ORDERS], task, *config.tasks[ORDERS + 1 :]]})


def test_a_random_split_is_saved_and_read_again(config: Config, index: Index, tmp_path: Path) -> None:
    shared = _with(config, time=None, fractions=(0.6, 0.2, 0.2))
    lines = export_log(shared, tmp_path, "table", graph=index.graph)
    assert lines[-1] == f"wrote {tmp_path / 'orders.tsv'}"
    saved = _with(config, data=str(tmp_path / "orders.tsv"), user="user", time=None, item="item", split="split")
    logs = [log_of(one, one.tasks[ORDERS], index.graph.nodes) for one in (shared, saved)]  # type: ignore[arg-type]
    pairs = [
        {(log.users[u], log.items[i], s) for u, i, s in zip(log.user_ids, log.item_ids, log.splits, strict=True)}
        for log in logs
    ]
    assert pairs[0] == pairs[1]
    assert {split for _, _, split in pairs[0]} == {0, 1, 2}


def test_recbole_files_come_back_as_tables(ragmtl: Ragmtl, trained: World, tmp_path: Path) -> None:
    called = ragmtl("log", "export", trained.config, "--index", trained.index, "--out", tmp_path / "atomic")
    assert called.code == 0, called.err
    assert ragmtl("log", "import", tmp_path / "atomic", "--out", tmp_path / "back").code == 0
    rows = read_table(tmp_path / "back" / "log.tsv", ["user", "item", "time", "split"])
    assert {row.values["split"] for row in rows} == {"train", "valid", "test"}
    assert len(rows) == len(read_table(trained.folder / "orders.csv"))
    assert read_table(tmp_path / "back" / "items.tsv")[0].values["entity"].startswith("https://tea.example/")
    assert (tmp_path / "back" / "kg.nt").read_text().count(" .\n") > 10


def test_a_published_folder_becomes_tables(tmp_path: Path) -> None:
    (tmp_path / "ratings.dat").write_text("1::7::5::978300760\n2::7::3::978300761\n")
    (tmp_path / "movies.dat").write_text("7::Heat (1995)::Crime\n")
    assert import_log(tmp_path, tmp_path / "out")[0].endswith("2 events of MovieLens or MovieTweetings")
    assert (tmp_path / "out" / "log.tsv").read_text().splitlines()[:2] == [
        "user\titem\trating\ttime",
        "1\t7\t5\t978300760",
    ]
    (tmp_path / "ratings.dat").write_text("")
    with pytest.raises(DataError, match=r"expected events, found an empty file"):
        import_log(tmp_path, tmp_path / "out")


def test_cold_items_and_users_are_parts_of_the_evaluation(config: Config, index: Index) -> None:
    cold = _with(config, time=None, fractions=(0.5, 0.25, 0.25), cold_items=3, cold_users=3)
    loaded = load_log(cold, cold.tasks[ORDERS], index.graph.nodes)  # type: ignore[arg-type]
    task, examples = loaded.source.tasks[0], loaded.source.examples
    parts = {part for example in examples for part in task.slices(example)}
    assert parts == {"all", "cold items", "cold users"}
    trained = {example.group for example in examples if example.split == "train"}
    held_out = {example.group for example in examples if "cold users" in task.slices(example)}
    assert held_out
    assert trained
    assert not trained & held_out
    assert not all(loaded.seen["orders"])


def test_weights_of_a_set_start_from_a_mixture(config: Config, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, fitted = _with(config, time=None, fractions=(0.5, 0.25, 0.25)), Fitted()
    found = load_log(shared, shared.tasks[ORDERS], index.graph.nodes, fitted).signals["orders"]  # type: ignore[arg-type]
    assert found.names == ("popularity", "factors", "ease", "neighbours", "propagation")
    assert len(found.starts) == len(found.names)
    assert min(found.starts) >= LEAST - 1e-6
    by_line = _with(config, time=None)
    assert not load_log(by_line, by_line.tasks[ORDERS], index.graph.nodes).signals["orders"].starts  # type: ignore[arg-type]
    for fit in ("Factors.fit", "Signals.fit", "blend"):
        monkeypatch.setattr(f"ragmtl.rankings.{fit}", lambda *_, **__: pytest.fail("fitted again"))
    again = load_log(shared, shared.tasks[ORDERS], index.graph.nodes, fitted).signals["orders"]  # type: ignore[arg-type]
    assert (again.starts, again.scales.tolist()) == (found.starts, found.scales.tolist())


def test_signals_are_switched_off(config: Config, index: Index) -> None:
    """A signal of which nothing is left is not computed; of others, what is off says nothing."""
    shared = _with(config, without=["ease", "count 1d", "in the passages"])
    task = shared.tasks[ORDERS]
    assert isinstance(task, RecommendConfig)
    loaded = load_log(shared, task, index.graph.nodes)
    signals = loaded.signals["orders"]
    assert "ease" not in signals.names
    found = signals.compute(loaded.source.examples[:2])
    assert not found[:, :, signals.names.index("count 1d")].any()
    assert found[:, :, signals.names.index("count so far")].any()
    wrong = _with(config, without=["eas"])
    with pytest.raises(
        ConfigError, match="expected the name of a signal in `without`, found 'eas'; did you mean 'ease'"
    ):
        load_log(wrong, wrong.tasks[ORDERS], index.graph.nodes)  # type: ignore[arg-type]


def test_a_log_must_be_named_where_there_is_none(config: Config, index: Index, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"one of: orders; found 'kind'"):
        export_log(config, tmp_path, task="kind", graph=index.graph)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fractions": (0.5, 0.1, 0.1)}, "three shares that add up to 1"),
        ({"fractions": (0.8, 0.1, 0.1), "split": "split"}, "one way to split, found split and fractions"),
        ({"min_rating": 3.0}, "min_rating needs a `rating` column"),
    ],
)
def test_contradictions_are_refused(config: Config, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _with(config, **changes)
