"""`autor loop analyze`: what the experiments come to by verdict and by knob, the critic's calibration, the gain."""

from __future__ import annotations

from autor_nb import loop_control
from autor_nb.domain.loops.course import shown_name
from autor_nb.figures.loop_convergence import Convergence, convergence
from autor_nb.record import loop_analysis, loop_headline, loop_story
from autor_nb.record.loop_analysis import Analysis, Group
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.store.loops import course_file
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Heading, Mark, Next, Para, Table, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.experiment_table import signed
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

KNOBS = 40


@verb(name="analyze", examples=("autor loop analyze", "autor loop analyze tsp --json"))
@loop_named.loop_argument
@loop_named.loop_option
@pass_face
def analyze(face: Face, name: str | None, name_too: str | None) -> Result:
    """Sum up the experiments: verdicts, knobs, how far the critic's hopes held, the gain over time."""
    loop = loop_named.either(name, name_too)
    state = loop_control.snapshot(loop).state
    made = loop_analysis.analyse(loop_story.iterations(loop), state.lower_is_better)
    said = loop_headline.headline(state)
    metric = shown_name(state.config)
    blocks: list[Block] = [Heading(f"Loop {loop.name}: analysis", None, count_words(made.total, "experiment"))]
    blocks.append(Para(said.text))
    figures: tuple[Convergence, ...] = ()
    if made.total:
        blocks += [_verdicts(made), *_knobs(made), *_critics(made), *_gain(made)]
        figure = convergence(course_file.CourseFile(loop).read(), f"Convergence of {loop.name}", clean.line(metric, 60))
        figures = (figure,)
        if face.name != "notebook":
            blocks.append(Verbatim(figure.text(), "Convergence"))
    blocks.append(Next(((f"autor loop report {loop.name}", "the whole course, to read and to share"),)))
    facts = {"loop": loop.name, "metric": metric, "headline": {"text": said.text, "source": said.source or None},
             **loop_analysis.facts(made)}  # fmt: skip
    return Result(facts, tuple(blocks), (said.text,), state=loop, figures=figures)


def _row(group: Group) -> tuple[str, ...]:
    typical = duration_words(group.seconds / group.trials) if group.trials else ""
    return (str(group.count), str(group.kept or ""), signed(group.median_delta), str(group.trials or ""), typical)


def _verdicts(made: Analysis) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (Mark(word), *_row(group)[:1], *_row(group)[2:])
        for word, group in sorted(made.verdicts.items(), key=lambda item: -item[1].count)
    ]
    return Table(("Verdict", "Experiments", "Median delta", "Runs", "One run takes"), tuple(rows), "Verdicts")


def _knobs(made: Analysis) -> list[Block]:
    if not made.knobs:
        return []
    best = sorted(made.knobs.items(), key=lambda item: (-item[1].kept, -item[1].count, item[0]))
    rows = tuple((clean.line(name, 60), *_row(group)[:3]) for name, group in best[:KNOBS])
    blocks: list[Block] = [Table(("Knob", "Tried", "Kept", "Median delta"), rows, "Knobs")]
    if len(best) > KNOBS:
        blocks.append(Para(f"and {len(best) - KNOBS} more knobs", quiet=True))
    return blocks


def _critics(made: Analysis) -> list[Block]:
    hopes = made.calibration
    who = ", ".join(f"{clean.line(name, 40)} {count}" for name, count in made.critics.most_common(8))
    said = [f"Proposed by: {who}." if who else ""]
    if made.refused:
        said.append(f"{count_words(made.refused, 'proposal')} refused before any compute was spent.")
    if hopes.pairs and hopes.bias is not None:
        said.append(f"Of {count_words(len(hopes.pairs), 'measured idea')}, actual minus expected delta is "
                    f"{signed(hopes.bias)} on average")  # fmt: skip
        if hopes.right_sign is not None:
            said[-1] += f", {hopes.right_sign:.0%} moved the metric the way that was hoped"
        if hopes.correlation is not None:
            said[-1] += f", rank correlation {number_words(hopes.correlation, 2)}"
        said[-1] += "."
    text = " ".join(part for part in said if part)
    return [Para(text)] if text else []


def _gain(made: Analysis) -> list[Block]:
    if not made.steps:
        return []
    shown = made.steps if len(made.steps) <= 12 else [*made.steps[:4], *made.steps[-8:]]
    confirmed = dict(made.confirmed)
    rows = tuple(
        (str(n), number_words(metric, 6), "confirmed" if n in confirmed else "one run") for n, metric in shown
    )
    note = Para("A best recorded score is the luckiest of many runs: only what is confirmed is a step.", quiet=True)
    return [Table(("n", "Best recorded", "Stands on"), rows, "Gain over time"), note]
