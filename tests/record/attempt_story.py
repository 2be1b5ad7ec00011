"""A study told attempt by attempt over a real folder: log, objects, raw log and files as the engine leaves them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec

from autor_nb import registry
from autor_nb.domain import events as ev
from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.ports import AgentEvent, Finished, Notice, Text, ToolCall, ToolResult
from autor_nb.domain.run import Actor, Resource
from autor_nb.domain.stage import Ending, StageSpec, attempt_name
from autor_nb.domain.state import RunState
from autor_nb.domain.summary import OPTIONS
from autor_nb.engine.checking import check_attempt
from autor_nb.record.opening import state_as_of
from autor_nb.store import objects, templates
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import StoredAttempt

PERSON = Actor(face="notebook", os_user="m.okafor")
GOAL = "Compare regression models for one-year disease progression. A difference below 1.5 points does not matter."
FAMILIES = {"baseline": 76.9, "ridge": 54.1, "svm": 53.9, "forest": 56.0, "boosting": 55.8, "knn": 56.6}
CHECKS = (
    passed("ending.finished", "The agent finished"),
    passed("summary.sections", "The summary has its seven sections", detail="7 sections"),
    failed(
        "literature.sources",
        "Literature was supplied",
        "Add a .bib with --resources, or approve as is.",
        detail="0 sources",
        severity=Severity.WARNING,
    ),
    passed("results.parse", "Results parse and are not empty", detail="3 files"),
)


def summary_of(
    spec: StageSpec, results: str = "No family is called better here.", named: str = "results/folds.csv"
) -> str:
    """A whole summary of a stage."""
    return (
        "\n\n".join(
            [
                f"# Stage {spec.number}: {spec.title}",
                "## Objective\nMeasure five tuned families and a mean predictor under nested cross-validation.",
                "## Previously Approved Stage Summaries\nStages 01 to 04 are approved.",
                "## What I Did\nRan `code/run.py`.",
                f"## Key Results\n{results}",
                f"## Files Produced\n- `{named}`: every fold",
                "## Suggestions for Refinement\n1. Add an elastic net family.\n2. More seeds.\n3. Report mean absolute error.",
                "## Your Options\n" + "\n".join(f"{at}. {text}" for at, text in enumerate(OPTIONS, 1)),
            ]
        )
        + "\n"
    )


def folds_csv(seeds: int, without: str = "") -> bytes:
    """Per-fold results of every family but one."""
    rows = ["family,seed,fold,n_train,n_test,rmse"]
    rows += [
        f"{family},{seed},{fold},282,71,{mean + (fold - 2) * 3.1 + (seed - 1) * 0.7 + len(family) * 0.1:.4f}"
        for family, mean in FAMILIES.items()
        if family != without
        for seed in range(seeds)
        for fold in range(5)
    ]
    return ("\n".join(rows) + "\n").encode()


def summary_json(seeds: int, without: str = "") -> bytes:
    """Results by family, in the embedded agent's format."""
    families = {
        family: {
            "title": family.title(),
            "tuned": family != "baseline",
            "metrics": {
                "rmse": {
                    "mean": mean + seeds * 0.05,
                    "sd_folds": 4.9,
                    "min": mean - 6,
                    "max": mean + 6,
                    "sd_seeds": 0.7 if seeds > 1 else None,
                }
            },
        }
        for family, mean in FAMILIES.items()
        if family != without
    }
    return json.dumps(
        {
            "metric": "rmse",
            "direction": "lower",
            "seeds": list(range(seeds)),
            "outer_folds": 5,
            "inner_folds": 3,
            "settings_per_family": 8,
            "families": families,
        },
        indent=1,
    ).encode()


def png(width: int = 64, height: int = 48) -> bytes:
    """A picture."""
    from PIL import Image

    with io.BytesIO() as stream:
        picture = Image.new("RGB", (width, height), (255, 255, 255))
        picture.paste((47, 127, 208), (width // 4, height // 4, width // 2, height // 2))
        picture.save(stream, "PNG")
        return stream.getvalue()


class AttemptStory:
    """A run; each method appends what the engine would have appended."""

    def __init__(self, folder: Path, goal: str = GOAL, run_id: str = "20261120_091402") -> None:
        self.run = RunFolder(folder / "runs" / run_id)
        self.run.path.mkdir(parents=True)
        self.run.make()
        self.specs = {spec.slug: spec for spec in templates.stages(intake=False)}
        self.log = EventLog(self.run.events)
        self.clock = 0.0
        self.add(
            ev.RunCreated(
                run_id=run_id,
                goal=goal,
                workflow=tuple(spec.ref for spec in self.specs.values()),
                by=PERSON,
                config={"agent": "tabular", "venue": "report", "options": {"target": "progression"}},
                resources=(
                    Resource(
                        source_path="/home/x/d.csv",
                        resource_type="data",
                        sha256="0" * 64,
                        dest_relative="workspace/data/diabetes.csv",
                    ),
                ),
            )
        )

    def at(self) -> str:
        """The story's time."""
        whole = int(self.clock)
        return f"2026-11-20T{9 + whole // 3600:02d}:{whole // 60 % 60:02d}:{self.clock % 60:06.3f}Z"

    def add(self, event: ev.Event, after_s: float = 1.0) -> ev.Event:
        """Append an event, so long after the last one."""
        self.clock += after_s
        return self.log.append(msgspec.structs.replace(event, at=self.at()))

    @property
    def state(self) -> RunState:
        """The run as it stands."""
        return state_as_of(self.run, 0)

    def said(self, slug: str, number: int, events: list[tuple[float, AgentEvent]]) -> None:
        """Lines of the raw log, each so long after the last."""
        with self.run.raw_log.open("ab") as stream:
            for after_s, event in events:
                self.clock += after_s
                line = {"at": self.at(), "stage": slug, "attempt": number, **msgspec.to_builtins(event)}
                stream.write(msgspec.json.encode(line) + b"\n")

    def attempt(
        self,
        slug: str,
        *,
        files: dict[str, bytes | None] | None = None,
        text: str | None = None,
        feedback: str = "",
        checks: tuple[Check, ...] | None = None,
        ending: Ending = Ending.FINISHED,
        detail: str = "",
        events: list[tuple[float, AgentEvent]] | None = None,
        prompt: str = "You carry out this stage.\n",
    ) -> int:
        """An attempt from start to checks; answers with the log's position then."""
        spec, stage = self.specs[slug], self.state.stage(slug)
        number = len(stage.attempts) + 1 if stage else 1
        before = self._kept()
        prompt_path = self.run.prompt(slug, number)
        prompt_path.write_text(prompt)
        self.add(
            ev.AttemptStarted(
                stage=slug,
                attempt=number,
                agent="tabular",
                trigger="refine" if feedback else "start",
                files=before,
                feedback=feedback,
                prompt_path=prompt_path.relative_to(self.run.path).as_posix(),
                prompt_sha256=objects.put(self.run, prompt.encode()),
                prompt_bytes=len(prompt.encode()),
            )
        )
        told = steps() if events is None else events
        self.said(slug, number, told)
        for name, content in (files or {}).items():
            path = self.run.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content) if content is not None else path.unlink()
        self._end(spec, number, summary_of(spec) if text is None else text, ending, detail, len(told))
        written = self.add(self._checked(slug, number, checks))
        return written.seq

    def _checked(self, slug: str, number: int, checks: tuple[Check, ...] | None) -> ev.AttemptChecked:
        """What the engine records: the given answers, or what the rules really say."""
        state = self.state
        attempt = state.stage(slug).attempt(number)
        if checks is None:
            asked = [registry.create("checkers", name) for name in templates.gates(self.specs.values(), slug)]
            return check_attempt(self.run, StoredAttempt(self.run, state, attempt), asked)
        return ev.AttemptChecked(
            stage=slug,
            attempt=number,
            checks=checks,
            blocking=tuple(check.id for check in checks if check.blocks),
            total=len(checks),
            warnings=sum(not check.passed and not check.blocks for check in checks),
        )

    def _end(self, spec: StageSpec, number: int, text: str, ending: Ending, detail: str, events: int) -> None:
        path = ""
        if text:
            path = f"stages/{attempt_name(spec.slug, number)}.md"
            (self.run.path / path).write_text(text, encoding="utf-8", newline="")
        self.add(
            ev.AttemptEnded(
                stage=spec.slug,
                attempt=number,
                ending=ending,
                detail=detail,
                summary_path=path,
                files=self._kept(),
                duration_s=61.3,
                cost_usd=0.0,
                events=events,
                draft_sha256=objects.put(self.run, text.encode()),
                suggestions=("Add an elastic net family.", "More seeds.", "Report mean absolute error."),
            )
        )

    def _kept(self) -> str:
        index = ArtifactIndex(self.run)
        files = index.scan()
        for entry in files.values():
            objects.keep_file(self.run, self.run.workspace / entry.path, entry.sha256)
        index.save()
        return objects.put_files(self.run, files)

    def refine(self, slug: str, number: int, feedback: str) -> None:
        """A person sends the attempt back."""
        self.add(ev.ReviewOpened(stage=slug, attempt=number))
        self.add(ev.Refined(stage=slug, attempt=number, feedback=feedback, by=PERSON), after_s=60)


def steps() -> list[tuple[float, AgentEvent]]:
    """What an agent tells in a minute."""
    told: list[tuple[float, AgentEvent]] = [(0.1, Text(text="I read the design first."))]
    for index, (name, took) in enumerate(
        [
            ("read the design", 2.1),
            ("write code/run.py", 2.9),
            ("ridge", 4.3),
            ("random forest", 34.1),
            ("boosted trees", 7.2),
            ("permutation test", 3.1),
            ("write results and draft", 1.7),
        ]
    ):
        told += [
            (0.0, ToolCall(name=name, id=str(index))),
            (took, ToolResult(ok=True, output="done", id=str(index))),
        ]
    return [*told, (0.1, Notice(text="25 fits did not converge.")), (0.1, Finished(ok=True))]


def plan_json() -> bytes:
    """What was asked of attempt 2, and what became of it, in the embedded agent's format."""
    seeds = {"asked": "five seeds", "field": "seeds", "how": "set", "value": "5", "done": True, "why": ""}
    bold = {"asked": "be bold", "done": False, "why": "not a setting"}
    changes = [{"stage": "05_experimentation", "attempt": 2, **change} for change in (seeds, bold)]
    return json.dumps({"changes": changes}).encode()


def experiment(folder: Path) -> AttemptStory:
    """Stage 05 with two attempts: one seed and five families, then five seeds and all six."""
    story = AttemptStory(folder)
    story.attempt(
        "05_experimentation",
        files={
            "results/folds.csv": folds_csv(1, without="svm"),
            "results/summary.json": summary_json(1, without="svm"),
            "code/run.py": b"SEEDS = [0]\n",
            "notes/old.md": b"old\n",
            "notes/draft.md": b"# draft\n",
        },
        text=summary_of(story.specs["05_experimentation"], named="results/missing.csv"),
    )
    story.refine("05_experimentation", 1, "One seed only. Use five seeds and add support vectors.")
    story.attempt(
        "05_experimentation",
        feedback="One seed only. Use five seeds and add support vectors.",
        files={
            "results/folds.csv": folds_csv(5),
            "results/summary.json": summary_json(5),
            "code/run.py": b"SEEDS = range(5)\n",
            "results/permutation.json": b'{"observed": 53.67, "p": 0.005}',
            "notes/old.md": None,
            "figures/folds.png": png(),
            "notes/draft.md": b"# draft 2\n",
            "notes/plan.json": plan_json(),
        },
    )
    return story
