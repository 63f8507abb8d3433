"""A worker that can be renewed in the middle of its job: it finishes the trial at hand, writes a checkpoint and goes on where it stopped.

Standard library and pitcrew's brake only. Each trial is one line of the results: its number, and the process that did it.
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "worker", "python"))

from pitcrew_brake import Brake  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each trial")
    parser.add_argument("--folder", default=".", help="of checkpoint.json and results.txt")
    options = parser.parse_args()
    checkpoint = os.path.join(options.folder, "checkpoint.json")

    done = 0
    if os.path.exists(checkpoint):
        with open(checkpoint, encoding="ascii") as file:
            done = json.load(file)["done"]

    def save() -> None:
        with open(checkpoint + ".next", "w", encoding="ascii") as file:
            json.dump({"done": done}, file)
        os.replace(checkpoint + ".next", checkpoint)
        print(f"resuming: checkpoint after {done} trials", flush=True)

    print(f"resuming: process {os.getpid()} goes on after {done} trials", flush=True)
    # Far below what any machine has free: this worker shows drain, not the brake.
    brake = Brake(threshold=16 << 20, on_checkpoint=save)
    for trial in brake.guard(range(done, options.trials), "trial"):
        time.sleep(options.seconds)
        with open(os.path.join(options.folder, "results.txt"), "a", encoding="ascii") as results:
            results.write(f"{trial} {os.getpid()}\n")
        done = trial + 1
    save()


if __name__ == "__main__":
    main()
