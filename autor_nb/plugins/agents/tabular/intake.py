"""Stage 00: what the run is about, and at most three questions; of the rows only how values repeat is looked at."""

from __future__ import annotations

from autor_nb.plugins.agents.tabular import bundled, choosing, tablefile, targets
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, plain, table
from autor_nb.plugins.agents.tabular.intake_answers import QUESTIONS, Related, questions, related_rows
from autor_nb.plugins.agents.tabular.opening import header_of
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer


def work(session: Session) -> None:
    """Ask what only a person can settle."""
    plan = session.plan
    with session.step("read column names", data=plan.raw_file) as step:
        names = list(
            bundled.column_names(plan.dataset)
            if plan.dataset in bundled.TARGETS and not session.exists(plan.raw_file)
            else header_of(session).names
        )
        step.output = f"{len(names)} columns: {choosing.listed(names)}"
    columns = _columns(session)
    able = [name for name in names if name not in columns or not targets.problem(name, columns[name])[0]]
    asked = questions(
        names,
        choosing.Target(name=plan.target, text=plan.target_text),
        _related(session, columns),
        able or names,
    )
    session.write_json(QUESTIONS, asked, "the questions of this intake")
    session.write_text("notes/intake.md", _record(session, names), "what is known before the study begins")
    session.made("notes/plan.json", "the settings so far")
    answered = [[plain(pair.question), plain(pair.answer)] for pair in session.task.intake]
    session.write_draft(
        Draft(
            objective=f"Settle what the study of {code(plan.dataset)} is to answer: {plain(session.task.goal)}",
            did=[
                (
                    f"I read the names of the {len(names)} columns, and of the rows only how often each value of a "
                    "column repeats: the holdout is set aside before a value is looked at together with the target."
                ),
                *(["Answers given:\n\n" + table(["question", "answer"], answered)] if answered else []),
                *filter(None, [asked_table(session)]),
            ],
            results=[
                bullets(
                    [
                        f"Data set: {code(plan.dataset)}, {len(names)} columns.",
                        f"Target: {code(plan.target)} ({plain(plan.target_text)})."
                        if plan.target
                        else "Target: open; only a person can settle it.",
                        *(plain(note) for note in plan.notes),
                    ]
                ),
                "Questions (the default holds where there is no answer):\n\n"
                + table(
                    ["question", "default"],
                    [[plain(q["text"]), code(q["default"] or "none: an answer is needed")] for q in asked],
                ),
            ],
            suggestions=offer(session, choose(session)),
        )
    )


def _columns(session: Session) -> dict[str, tuple[str, ...]]:
    """The cells of each column; nothing for a bundled set, of which all is known."""
    if not session.exists(session.plan.raw_file):
        return {}
    header = header_of(session)
    rows, _ = tablefile.read_rows(session.path(session.plan.raw_file), header)
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(header.names)
    return dict(zip(header.names, cells, strict=True))


def _related(session: Session, columns: dict[str, tuple[str, ...]]) -> Related:
    """Whether rows seem to belong together; what was set with --set stands."""
    plan = session.plan
    if plan.group or plan.group_text or plan.time or not columns:
        said = f"group: {plan.group}" if plan.group else f"time: {plan.time}" if plan.time else "none"
        return Related(default=said, why="")
    return related_rows(columns, plan.target, plan.dataset)


def _record(session: Session, names: list[str]) -> str:
    plan = session.plan
    return (
        f"# Intake\n\nGoal: {plain(session.task.goal)}\n\nData set: {code(plan.dataset)}\n\n"
        f"Target: {code(plan.target) if plan.target else 'open'} {plain(plan.target_text)}\n\n"
        f"Columns:\n\n{bullets([code(name) for name in names])}\n"
    )
