"""What holds for every test: a session of a loop leaves no process behind that writes its report."""

from __future__ import annotations

import os

os.environ["AUTOR_LOOP_REPORT"] = "0"
