"""The study's figures: pictures that decode and show something, some made by the analysis."""

from __future__ import annotations

from collections.abc import Iterable

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import files_in, judged, unreadable

SUFFIXES = (".png", ".pdf", ".svg", ".jpg", ".jpeg")
MADE_FROM = "06"


class FiguresChecker:
    """Judges figures/ from stage 06 on."""

    name = "figures"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Present, decodes, shows something, fresh."""
        paths = files_in(view, "figures/", SUFFIXES)
        title = "There are figures"
        if not paths:
            yield failed(
                "figures.present",
                title,
                subject="figures/",
                detail="None was found.",
                remedy=f"Draw the results into figures/ as one of {' '.join(SUFFIXES)}.",
            )
            return
        yield passed("figures.present", title, subject="figures/", detail=f"{len(paths)} files.")
        no_bytes = [f"{path} is empty" for path in paths if view.files[path].size_bytes == 0]
        broken = unreadable(view, paths)
        yield judged(
            "figures.decode",
            "Every figure decodes",
            no_bytes + broken,
            "Draw these figures again with the code that made them.",
            subject="figures/",
        )
        blank = [path for path in paths if view.files[path].size_bytes and _is_blank(view, path)]
        yield judged(
            "figures.blank",
            "Every figure shows something",
            blank,
            "Look at these pictures: they hold a single colour, or nothing at all.",
            subject="figures/",
            severity=Severity.WARNING,
        )
        fresh = [path for path in paths if (view.made_by(path) or ("",))[0] >= MADE_FROM]
        yield judged(
            "figures.fresh",
            "The analysis made figures of its own",
            [] if fresh else ["every figure was there before"],
            "Have stage 06 draw its figures from results/ into figures/.",
            subject="figures/",
            good=f"{len(fresh)} of {len(paths)} files.",
        )


def _is_blank(view: AttemptView, path: str) -> bool:
    seen = view.inspect(path)
    return seen.empty and not seen.error
