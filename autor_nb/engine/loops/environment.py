"""The environment of a trial: an allow-list, from which all that looks like a secret is taken out again."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from autor_nb.store.leash import MARKER_VARIABLE

NAMES = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TERM",
        "TMPDIR",
        "TEMP",
        "TMP",
        "SYSTEMROOT",
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "LIBRARY_PATH",
        "CPATH",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "MAKEFLAGS",
        "JAVA_HOME",
        "GOPATH",
        "GOROOT",
        "GOFLAGS",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "NODE_PATH",
        "JULIA_DEPOT_PATH",
        "R_LIBS",
        "R_LIBS_USER",
        "MPLBACKEND",
        "NUMBA_CACHE_DIR",
        "NUMBA_NUM_THREADS",
        "NPROC",
        "COLUMNS",
    ]
)
PREFIXES = [
    "LC_",
    "CONDA_",
    "CUDA_",
    "CUBLAS_",
    "CUDNN_",
    "NVIDIA_",
    "NCCL_",
    "ROCR_",
    "HIP_",
    "HSA_",
    "GPU_",
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "OPENBLAS_",
    "BLIS_",
    "VECLIB_",
    "NUMEXPR_",
    "TF_",
    "XLA_",
    "JAX_",
    "TORCH_",
    "PYTORCH_",
    "TRITON_",
    "HF_",
    "TRANSFORMERS_",
    "TOKENIZERS_",
    "XDG_",
]
_SECRET_NAME = re.compile(
    r"KEY|TOKEN(?!IZERS)|SECRET|PASSW|PASSPHRASE|PASSWD|(?:^|_)PASS(?:$|_)|CREDENTIAL|AUTH|COOKIE|PRIVATE|BEARER"
    r"|(?:^|_)(?:PAT|PWD|CRED|CREDS|SESSION|SIGNATURE|DSN)(?:$|_)",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|-----BEGIN |(?:^|[^A-Za-z0-9])(?:sk-|sk_|ghp_|gho_|ghs_|github_pat_|glpat-|hf_|xox[abp]-|"
    r"AKIA|ya29\.|eyJ)[A-Za-z0-9_\-.]{12,}"
)


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable's name or value is that of a key, a token or a password."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def passed_on(around: Mapping[str, str]) -> dict[str, str]:
    """What of these variables a trial may see."""
    return {
        name: value
        for name, value in around.items()
        if (name in NAMES or name.startswith(tuple(PREFIXES))) and not looks_secret(name, value)
    }


def _path(made: Mapping[str, str]) -> str:
    """Where programs are found: `python` is that of the activated environment, and without one this very Python."""
    path, own = made.get("PATH") or os.defpath, str(Path(sys.executable).parent)
    if own in path.split(os.pathsep):
        return path
    activated = "VIRTUAL_ENV" in made or "CONDA_PREFIX" in made
    return os.pathsep.join((path, own) if activated else (own, path))


def trial_environment(
    extra: Mapping[str, str], seed: int | None, seed_env: str, marker: str, around: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of one trial.

    Byte code is not written: Python takes a cached file for current if size and second of the source agree, which
    an edit of one digit within a second does, and would measure the code of the trial before.
    """
    made = passed_on(os.environ if around is None else around)
    made |= {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"} | dict(extra)
    made["PATH"] = _path(made)
    if seed is not None and seed_env:
        made[seed_env] = str(seed)
    made[MARKER_VARIABLE] = marker
    return made
