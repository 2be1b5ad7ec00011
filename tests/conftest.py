"""What holds for every test: no loop leaves a process behind that writes its report, and Ctrl-C reaches its child."""

from __future__ import annotations

import contextlib
import os
import signal

os.environ["AUTOR_LOOP_REPORT"] = "0"
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job, whose children inherit it
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.default_int_handler)
