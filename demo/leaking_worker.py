"""A worker of the demonstration: does its job and holds a little more memory every second.

Standard library only. The leak ends at a cap of its own, so that it is harmless even where nobody watches it.
"""

import argparse
import os
import time

MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib-per-second", type=float, default=2.0)
    parser.add_argument("--at-most-mib", type=int, default=96)
    options = parser.parse_args()

    leaked = []
    began = time.monotonic()
    print(f"leak-python: process {os.getpid()} begins its first trial", flush=True)
    reported = 0
    while True:
        time.sleep(0.25)
        wanted = min(options.at_most_mib, (time.monotonic() - began) * options.mib_per_second)
        while len(leaked) < int(wanted):
            # Written to, not only reserved: memory counts when its pages are touched.
            leaked.append(bytearray(b"\x01") * MIB)
        if len(leaked) >= reported + 10:
            reported = len(leaked)
            print(f"leak-python: trial {reported // 10} done, {reported} MiB not given back", flush=True)


if __name__ == "__main__":
    main()
