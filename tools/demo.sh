#!/usr/bin/env bash
# A complete run on a fresh machine: own environment, the example notebook through papermill, then what came of it.
set -euo pipefail
cd "$(dirname "$0")/.."
place="$PWD/.demo"
mkdir -p "$place"
if [ ! -x "$VENV/bin/python" ]; then
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "autor_nb needs Python 3.11 or newer; this is $("$PYTHON" --version). Say which: make demo PYTHON=python3.12" >&2
    exit 2
  }
  "$PYTHON" -m venv "$VENV"
fi
if [ ! -e "$VENV/.ready" ] || [ pyproject.toml -nt "$VENV/.ready" ]; then
  echo "Installing into $VENV (one or two minutes the first time) …"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[study]"
  touch "$VENV/.ready"
fi
began=$SECONDS
runs="$place/runs"
mkdir -p "$runs"
echo "Running example_notebooks/01_first_run.ipynb headless …"
PATH="$PWD/$VENV/bin:$PATH" "$VENV/bin/python" -m papermill --no-progress-bar --log-level WARNING -k python3 \
  example_notebooks/01_first_run.ipynb "$place/01_first_run.executed.ipynb" \
  -p goal "Which model family predicts malignancy best on the breast cancer data, and by how much?" \
  -p dataset breast_cancer -p reviewer auto -p runs_dir "$runs"
took=$((SECONDS - began))
"$VENV/bin/autor" status latest --runs-dir "$runs" --text
run=$(ls -1d "$runs"/*/ | sort | tail -1)
echo
echo "Stage notebooks:"
ls -1 "${run#"$PWD"/}"stages/*.ipynb | sed 's/^/  /'
echo "The paper:      ${run#"$PWD"/}workspace/artifacts/paper.pdf"
echo "This notebook:  ${place#"$PWD"/}/01_first_run.executed.ipynb"
echo "The run took $took s."
