"""Loops that never ran: logs of real events, real arithmetic over drawn scores, for panels, figures and tests."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from autor_nb.domain.events import Event
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.eprocess import alpha_at, confidence, e_value, log_e
from autor_nb.domain.loops.forks import CompareReport, CompareRequest, Variant, VariantRow, ranked
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.run import Actor
from autor_nb.store import eventlog, objects
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder

PERSON = Actor(face="panel", os_user="m.keller")
SD = 0.029
BASELINE = 2.244
HORIZON = 20
_HYPOTHESES = (
    "Warm up for 100 steps, then cosine-decay the learning rate to 10 % of its peak.", "Residual scaling by depth",
    "Width 128 to 192", "Gated feed-forward, same parameter count", "Report the loss of the last batch only",
    "Head dimension 32 to 48", "Rotary positions in place of learned ones", "Half the vocabulary",
    "Weight decay 0.1 to 0.05", "Tie the embedding to the output", "Drop the bias of every projection",
    "Batch of 48 in place of 32", "Normalise queries and keys", "Clip gradients at 0.5",
)  # fmt: skip
_DIFF = """--- a/train.py
+++ b/train.py
@@ -41,7 +41,9 @@ def train():
   model = CharLM(vocab, d=128, layers=4)
-  opt = AdamW(model, lr=3e-3)
+  opt = AdamW(model, lr=0.0)
+  rate = cosine(3e-3, warmup=100, floor=0.1)
   for i, (x, y) in enumerate(batches):
+    opt.lr = rate(i, STEPS)
     opt.step(model.loss(x, y))  # seeded
"""
CONFIG: dict[str, Any] = {
    "name": "char-lm",
    "objective": "Lower the validation loss of a four-layer character model after 2,000 steps, without more parameters "
    "than the baseline.",
    "mutable": ["train.py"],
    "readonly": ["evaluate.py", "data/"],
    "command": "python train.py",
    "metric": {"name": "val_loss", "direction": "lower"},
    "gate": {"name": "eprocess", "options": {"horizon": HORIZON}},
    "stop": {"iterations": 60, "wall_s": 28_800.0},
}
_GAINS = {2: 0.094, 12: 0.062, 27: 0.071, 20: 0.03, 30: 0.024}
_CRASHES, _TAMPERED = (3, 10, 19, 31), 29


@dataclass
class Story:
    """Writes one loop's log. Effects are drawn; verdicts are what the arithmetic makes of them."""

    loop: LoopFolder
    seed: int = 1
    config: dict[str, Any] = field(default_factory=lambda: dict(CONFIG))
    forked_from: str = ""

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.clock = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
        self.lines: list[bytes] = []
        self.seq = self.trial = self.confirms = self.keeps = self.worked = 0
        self.level, self.reference, self.head, self.commits = BASELINE, [0.0], "b" * 40, 0

    def say(self, event: Event, after_s: float = 0.2) -> None:
        """One event more."""
        self.clock += timedelta(seconds=after_s)
        self.seq += 1
        at = self.clock.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = {name: getattr(event, name) for name in event.__struct_fields__} | {"seq": self.seq, "at": at}
        self.lines.append(eventlog.encode(type(event)(**fields)) + b"\n")

    def write(self) -> LoopFolder:
        """Put what was said into the log."""
        self.loop.make()
        with self.loop.events.open("ab") as stream:
            stream.write(b"".join(self.lines))
        self.lines = []
        return self.loop

    def begin(self, iterations: int | None = 60) -> Story:
        """Created, started, tested, and the baseline measured."""
        self.say(ev.LoopCreated(name=self.loop.name, config=self.config, base=self.head, seed=7, by=PERSON,
                                command_id="c-created", forked_from=self.forked_from))  # fmt: skip
        self.say(ev.LoopStarted(iterations=iterations, wall_s=28_800.0, mode="strict", sandbox="files and network",
                                by=PERSON, command_id="c-started"))  # fmt: skip
        self.say(ev.GateTested(part="null", ok=True, rate=0.012, bound=0.12, sessions=2000,
                               detail="2,000 null sessions, 1.2 % kept anything"))  # fmt: skip
        scores = [self.run(0, "reference", "incumbent", self.level) for _ in range(4)]
        self.reference = scores
        self.say(ev.ExperimentEnded(n=0, verdict=Verdict.KEEP, reason="The baseline.", baseline=True, trials=4,
                                    metric=-math.fsum(scores) / 4, summary="baseline", duration_s=164.0,
                                    reference=tuple(scores), commit=self.head))  # fmt: skip
        return self

    def run(
        self, n: int, role: str, subject: str, level: float, pair: int | None = None, seed: int = 0, **ended: Any
    ) -> float:
        """One trial of so many seconds; answers with its score."""
        seed = seed or self.draw.randrange(1, 10**6)
        metric = level + self.draw.gauss(0, SD)
        self.start(n, role, subject, pair, seed)
        took = 41 + self.draw.gauss(0, 1)
        facts: dict[str, Any] = {"ending": "finished", "exit_code": 0, "metric": metric, "score": -metric} | ended
        self.say(ev.TrialEnded(trial=self.trial, n=n, role=role, subject=subject, seed=seed, pair=pair,
                               duration_s=took, **facts), took)  # fmt: skip
        return -metric

    def start(self, n: int, role: str, subject: str, pair: int | None = None, seed: int = 731904) -> None:
        """A trial begins."""
        self.trial += 1
        self.say(ev.TrialStarted(trial=self.trial, n=n, role=role, subject=subject, commit=self.head, seed=seed,
                                 pair=pair, pid=1, marker=f"m{self.trial}"))  # fmt: skip

    def propose(self, n: int, expected: float = -0.04, pinned: Actor | None = None) -> Idea:
        """An idea and its change."""
        idea = Idea(
            thought_process="Since the last keep the loss still falls at step 2,000 but swings by 0.02 between "
            "evaluations, which points to a constant rate that is too high late. It adds no parameters.",
            alternatives_considered=(
                "Average the weights of the last 500 steps: same aim, but changes what is evaluated.",
                "Lower the constant rate to 2e-3: slower start.",
            ),
            hypothesis=_HYPOTHESES[(n + 9) % len(_HYPOTHESES)],
            expected_delta=expected,
            justification="Decay was not tried yet.",
            code_pseudocode="rate = cosine(3e-3, warmup=100, floor=0.1)",
            risk_level="low",
            change={"PARAMS.rate": 0.003},
        )
        self.say(ev.IdeaProposed(n=n, idea=idea, critic="optimiser", pinned_by=pinned, duration_s=0.4), 0.4)
        diff = objects.put(self.loop, _DIFF.encode()) if self.loop.objects.is_dir() else "d" * 64
        self.commits += 1
        self.say(ev.ChangeApplied(n=n, commit=f"{self.commits:040x}", parent=self.head, files=("train.py",), added=3,
                                  removed=1, diff=diff, diff_sha256=diff, coder="params"))  # fmt: skip
        return idea

    def experiment(self, n: int, gain: float | None = None, pairs: int | None = None) -> None:
        """Proposed, screened, confirmed as far as its scores take it; `pairs` leaves it unfinished after so many."""
        idea = self.propose(n, -abs(self.draw.gauss(0.033, 0.012)))
        gain = self.draw.gauss(-0.012, 0.02) if gain is None else gain
        if n % 60 in _CRASHES or n % 60 == _TAMPERED:
            self._without_value(n, idea, n % 60 == _TAMPERED)
            return
        better = gain > 0.02
        level = self.level - gain
        screen = self.run(n, "screen", "candidate", level - (SD if better else 0))
        standing = math.fsum(self.reference) / len(self.reference)
        if screen <= standing and pairs is None:
            self._end(n, idea, Verdict.DISCARD, "Not better than the reference at the screen.", screen)
        else:
            self._confirm(n, idea, level, screen, pairs)

    def _confirm(self, n: int, idea: Idea, level: float, screen: float, stop: int | None) -> None:
        alpha = alpha_at(0.1, self.confirms, self.keeps, HORIZON)
        if alpha is None:
            return self._end(n, idea, Verdict.UNTESTED, "The budget of errors is spent.", screen)
        ours: list[float] = []
        theirs: list[float] = []
        while True:
            first = len(ours) + 1
            plan = [ev.PlannedPair(pair=at, seed=self.draw.randrange(10**6), order=order)
                    for at, order in ((first, "AB"), (first + 1, "BA"))]  # fmt: skip
            self.say(ev.BlockPlanned(n=n, pairs=tuple(plan), warm_up=first == 1))
            if stop is not None and len(ours) >= stop:
                self.start(n, "confirm", "incumbent", first, plan[0].seed)
                return None
            for one in plan:
                shift = self.draw.gauss(0, SD / 2)
                ours.append(self.run(n, "confirm", "candidate", level + shift, one.pair, one.seed))
                theirs.append(self.run(n, "confirm", "incumbent", self.level + shift, one.pair, one.seed))
            d = tuple(a - b for a, b in zip(ours, theirs, strict=True))
            high, low = (-end if math.isfinite(end) else None for end in confidence(d))
            evidence: dict[str, Any] = {
                "e_value": e_value(log_e(d)), "bar": 1 / alpha, "alpha_t": alpha, "mean": -math.fsum(d) / len(d),
                "interval": (low, high),
            }  # fmt: skip
            self.say(ev.EvidenceRead(n=n, pairs=len(d), **evidence))
            if stop is None and evidence["e_value"] >= evidence["bar"]:
                self.reference, self.level = ours[-16:], level
                return self._end(n, idea, Verdict.KEEP, "E reached its bar.", screen, confirmed=True, ours=ours,
                                 **evidence)  # fmt: skip
            if stop is None and (evidence["e_value"] < 0.5 or len(d) >= 16):
                verdict = Verdict.DISCARD if evidence["e_value"] < 0.5 else Verdict.INCONCLUSIVE
                reason = "Futile: E fell below ½." if verdict is Verdict.DISCARD else "16 pairs did not decide."
                self.reference = theirs[-16:]
                return self._end(n, idea, verdict, reason, screen, ours=ours, **evidence)

    def _end(
        self, n: int, idea: Idea, verdict: Verdict, reason: str, screen: float, ours: Any = (), **said: Any
    ) -> None:
        reached = verdict is not Verdict.UNTESTED and bool(ours)
        self.confirms += reached
        self.keeps += verdict is Verdict.KEEP
        metric = -math.fsum(ours) / len(ours) if ours else -screen
        self.say(ev.ExperimentEnded(
            n=n, verdict=verdict, reason=reason, summary=idea.hypothesis, metric=metric, trials=1 + 2 * len(ours),
            delta=metric + math.fsum(self.reference) / len(self.reference), duration_s=41.0 * (1 + 2 * len(ours)),
            reached_confirm=reached, commit=f"{self.commits:040x}", reference=tuple(self.reference), **said,
        ))  # fmt: skip

    def _without_value(self, n: int, idea: Idea, tampered: bool) -> None:
        facts: dict[str, Any] = {"score": None, "metric": 1.702, "tampered": ("evaluate.py",)}
        if not tampered:
            facts = {"ending": "failed", "exit_code": 1, "score": None, "metric": None, "reason": "out of memory"}
        self.run(n, "screen", "candidate", self.level, **facts)
        self.say(ev.ExperimentEnded(
            n=n, verdict=Verdict.TAMPERED if tampered else Verdict.CRASH, summary=idea.hypothesis, trials=1,
            reason="evaluator file changed during the run" if tampered else "out of memory, exit 1", duration_s=41.0,
            metric=1.702 if tampered else None, suspicious=("evaluate.py changed",) if tampered else (),
        ))  # fmt: skip


def char_lm(loop: LoopFolder, experiments: int = 33, under_test: int | None = 8, seed: int = 1) -> LoopFolder:
    """A loop of so many experiments with one more under test after `under_test` pairs, and an output that grows."""
    loop.make()
    story = Story(loop, seed=seed).begin()
    for n in range(1, experiments):
        story.experiment(n, _GAINS.get(n))
    if under_test is not None:
        story.experiment(experiments, 0.035, under_test)
        steps = "".join(f"step {at:>4}/2000  train {2.7 - at / 2500:.3f}  val {2.68 - at / 2600:.3f}\n"
                        for at in range(200, 1200, 200))  # fmt: skip
        loop.output(story.trial).write_text(steps)
    return story.write()


def long_loop(loop: LoopFolder, experiments: int = 10_000) -> LoopFolder:
    """A loop with thousands of experiments: mostly screened, a few confirmed, each budget granted again when spent."""
    loop.make()
    story = Story(loop, seed=11).begin(iterations=None)
    for n in range(1, experiments):
        if story.confirms >= HORIZON:
            story.say(ev.BudgetGranted(session=2 + n // 40, by=PERSON, command_id=f"grant-{n}"))
            story.confirms = story.keeps = 0
        gain = (0.08 if n % 150 == 12 else None) if story.draw.random() < 0.5 else -0.06
        if gain is None and n > 200:
            gain = -0.08
        story.experiment(n, gain)
    return story.write()


def compared(loops: Sequence[tuple[LoopFolder, float]], seeds: int = 6, seed: int = 5, **more: Any) -> CompareReport:
    """Keep a comparison of loops, each so much better than the common base, in the first one's folder."""
    draw = random.Random(seed)
    states = [standing.read(loop) for loop, _ in loops]
    heads = [(loop.name, state) for (loop, _), state in zip(loops, states, strict=True)]
    variants = tuple(Variant(loop=name, commit=state.head, n=state.head_n) for name, state in heads)
    rows = [
        VariantRow(loop=one.loop, commit=one.commit, n=one.n, why_not="it kept nothing: its head is the common base")
        if state.head == state.base and not gain
        else VariantRow(loop=one.loop, commit=one.commit, n=one.n,
                        differences=tuple(draw.gauss(gain, SD) for _ in range(seeds)))
        for one, state, (_, gain) in zip(variants, states, loops, strict=True)
    ]  # fmt: skip
    request = CompareRequest(project=str(loops[0][0].project), base=states[0].base, variants=variants,
                             config=msgspec.convert(states[0].config, LoopConfig), seeds=seeds)  # fmt: skip
    told: dict[str, Any] = {"seeds": tuple(range(901, 901 + seeds)), "at": "2026-11-21T04:02:11.512Z", **more}
    report = CompareReport(request=request, rows=ranked(rows, request.q), **told)
    folder = loops[0][0].path / "reports"
    folder.mkdir(exist_ok=True)
    number = 1 + len(list(folder.glob("compare_*.json")))
    (folder / f"compare_{number:04d}.json").write_bytes(msgspec.json.encode(report))
    return report
