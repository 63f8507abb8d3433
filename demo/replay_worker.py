"""A worker whose leak is a replay buffer: when pitcrew asks for memory, it clears the buffer and needs no restart.

Standard library and pitcrew's brake only. The buffer ends at a cap of its own, so that it is harmless even where nobody watches it.
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "worker", "python"))

from pitcrew_brake import Brake  # noqa: E402

MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib-per-second", type=float, default=4.0)
    parser.add_argument("--at-most-mib", type=int, default=96)
    parser.add_argument("--deaf", action="store_true", help="registers nothing: a relief frees too little")
    options = parser.parse_args()

    replay_buffer = []
    # Far below what any machine has free: this worker shows relief, not the brake.
    brake = Brake(threshold=16 * MIB)
    if not options.deaf:
        brake.on_relief(replay_buffer.clear)

    print(f"replay: process {os.getpid()} begins", flush=True)
    step = 0
    while True:
        brake.check(context=f"step {step}")
        if len(replay_buffer) < options.at_most_mib:
            replay_buffer.append(bytearray(b"\x01") * MIB)
        step += 1
        time.sleep(1 / options.mib_per_second)


if __name__ == "__main__":
    main()
