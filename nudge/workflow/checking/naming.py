"""What a trial file names beside itself: methods, channels, kinds of outcome, templates, columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nudge.delivery.channels import channel_module
from nudge.design.methods import method, method_names
from nudge.messages.templates import find_template, read_template, template_names
from nudge.trial.conditions import condition
from nudge.trial.errors import InputError
from nudge.trial.library import template_folders
from nudge.trial.problems import Level, nearest
from nudge.workflow.checking.drawing import drawing_named
from nudge.workflow.checking.naming_estimators import estimators_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.problems import Problem, Problems
    from nudge.trial.records.messages import Template
    from nudge.trial.source import Step


def named_things(loaded: LoadedTrial) -> Iterator[Problem]:
    """Methods, channels and outcome kinds named in the file must be ones we have."""
    yield from drawing_named(loaded)
    yield from _clusters_named(loaded)
    trial, source = loaded.trial, loaded.source
    for channel, name in trial.channels.items():
        try:
            module = channel_module(name)
        except InputError as error:
            yield source.problem(Level.ERROR, ("channels", channel), error.what, error.remedy)
            continue
        if channel not in module.CARRIES:
            yield source.problem(
                Level.ERROR, ("channels", channel), f"`{name}` does not carry {channel}", "name one that does"
            )
    yield from estimators_named(loaded)


def _clusters_named(loaded: LoadedTrial) -> Iterator[Problem]:
    """A draw of clusters elsewhere must say which they were: else every row would pass for one."""
    allocation = loaded.trial.allocation
    if allocation is None or allocation.method not in method_names():
        return
    named = allocation.clusters or allocation.unit or loaded.trial.population.unit
    if method(allocation.method or "").UNITS == "sites" and named is None:
        yield loaded.source.problem(
            Level.ERROR, ("allocation", "method"), f"`{allocation.method}` drew clusters, and no column says which",
            "add `clusters: COLUMN`",
        )  # fmt: skip


def named_templates(loaded: LoadedTrial, problems: Problems) -> list[Template]:
    """Every variant of the templates the file names; what is wrong with them goes to `problems`."""
    folders = template_folders(loaded.folder, Path.cwd())
    known = template_names(folders)
    found: dict[str, list[Template]] = {}
    for arm, spec in loaded.trial.arms.items():
        for i, message in enumerate(spec.messages):
            path: tuple[Step, ...] = ("arms", arm, "messages", i, "template")
            if message.template not in found:
                folder = find_template(message.template, folders)
                if folder is None:
                    guess = nearest(message.template, known)
                    problems.add(
                        loaded.source.problem(
                            Level.ERROR, path, f"there is no template `{message.template}`",
                            f"did you mean `{guess}`?"
                            if guess else f"make the folder message_templates/{message.template}",
                        )
                    )  # fmt: skip
                    continue
                found[message.template] = read_template(message.template, folder, problems)
            problems.extend(_variables(loaded, path, found[message.template]))
    return [template for variants in found.values() for template in variants]


def _variables(loaded: LoadedTrial, path: tuple[Step, ...], variants: list[Template]) -> Iterator[Problem]:
    columns = loaded.trial.population.columns
    for template in variants:
        for name in sorted(template.variables - set(columns)):
            guess = nearest(name, columns)
            yield loaded.source.problem(
                Level.ERROR, path, f"{template.file} asks for `{name}`, which is not a column",
                f"did you mean `{guess}`?" if guess else "declare it in `population.columns`",
            )  # fmt: skip


def unused_columns(loaded: LoadedTrial, templates: list[Template]) -> Iterator[Problem]:
    """A declared column that nothing uses is personal data held for no purpose."""
    trial, population = loaded.trial, loaded.trial.population
    if trial.run_elsewhere:
        return
    conditions = [population.eligible, population.exclude]
    conditions += [outcome.source.outside for outcome in trial.outcomes.values() if outcome.source]
    used = {name for text in conditions if text for name in condition(text, population.columns).columns}
    used |= {name for template in templates for name in template.variables}
    used |= {message.send.root.name for arm in trial.arms.values() for message in arm.messages}
    used |= {outcome.window.anchor.name for outcome in trial.outcomes.values() if outcome.window}
    used |= {
        *trial.analysis.covariates,
        *trial.analysis.subgroups,
        *(trial.randomise.blocks if trial.randomise else ()),
        *(trial.randomise.balance_on if trial.randomise else ()),
    }
    used |= {outcome.exposure or "" for outcome in trial.outcomes.values()}
    used |= {one.fixed_effects for one in trial.analysis.sensitivity if one.fixed_effects} | {population.site or ""}
    used |= {name for one in trial.analysis.sensitivity for name in one.covariates or ()}
    used |= {*(trial.analysis.risk_bands.predicted_from if trial.analysis.risk_bands else ())}
    for name in population.columns:
        if name not in used:
            yield loaded.source.problem(
                Level.ADVICE, ("population", "columns", name), "is declared and used by nothing",
                "leave it out: hold only what the trial needs",
            )  # fmt: skip
