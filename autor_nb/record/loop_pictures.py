"""The figures of a loop as its report and its notebook show them: convergence, evidence, calibration, experiments."""

from __future__ import annotations

from autor_nb.domain.loops.course import Course
from autor_nb.figures.descriptions import Description
from autor_nb.figures.loop_calibration import calibration
from autor_nb.figures.loop_convergence import convergence
from autor_nb.figures.loop_evidence import evidence
from autor_nb.figures.loop_experiments import experiments
from autor_nb.record.markup import one_line


def convergence_of(course: Course, name: str, metric: str) -> Description:
    """Best recorded and best re-measured over the experiments."""
    return convergence(course, f"Convergence of {one_line(name, 60)}", one_line(metric, 60))


def evidence_of(course: Course) -> Description | None:
    """The track of e-values of the newest candidate that reached a confirm; None if none did."""
    newest = max(course.tracks, default=None)
    if newest is None:
        return None
    one = course.of(newest)
    return evidence(course, newest, expected=one.expected if one is not None else None)


def calibration_of(course: Course) -> Description:
    """What was hoped against what came."""
    return calibration(course)


def differences_of(course: Course) -> Description:
    """The newest experiments by their difference to the incumbent of their time."""
    return experiments(course)


def all_of(course: Course, name: str, metric: str) -> list[tuple[str, Description]]:
    """(what it shows, figure), those that have something to show."""
    found: list[tuple[str, Description]] = [("Convergence", convergence_of(course, name, metric))]
    track = evidence_of(course)
    if track is not None:
        found.append(("Evidence for the newest candidate that reached a confirm", track))
    if any(one.expected is not None for one in course.experiments):
        found.append(("What the critic hoped for, and what came", calibration_of(course)))
    if len(course.experiments) > 1:
        found.append(("The newest experiments", differences_of(course)))
    return found
