"""How fast and how lean a workspace's files are hashed and inspected; prints, asserts nothing about time."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZE = 100_000_000
LINES = {
    "plain": b"1234567,0.123456789,some text here,2024-01-01,another column\n",
    "quoted": b'"1234567","0.123456789","some, ""text"" here","2024-01-01","another\ncolumn"\n',
    "stray quotes": b'1234567,0.123456789,a 5" pipe,2024-01-01,another column\n',
    "stray + quoted": b'1234567,0.123456789,a 5" pipe,"2024-01-01","another ""good"" column"\n',
    "tiny quoted": b'"1","2","","4"\n',
    "not ASCII": "1234567,0.123456789,größer als,2024-01-01,another column\n".encode(),
}


def one(path: Path) -> None:
    """Inspect one file in this process and print time and extra memory."""
    from autor_nb.store.inspection import hash_and_inspect

    small = path.with_name("small.csv")
    small.write_bytes(path.open("rb").read(1000))
    hash_and_inspect(small)  # imports are not what is measured
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.perf_counter(), time.process_time()
    _, size, inspection = hash_and_inspect(path)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{path.stem:>14}: {size / 1e6:.0f} MB  {inspection.schema['rows']:>9,} rows  "
          f"{seconds:6.3f} s ({worked:.3f} s of processor)  {extra:6.1f} MB extra {inspection.error}")


def main() -> None:
    """Every kind of table, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for name, line in LINES.items():
            path = Path(folder) / f"{name}.csv"
            block = line * (1_000_000 // len(line))
            with path.open("wb") as stream:
                stream.write(b"id,value,text,day,more\n")
                while stream.tell() < SIZE:
                    stream.write(block)
            subprocess.run([sys.executable, __file__, str(path)], check=True)
            path.unlink()


if __name__ == "__main__":
    one(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
