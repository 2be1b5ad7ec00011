"""The `autor` command: runs a verb, and prints its answer as text for people or JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any, NoReturn

from autor_nb.domain.errors import AutorError, BugError
from autor_nb.verbs import clean
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import VERBS, invoke

RAW = {"show", "export", "guide"}


def main() -> NoReturn:
    """The console entry point."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # `autor … | head`: what was wanted was read
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(args: list[str]) -> int:
    """Carry a command line out; answers with the exit code."""
    face = _face(args)
    try:
        result = invoke(args, face)
    except KeyboardInterrupt:
        return _failed(face, args, AutorError("Interrupted."), 130)
    except BrokenPipeError:
        return 0
    except BugError:
        raise
    except AutorError as error:
        return _failed(face, args, error, error.exit_code)
    except OSError as error:
        said = AutorError(
            f"{error.strerror or error}: {error.filename or 'a file'}.",
            "Mend the permissions or free some space, then try again.",
        )
        return _failed(face, args, said, 1)
    if result is None:
        return 0
    _print(face, result)
    return result.exit_code


def _face(args: list[str]) -> Face:
    terminal = _is_tty(sys.stdin) and _is_tty(sys.stdout)
    before = args[: args.index("--")] if "--" in args else args
    form = "json" if "--json" in before else "text" if "--text" in before else ""
    face = Face(
        "cli",
        interactive=terminal and form != "json",
        form=form,
        keys=terminal,
        stdin=lambda: sys.stdin.buffer.read().decode("utf-8", "replace"),
    )
    face.say = _say
    face.ask = _ask if _is_tty(sys.stdin) or _first(args) in ("review", "rm", "recover") else None
    return face


def _is_tty(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _first(args: list[str]) -> str:
    return next((arg for arg in args if arg in VERBS), "")


def _wants_json(face: Face) -> bool:
    if face.form:
        return face.form == "json"
    return not _is_tty(sys.stdout)


def _print(face: Face, result: Result) -> None:
    if face.form == "json" or (result.document is None and _wants_json(face)):
        _envelope({"status": "success", "data": result.data(), "hints": list(result.hints)})
    elif result.document is not None and not _is_tty(sys.stdout):
        sys.stdout.buffer.write(result.document.encode("utf-8", "replace"))
    elif result.document is not None:
        _write(sys.stdout, clean.plain(result.document))
    else:
        _write(sys.stdout, result.text(max(60, min(160, shutil.get_terminal_size((100, 24)).columns))))


def _failed(face: Face, args: list[str], error: AutorError, exit_code: int) -> int:
    if _wants_json(face) and (face.form == "json" or _first(args) not in RAW):
        said = {
            "code": error.code if exit_code != 130 else "interrupted",
            "message": error.message,
            "suggestion": error.suggestion,
        }
        _envelope({"status": "error", "error": said})
    else:
        _write(
            sys.stderr,
            "\n".join(
                part
                for part in (
                    f"autor: {clean.plain(error.message, 4000)}",
                    clean.plain(error.suggestion, 4000),
                )
                if part
            ),
        )
    return exit_code


def _envelope(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=True, default=str) + "\n")


def _write(stream: Any, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding, "replace") + "\n")


def _say(line: str) -> None:
    """Progress goes to stderr, so that stdout holds the answer and nothing else."""
    _write(sys.stderr, line)
    sys.stderr.flush()


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise EOFError
    return answer.rstrip("\n")


if __name__ == "__main__":
    main()
