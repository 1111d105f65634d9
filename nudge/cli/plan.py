"""Knowing before asking: power, simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, File, emit, next_step, progress_bar, say


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge power experiments/two-year-review.yaml --svg power.svg")(power)
    app.command(epilog="Example: nudge simulate experiments/two-year-review.yaml --effect '3 points'")(simulate)


def power(
    file: File,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write the power curve to this file.", show_default=False)
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """What the file's own design can show: power, detectable effect, size needed, the chance of each verdict."""
    from nudge.trial.clock import SystemClock
    from nudge.workflow.planning.powering import power_of
    from nudge.workflow.planning.showing_power import power_in_lines, write_curve

    report = power_of(file, SystemClock().now())
    if svg is not None:
        write_curve(report, svg)
    if json:
        emit(report.as_json())
        return
    say(*power_in_lines(report))
    where = "It can answer its question." if report.enough else "As it stands it probably cannot answer its question."
    next_step(where + (f" The curve is in {svg}." if svg else ""), f"nudge simulate {file}")


def simulate(
    file: File,
    runs: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="How many times the trial is run: 1,000, or 200 where each run must be fitted by itself.",
            show_default=False,
        ),
    ] = None,
    effect: Annotated[
        list[str] | None,
        typer.Option(
            help="True effect: `3 points`, `1.2 times`, `nothing`, `worthwhile`; several may be given.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 1,
    opt_out: Annotated[str, typer.Option(help="Share of units that opt out before their message.")] = "1%",
    *,
    run: Annotated[bool, typer.Option("--run", help="Act it out once, from lock to report, in a folder.")] = False,
    folder: Annotated[Path, typer.Option(help="Where --run puts everything; replaced each time.")] = Path("nudge-run"),
    aa: Annotated[bool, typer.Option("--aa", help="Self-test: no effect anywhere; exit 1 if it fails.")] = False,
    json: AsJson = False,
) -> None:
    """Run the whole trial many times on made-up outcomes: bias, coverage, false positives, power, cost, duration."""
    from nudge.trial.clock import SystemClock
    from nudge.workflow.planning.showing_simulation import (
        effects_named,
        self_test_verdict,
        share_named,
        simulation_in_lines,
    )
    from nudge.workflow.planning.simulating import Asked, self_test, simulate_trial

    if run:
        _act_out(file, folder, effect or [], seed, json=json)
        return
    asked = Asked(runs, seed, effects_named(effect) if effect else None, share_named(opt_out))
    with progress_bar(quiet=json) as show:
        made = simulate_trial(file, SystemClock().now(), self_test(asked) if aa else asked, show)
    passed, said = self_test_verdict(made) if aa else (True, "Everything here is made up.")
    if json:
        emit(made.as_json())
    else:
        say(*simulation_in_lines(made))
        next_step(said, f"nudge check {file} --launch")
    if not passed:
        raise typer.Exit(1)


def _act_out(file: Path, folder: Path, effect: list[str], seed: int, *, json: bool) -> None:
    from nudge.workflow.acting.acting_out import act_out, acted_in_lines
    from nudge.workflow.planning.showing_simulation import effects_named

    size = next(iter(effects_named(effect).values()), None)
    with progress_bar(quiet=json) as show:
        acted = act_out(file, folder, size, seed, show)
    if json:
        emit(
            {"trial": acted.trial, "roll": acted.roll, "sent": acted.played.sent, "truth": dict(acted.played.truth),
             "report": str(acted.played.report)}
        )  # fmt: skip
        return
    say(*acted_in_lines(acted))
    next_step("It was all made up, and the report says so.", f"nudge check {file} --launch")
