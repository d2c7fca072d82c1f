"""Tuning: settings are searched on validation, for each arm by itself, and with the same budget for every arm.

The first trial of each search is the configuration's own; those after it are proposed by a tree-structured Parzen
estimator (Bergstra et al., 2011). Every trial trains with as many steps as the configuration says, and is judged by the
aggregate that training stops on. Test is never read. What was tried is written down at once: an interrupted search
goes on with the trial that it was in, and with its last checkpoint.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from ragmtl.arms import Grounds
from ragmtl.build import Watch, unwatched
from ragmtl.checks import Tell, checked_tasks, inform, untold
from ragmtl.compare import Arm, choose_arms
from ragmtl.config import Config
from ragmtl.errors import MismatchError
from ragmtl.fit import fit
from ragmtl.retrieval.index import Index
from ragmtl.training.processes import refuse_several
from ragmtl.tuned import TOGETHER, Best, Tuned, with_settings

SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(2e-4, 1e-2, log=True),
    "weight_decay": FloatDistribution(1e-3, 0.3, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
}
SHARES: dict[str, BaseDistribution] = {"temperature": FloatDistribution(0.0, 1.0)}
"""Searched besides where several tables are trained together."""


def tune_arms(
    config: Config,
    index: Index,
    folder: str | Path,
    trials: int,
    watch: Watch = unwatched,
    *,
    arms: Sequence[str] = (),
    tell: Tell = untold,
) -> Tuned:
    """Search the settings of the arms; searches that were ended before are not made again.

    Args:
        config: What is trained on what.
        index: Its index.
        folder: Keeps what was tried.
        trials: How many for each search: one search for an arm that trains all tasks together, one for each task
            (with its share of the steps) for an arm that trains them alone.
        watch: Gives progress bars.
        arms: Names of those to tune; all where empty.
        tell: Called with what the user should know.

    Raises:
        ConfigError: There is no arm of that name.
        DataError: A table cannot be used.
        MismatchError: The folder holds a search on other data.
    """
    refuse_several("a search")
    chosen, folder = choose_arms(arms), Path(folder)
    loaded = checked_tasks(config, index.graph)
    inform(loaded, index.graph, tell)
    grounds = Grounds.of(config, index, loaded, folder, watch)
    names = [task.name for one in loaded for task in one.source.tasks]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    best = {
        arm.name: {
            of: _search(grounds, arm, tasks, of, trials)
            for of, tasks in ({TOGETHER: names} if arm.together else {name: [name] for name in names}).items()
        }
        for arm in chosen
    }
    tuned = Tuned(str(index.manifest["graph"]), str(index.manifest["corpus"]), best)
    tuned.save(folder / "tuned.json")
    return tuned


def _search(grounds: Grounds, arm: Arm, tasks: Sequence[str], of: str, trials: int) -> Best:
    """The best of some trials of an arm on some tasks."""
    space = SPACE | (SHARES if len(grounds.loaded) > 1 and len(tasks) > 1 else {})
    study = _study(grounds, f"{arm.name} {of}", space)
    while (done := _done(study)) < trials:
        study.sampler = optuna.samplers.TPESampler(seed=grounds.config.seed + done)
        trial = study.ask(space)
        place = grounds.folder / "trials" / arm.name / of / "-".join(f"{value:.6g}" for value in trial.params.values())
        settings = with_settings(grounds.config, trial.params)
        trainer, _ = fit(settings, grounds.material(arm.evidence), tasks, grounds.config.seed, place, grounds.watch)
        study.tell(trial, trainer.progress.best[""])
        shutil.rmtree(place)
    finished = [trial for trial in study.trials if trial.state is TrialState.COMPLETE][:trials]
    best = max(finished, key=_value)
    return Best(_value(best), _value(finished[0]), len(finished), dict(best.params))


def _study(grounds: Grounds, name: str, space: dict[str, BaseDistribution]) -> optuna.Study:
    """A search, new or as it was left; what it was in the middle of comes next."""
    grounds.folder.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(grounds.folder / "journal.log")))
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    stated = {"graph": grounds.index.manifest["graph"], "config": grounds.config.model_dump_json(exclude={"folder"})}
    if study.user_attrs and study.user_attrs != stated:
        raise MismatchError(
            f"{grounds.folder}: expected a search on this configuration and index, found one on others; choose another "
            "folder with --out, or delete that one"
        )
    if not study.user_attrs:
        for key, value in stated.items():
            study.set_user_attr(key, value)
        own = grounds.config.training.model_dump() | grounds.config.model.model_dump()
        study.enqueue_trial({setting: own[setting] for setting in space})
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study


def _done(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))


def _value(trial: FrozenTrial) -> float:
    return float(trial.value or 0.0)
