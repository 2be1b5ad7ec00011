"""Reading long loops: log, best and status over 10,000 and 100,000 experiments, the report of 10,000 with their calls.

`make bench` prints it. The loops are written as an engine writes them: log, views, checkpoint, critics' logs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.run import Actor
from autor_nb.store import eventlog
from autor_nb.store.loops import history, standing
from autor_nb.store.loops.layout import LoopFolder, loop_folder

ME = Actor(face="bench", os_user="ada")
AT = "2026-01-01T00:00:00.000Z"
CALL_BYTES = 15_000
KINDS = (Verdict.DISCARD, Verdict.DISCARD, Verdict.CRASH, Verdict.DISCARD, Verdict.INCONCLUSIVE)


def idea(n: int) -> Idea:
    """Two kilobytes of reasons."""
    return Idea(
        thought_process=f"Experiment {n} follows from what came before. " * 24, alternatives_considered=("wider", "deeper"),
        hypothesis=f"Turn knob {n % 17} to {n}", expected_delta=-0.01, justification="It helped elsewhere. " * 12,
        code_pseudocode="rate = 3e-4", risk_level="low", change={f"rate_{n % 17}": n / 1000},
    )  # fmt: skip


def story(n: int) -> list[ev.Event]:
    """What the log says of experiment n."""
    verdict = Verdict.KEEP if n % 500 == 1 else KINDS[n % len(KINDS)]
    metric = None if verdict is Verdict.CRASH else 2.0 - (n // 500) * 0.001 + (n % 7) * 0.0001
    ended = "failed" if verdict is Verdict.CRASH else "finished"
    return [
        ev.IdeaProposed(n=n, idea=idea(n), critic="optimiser", log=f"call_{n:06d}.jsonl", at=AT),
        ev.ChangeApplied(n=n, commit=f"{n:040x}", parent="0" * 40, files=("train.py",), added=1, removed=1, at=AT),
        ev.TrialStarted(trial=n, n=n, role="screen", subject="candidate", commit=f"{n:040x}", seed=n, at=AT),
        ev.TrialEnded(trial=n, n=n, role="screen", subject="candidate", ending=ended, metric=metric, seed=n,
                      score=None if metric is None else -metric, duration_s=0.3, at=AT),
        ev.ExperimentEnded(n=n, verdict=verdict, reason="not better in its screening run", commit=f"{n:040x}",
                           summary=idea(n).hypothesis, metric=metric, delta=None if metric is None else 0.001,
                           confirmed=verdict is Verdict.KEEP, trials=1, duration_s=0.3, at=AT),
    ]  # fmt: skip


def record(n: int, event: ev.ExperimentEnded) -> Record:
    """Its line in experiments.jsonl."""
    status = "baseline" if n == 0 else {"keep": "keep", "crash": "crash"}.get(event.verdict, "discard")
    return Record(
        run=n, hash=event.commit, short_hash=event.commit[:8], metric=event.metric, delta=event.delta, status=status,
        summary=event.summary, timestamp=AT, verdict=str(event.verdict), reason=event.reason, mode="strict",
        duration_s=0.3, hypothesis=event.summary,
    )  # fmt: skip


def make(folder: Path, count: int, calls: bool = False) -> LoopFolder:
    """A loop of so many experiments."""
    loop = loop_folder(folder, "bench")
    loop.make()
    metric = {"name": "val_loss", "direction": "lower"}
    config = {"name": "bench", "objective": "lower it", "metric": metric, "command": ["true"], "mutable": ["train.py"]}
    fold, seq = LoopFold(), 0
    first = [
        ev.LoopCreated(name="bench", config=config, base="0" * 40, by=ME, seed=1, at=AT),
        ev.LoopStarted(by=ME, iterations=count, mode="strict", command_id="x", at=AT),
        ev.ExperimentEnded(n=0, verdict=Verdict.KEEP, reason="the baseline", summary="baseline", metric=2.1, score=-2.1,
                           baseline=True, reference=(-2.1, -2.11), trials=4, at=AT),
    ]  # fmt: skip
    prompt = "Here is the program, and here is what was tried. " * 290
    with loop.events.open("wb") as log, loop.experiments.open("wb") as view:
        for n in range(count):
            for event in first if n == 0 else story(n):
                seq += 1
                written = type(event)(**{**{k: getattr(event, k) for k in event.__struct_fields__}, "seq": seq})
                log.write(eventlog.encode(written) + b"\n")
                fold.apply([written])
                if isinstance(written, ev.ExperimentEnded):
                    view.write(history.encode(record(n, written)))
            if calls and n:
                content = {"ts": AT, "commit": f"{n:040x}", "user_prompt": prompt, "raw_response":
                           {"model": "m", "content": "{}", "thinking": "It may help. " * 30,
                            "usage": {"prompt_tokens": 3000, "completion_tokens": 400}},
                           "parsed_idea": {"hypothesis": "turn it"}}  # fmt: skip
                text = json.dumps(content)
                assert len(text) >= CALL_BYTES - 500
                (loop.critic_logs / f"call_{n:06d}.jsonl").write_text(text + "\n", encoding="utf-8")
    standing.save(loop, fold.state)
    return loop


ASK = """
import sys, time, json, resource, statistics, os
os.chdir(sys.argv[1])
from autor_nb.verbs import tree
from autor_nb.verbs.result import Face
words = json.loads(sys.argv[2])
def ask():
    begun = time.perf_counter()
    result = tree.invoke(words, Face("cli", form="json"))
    result.text()
    json.dumps(result.data(), default=str)
    return 1e3 * (time.perf_counter() - begun)
first = ask()
times = [ask() for _ in range(int(sys.argv[3]))]
scale = 1 if sys.platform == "darwin" else 1024
print(json.dumps([first, statistics.median(times or [first]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale]))
"""


def asked(project: Path, words: list[str], again: int) -> tuple[float, float, float]:
    """(ms of the first answer, median ms of more, peak MB) of a verb in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(project), json.dumps(words), str(again)], capture_output=True, check=True
    )
    first, median, peak = json.loads(done.stdout)
    return first, median, peak


def main() -> None:
    """Print the numbers."""
    print("each in a process of its own; medians of 15, the first answer with its imports")
    for count, bar in ((10_000, 30), (100_000, 150)):
        with tempfile.TemporaryDirectory() as place:
            begun = time.perf_counter()
            make(Path(place), count)
            print(f"{count:,} experiments (written in {time.perf_counter() - begun:.0f} s)")
            for words in (["log"], ["best"], ["status"], ["log", "--verdict", "keep"], ["review"]):
                first, median, peak = asked(Path(place), ["loop", *words], 15)
                print(f"  {' '.join(words):20} {median:7.1f} ms (first {first:.0f}), {peak:.0f} MB   (bar {bar} ms, 80 MB)")
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), 10_000, calls=True)
        first, median, peak = asked(Path(place), ["loop", "report", "--no-notebook"], 3)
        said = f"{median / 1e3:.2f} s (first {first / 1e3:.2f} s), {peak:.0f} MB (bar 3 s, 200 MB)"
        print(f"report and audit log of 10,000 experiments and calls: {said}")
        times = [asked(Path(place), ["loop", "analyze"], 0) for _ in range(3)]
        seconds, most = statistics.median(row[0] for row in times) / 1e3, max(row[2] for row in times)
        print(f"analyze of the same: {seconds:.2f} s, {most:.0f} MB")


if __name__ == "__main__":
    main()
