"""A loop's clone: the person's repository is bit-identical after it, and its tree is exactly what a commit says."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store.loops import making, publishing
from autor_nb.store.loops.clone import repository_of
from autor_nb.store.loops.making import Made


def git(folder: Path, *words: str) -> str:
    """git as a person calls it."""
    answer = subprocess.run(
        ["git", "-c", "user.name=p", "-c", "user.email=p@x", *words], cwd=folder, check=True, capture_output=True
    )
    return answer.stdout.decode("utf-8", "replace").strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with staged, unstaged, untracked, ignored and stashed work and a hook that refuses."""
    top = tmp_path / "pro ject"
    (top / "src").mkdir(parents=True)
    (top / "data").mkdir()
    git(top, "init", "-q", "-b", "main")
    for name, text in {
        "train.py": "x = 1\n", "evaluate.py": "e = 1\n", "src/a.py": "a\n", "src/ü b.py": "b\n",
        ".gitignore": "data/\n*.log\nautor_loops/\n__pycache__/\n", "data/big.bin": "0123", "old.py": "old\n",
    }.items():  # fmt: skip
        (top / name).write_text(text, encoding="utf-8")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "base")
    (top / "src/a.py").write_text("stashed\n", encoding="utf-8")
    git(top, "stash", "-q")
    (top / "evaluate.py").write_text("staged\n", encoding="utf-8")
    git(top, "add", "evaluate.py")
    (top / "evaluate.py").write_text("staged and edited\n", encoding="utf-8")
    (top / "src/ü b.py").write_text("unstaged\n", encoding="utf-8")
    (top / "old.py").unlink()
    (top / "fresh.txt").write_text("untracked\n", encoding="utf-8")
    (top / "run.log").write_text("ignored\n", encoding="utf-8")
    for hook in ("pre-commit", "post-checkout", "reference-transaction", "pre-push", "post-index-change"):
        path = top / ".git/hooks" / hook
        path.write_text("#!/bin/sh\ntouch ../hook-ran hook-ran\nexit 1\n", encoding="utf-8")
        path.chmod(0o755)
    return top


def made(project: Path, **more: object) -> Made:
    """A clone of the project, as a loop makes it."""
    source = making.find_source(project)
    settings: dict[str, object] = {"loop": "tune", "mutable": ("train.py", "src/**"), **more}
    return making.make(project / "autor_loops/tune/.engine/clone", source, **settings)  # type: ignore[arg-type]


def fingerprint(project: Path) -> dict[str, str]:
    """Every file of the tree and of the repository's own state; objects and refs of loops apart."""
    found: dict[str, str] = {}
    for folder, names, files in os.walk(project):
        here = Path(folder).relative_to(project).as_posix()
        if here == "." and "autor_loops" in names:
            names.remove("autor_loops")
        if here.startswith((".git/objects", ".git/refs/autor", ".git/refs/heads/autor")):
            continue
        for name in files:
            path = Path(folder, name)
            facts = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[f"{here}/{name}"] = f"{digest} {facts.st_mode:o} {facts.st_mtime_ns} {facts.st_ino}"
    return found


def test_a_dirty_repository_is_bit_identical_after_fifty_iterations(project: Path) -> None:
    """Tree, index, HEAD, other refs, stash, hooks and settings are what they were, to the byte and the time."""
    before = fingerprint(project)
    stash = git(project, "rev-parse", "refs/stash")
    source = making.find_source(project)
    clone = (first := made(project, include_uncommitted=True, link=("data",))).clone
    kept, numbered = first.head, {}
    for number in range(1, 51):
        (clone.path / "train.py").write_text(f"x = {number + 1}\n", encoding="utf-8")
        candidate = clone.commit_candidate(f"Try {number}")
        (clone.path / "junk").mkdir()
        (clone.path / "junk/out.txt").write_text("left", encoding="utf-8")
        numbered[number] = candidate.sha
        if number % 10 == 0:
            kept = candidate.sha
            clone.adopt(kept)
            publishing.publish(clone, source.git_dir, numbered, kept)
        clone.checkout(kept)
        if number == 25:
            clone.repair(kept)
    assert before == fingerprint(project)
    assert stash == git(project, "rev-parse", "refs/stash")
    assert kept == git(project, "rev-parse", "autor/tune")
    assert numbered == publishing.published(source.git_dir, "tune")
    assert "" == git(project, "fsck", "--no-dangling", "--no-progress")
    assert "x = 51" in git(project, "show", "refs/autor/tune/50:train.py")


def test_uncommitted_edits_are_taken_along_only_when_asked(project: Path) -> None:
    """Staged, unstaged, deleted and untracked work is in the snapshot; ignored and stashed work is not."""
    first = made(project, include_uncommitted=True)
    assert ("evaluate.py", "fresh.txt", "old.py", "src/ü b.py") == first.snapshot_paths
    assert "staged and edited\n" == (first.clone.path / "evaluate.py").read_text(encoding="utf-8")
    assert "unstaged\n" == (first.clone.path / "src/ü b.py").read_text(encoding="utf-8")
    assert not (first.clone.path / "run.log").exists()
    assert not (first.clone.path / "old.py").exists()
    other = making.make(project / "autor_loops/b/.engine/clone", making.find_source(project), loop="b", mutable=("*",))
    assert other.base == other.head != first.head
    assert "e = 1\n" == (other.clone.path / "evaluate.py").read_text(encoding="utf-8")
    assert any("4 uncommitted changes" in note for note in other.notes)


def test_a_checkout_leaves_exactly_the_commit(project: Path) -> None:
    """Edits, new and ignored files, empty and closed folders, links and swapped kinds are gone after it."""
    clone = (first := made(project)).clone
    tree, outside = clone.path, project / "data"
    (tree / "train.py").write_text("x = 2\n", encoding="utf-8")
    (tree / "evaluate.py").unlink()
    (tree / "evaluate.py").symlink_to(outside / "big.bin")
    (tree / "src/a.py").unlink()
    (tree / "src/ü b.py").unlink()
    (tree / "src").rmdir()
    (tree / "src").symlink_to(outside)
    (tree / "old.py").unlink()
    (tree / "old.py").mkdir()
    (tree / "old.py/in.txt").write_text("", encoding="utf-8")
    (tree / "empty/deep").mkdir(parents=True)
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__/x.pyc").write_bytes(b"1")
    (tree / "closed").mkdir()
    (tree / "closed/f").write_text("", encoding="utf-8")
    (tree / "closed").chmod(0)
    (tree / ".git").unlink()
    clone.checkout(first.head)
    found = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*"))
    assert [".git", ".gitignore", "evaluate.py", "old.py", "src", "src/a.py", "src/ü b.py", "train.py"] == found
    assert "e = 1\n" == (tree / "evaluate.py").read_text(encoding="utf-8")
    assert "0123" == (outside / "big.bin").read_text(encoding="utf-8")
    assert "" == git(tree, "status", "--porcelain", "--ignored")


def test_an_edit_that_hides_its_time_and_size_is_found(project: Path) -> None:
    """Same size and the old modification time do not hide an edit, nor does a flag in the index."""
    clone = (first := made(project)).clone
    path = clone.path / "evaluate.py"
    old = path.stat()
    path.write_text("e = 9\n", encoding="utf-8")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert ("evaluate.py",) == clone.changes().other
    git(clone.path, "update-index", "--assume-unchanged", "evaluate.py")
    assert ("evaluate.py",) == clone.changes().other
    (clone.repo / "index").write_bytes(b"DIRC broken")
    assert ("evaluate.py",) == clone.changes().other
    git(clone.path, "update-index", "--skip-worktree", "evaluate.py")
    clone.checkout(first.head)
    assert "e = 1\n" == path.read_text(encoding="utf-8")


def test_only_mutable_files_are_committed_and_the_rest_is_named(project: Path) -> None:
    """A candidate holds mutable paths only; what changed beside is reported and gone."""
    clone = (first := made(project)).clone
    (clone.path / "train.py").write_text("x = 2\n", encoding="utf-8")
    (clone.path / "src/new.py").write_text("new\n", encoding="utf-8")
    (clone.path / "src/__pycache__").mkdir()
    (clone.path / "src/__pycache__/new.pyc").write_bytes(b"")
    (clone.path / "evaluate.py").write_text("mine\n", encoding="utf-8")
    (clone.path / "sitecustomize.py").write_text("", encoding="utf-8")
    (clone.path / "src/link.py").symlink_to(project / "train.py")
    candidate = clone.commit_candidate("Try\x00 this\n")
    assert ("src/new.py", "train.py") == candidate.paths
    assert ("evaluate.py", "sitecustomize.py", "src/link.py") == candidate.other
    assert ["src/new.py", "train.py"] == [row.path for row in clone.numstat(first.head, candidate.sha)]
    assert "" == git(clone.path, "status", "--porcelain", "--ignored")
    assert b"x = 2\n" == clone.show(candidate.sha, "train.py")
    assert first.head == git(clone.path, "rev-parse", "HEAD^")
    assert "autor <autor@localhost>" == git(clone.path, "log", "-1", "--format=%an <%ae>")


def test_nothing_changed_is_refused(project: Path) -> None:
    """No edit, a touched file and an edit outside of the mutable files make no candidate."""
    clone = made(project).clone
    with pytest.raises(UsageError, match="Nothing of what loop tune may change"):
        clone.commit_candidate("nothing")
    os.utime(clone.path / "train.py")
    (clone.path / "evaluate.py").write_text("mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"evaluate\.py changed, but is not mutable"):
        clone.commit_candidate("only beside")


def test_a_coder_may_stage_and_commit_in_the_clone(project: Path) -> None:
    """What a program adds to the index is a change like any other, and its own commit moves nothing of ours."""
    clone = (first := made(project)).clone
    (clone.path / "train.py").write_text("x = 3\n", encoding="utf-8")
    git(clone.path, "add", "-A")
    candidate = clone.commit_candidate("staged")
    assert ("train.py",) == candidate.paths
    assert b"x = 3\n" == clone.show(candidate.sha, "train.py")
    clone.checkout(first.head)
    for words in (["checkout", "-q", "-b", "mine"], ["commit", "-q", "-a", "-m", "in my own words"]):
        (clone.path / "train.py").write_text("x = 4\n", encoding="utf-8")
        git(clone.path, *words)
    assert first.head == clone.laid() != clone.head()
    candidate = clone.commit_candidate("by the loop", first.head)
    assert (first.head, ("train.py",)) == (candidate.parent, candidate.paths)
    assert b"x = 4\n" == clone.show(candidate.sha, "train.py")
    clone.checkout(first.head)
    assert first.head == clone.kept() == clone.head()


def test_files_folders_and_modes_may_trade_places(project: Path) -> None:
    """A file becomes a folder, a folder a file, a script executable: the candidate is what git itself would write."""
    clone = made(project, mutable=("**",)).clone
    (clone.path / "old.py").unlink()
    (clone.path / "old.py").mkdir()
    (clone.path / "old.py/deep").mkdir()
    (clone.path / "old.py/deep/x").write_text("x", encoding="utf-8")
    (clone.path / "src/a.py").unlink()
    (clone.path / "src/ü b.py").unlink()
    (clone.path / "src").rmdir()
    (clone.path / "src").write_text("file", encoding="utf-8")
    (clone.path / "src.a").write_text("sorts before src/", encoding="utf-8")
    (clone.path / "train.py").chmod(0o755)
    candidate = clone.commit_candidate("swap")
    git(clone.path, "read-tree", "--empty")
    git(clone.path, "add", "-A")
    wanted = git(clone.path, "write-tree")
    assert git(clone.path, "ls-tree", "-r", wanted) == git(clone.path, "ls-tree", "-r", candidate.sha)
    assert wanted == git(clone.path, "rev-parse", f"{candidate.sha}^{{tree}}")
    assert "" == git(clone.path, "fsck", "--no-dangling", "--no-progress")


def test_line_ends_are_stored_as_git_would(project: Path) -> None:
    """With `.gitattributes`, a file that was not changed in content is no change, and an edit is normalised."""
    (project / ".gitattributes").write_text("*.py text eol=crlf\n", encoding="utf-8")
    clone = made(project, include_uncommitted=True).clone
    assert b"x = 1\r\n" == (clone.path / "train.py").read_bytes()
    (clone.path / "train.py").write_bytes(b"x = 5\r\n")
    assert b"x = 5\n" == clone.show(clone.commit_candidate("crlf").sha, "train.py")


def test_linked_inputs_are_there_and_never_committed(project: Path) -> None:
    """An ignored folder is linked, survives checkouts, and is in no candidate; a way out of the project is refused."""
    clone = (first := made(project, mutable=("**",), link=("data", "*.log", "train.py"))).clone
    assert frozenset({"data", "run.log"}) == clone.linked
    assert "0123" == (clone.path / "data/big.bin").read_text(encoding="utf-8")
    (clone.path / "train.py").write_text("x = 4\n", encoding="utf-8")
    assert ("train.py",) == clone.commit_candidate("with inputs").paths
    clone.checkout(first.head)
    assert (clone.path / "run.log").is_symlink()
    with pytest.raises(UsageError, match="leads out of the project"):
        making.linked_paths(clone.path, making.find_source(project), ("../x",))


@pytest.mark.parametrize("left", ["index.lock", "HEAD.lock", "refs/heads/autor/tune.lock"])
def test_a_killed_clone_is_repaired_to_the_logs_commit(project: Path, left: str) -> None:
    """A left lock, a torn index and an unadopted candidate in the tree are mended; twice is once."""
    clone = (first := made(project)).clone
    (clone.path / "train.py").write_text("x = 2\n", encoding="utf-8")
    clone.commit_candidate("untested")
    (clone.repo / left).write_text("", encoding="utf-8")
    (clone.repo / "index").write_bytes(b"DIRC\0\0")
    again = making.open_clone(clone.path, making.find_source(project), loop="tune", mutable=("train.py",))
    assert again.repair(first.head)
    assert () == again.repair(first.head)
    assert first.head == again.head() == again.kept()
    assert "x = 1\n" == (clone.path / "train.py").read_text(encoding="utf-8")


def test_a_half_made_clone_is_made_anew_and_a_broken_one_refused(project: Path) -> None:
    """What was not made to its end is no clone; a commit that is not whole is never checked out."""
    clone = (first := made(project)).clone
    (clone.repo / "autor-ready").unlink()
    assert not clone.ready
    assert made(project).head == first.head
    assert clone.ready
    with pytest.raises(UsageError, match="is a clone already"):
        made(project)
    with pytest.raises(StoreError, match="not whole"):
        clone.repair("1" * 40)


def test_what_a_trial_writes_into_the_repository_has_no_force(project: Path, tmp_path: Path) -> None:
    """A filter, a watcher and a hook written into the clone's own settings are never run."""
    clone = (first := made(project)).clone
    ran = tmp_path / "ran"
    with (clone.repo / "config").open("a", encoding="utf-8") as stream:
        stream.write(f'[core]\n\tfsmonitor = "touch {ran}"\n[filter "x"]\n\tsmudge = "touch {ran}; cat"\n')
    (clone.repo / "info/attributes").write_text("* filter=x\n", encoding="utf-8")
    (clone.path / "train.py").unlink()
    clone.checkout(first.head)
    assert not ran.exists()
    assert "x = 1\n" == (clone.path / "train.py").read_text(encoding="utf-8")


def test_a_project_in_a_folder_of_a_repository_keeps_to_it(project: Path) -> None:
    """Globs are relative to the project, the command runs in its folder of the clone."""
    source = making.find_source(project / "src")
    assert "src" == source.prefix
    clone = making.make(project / "autor_loops/s/.engine/clone", source, loop="s", mutable=("a.py",)).clone
    assert clone.path / "src" == clone.cwd
    (clone.cwd / "a.py").write_text("sub\n", encoding="utf-8")
    assert ("src/a.py",) == clone.commit_candidate("sub").paths


def test_a_branch_of_the_persons_own_is_never_moved(project: Path) -> None:
    """A branch of that name with other commits is refused; one that is checked out stays, and a note says so."""
    source = making.find_source(project)
    clone = (first := made(project)).clone
    (clone.path / "train.py").write_text("x = 2\n", encoding="utf-8")
    sha = clone.commit_candidate("better").sha
    (project / ".git/hooks/pre-commit").unlink()
    (project / ".git/hooks/reference-transaction").unlink()
    own = git(project, "commit-tree", "HEAD^{tree}", "-m", "mine")
    git(project, "update-ref", "refs/heads/autor/tune", own)
    with pytest.raises(UsageError, match="not loop tune's"):
        publishing.publish(clone, source.git_dir, {}, sha)
    git(project, "update-ref", "refs/heads/autor/tune", first.base)
    git(project, "symbolic-ref", "HEAD", "refs/heads/autor/tune")
    assert "checked out" in publishing.publish(clone, source.git_dir, {1: sha}, sha).note
    assert first.base == git(project, "rev-parse", "autor/tune")
    assert sha == git(project, "rev-parse", "refs/autor/tune/head")


def test_odd_repositories_are_named(project: Path, tmp_path: Path) -> None:
    """A detached head is noted; no repository, no commit and an unknown base are refused with the mend."""
    head = git(project, "rev-parse", "HEAD")
    (project / ".git/hooks/reference-transaction").unlink()
    git(project, "update-ref", "--no-deref", "HEAD", head)
    (project / ".git/HEAD").write_text(head + "\n", encoding="ascii")
    assert any("detached" in note for note in made(project).notes)
    with pytest.raises(UsageError, match="in no git repository"):
        making.find_source(tmp_path)
    (tmp_path / "bare").mkdir()
    git(tmp_path / "bare", "init", "-q")
    with pytest.raises(UsageError, match="no commit yet"):
        making.find_source(tmp_path / "bare")
    with pytest.raises(UsageError, match="is no commit"):
        making.make(tmp_path / "c", making.find_source(project), loop="c", mutable=("*",), base="nosuch")


def test_submodules_and_worktrees(project: Path, tmp_path: Path) -> None:
    """A submodule is named as empty, and brought by a link; a linked worktree is cloned as any repository."""
    (project / ".git/hooks/reference-transaction").unlink()
    git(project, "update-index", "--add", "--cacheinfo", f"160000,{git(project, 'rev-parse', 'HEAD')},libs/sub")
    tree = git(project, "write-tree")
    commit = git(project, "commit-tree", tree, "-p", "HEAD", "-m", "with a submodule")
    (project / "libs/sub").mkdir(parents=True)
    (project / "libs/sub/lib.py").write_text("lib", encoding="utf-8")
    source = making.find_source(project)
    first = making.make(tmp_path / "one", source, loop="one", mutable=("train.py",), base=commit)
    assert any("submodule libs/sub is empty" in note for note in first.notes)
    (first.clone.path / "libs/sub/hidden.txt").write_text("kept from the last trial", encoding="utf-8")
    first.clone.checkout(commit)
    assert [] == list((first.clone.path / "libs/sub").iterdir())
    (project / ".git/hooks/post-checkout").unlink()
    git(project, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    again = making.make(tmp_path / "two", making.find_source(tmp_path / "linked"), loop="two", mutable=("train.py",))
    assert "x = 1\n" == (again.clone.path / "train.py").read_text(encoding="utf-8")
    assert repository_of(again.clone.path).is_dir()


def test_two_forks_are_two_clones(project: Path) -> None:
    """What one does to its tree, branch and settings is not seen by the other."""
    source = making.find_source(project)
    forks = [making.make(project / f"autor_loops/f{n}/.engine/clone", source, loop=f"f{n}", mutable=("train.py",))
             for n in (1, 2)]  # fmt: skip
    shas = []
    for number, fork in enumerate(forks):
        (fork.clone.path / "train.py").write_text(f"x = {number + 7}\n", encoding="utf-8")
        shas.append(fork.clone.commit_candidate("fork").sha)
        publishing.publish(fork.clone, source.git_dir, {1: shas[-1]}, shas[-1])
    assert shas == [git(project, "rev-parse", f"autor/f{n}") for n in (1, 2)]
    assert "x = 7\n" == (forks[0].clone.path / "train.py").read_text(encoding="utf-8")
