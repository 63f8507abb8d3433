"""Times the Python brake's check, and psutil's reading of the same figure if it is installed. One JSON line per name."""

import json
import os
import sys
from time import perf_counter_ns

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "worker", "python"))

from pitcrew_brake import Brake  # noqa: E402


def timed(name, function, count):
    for _ in range(1000):
        function()
    nanoseconds = []
    for _ in range(count):
        before = perf_counter_ns()
        function()
        nanoseconds.append(perf_counter_ns() - before)
    print(json.dumps({"name": name, "nanoseconds": nanoseconds}))


def main():
    count = int(sys.argv[1])
    os.makedirs(os.environ["PITCREW_RUN_DIRECTORY"] + "/workers/python", exist_ok=True)
    timed("Python %d.%d" % sys.version_info[:2], Brake(threshold=1).check, count)
    try:
        import psutil
    except ImportError:
        return
    timed("psutil", lambda: psutil.virtual_memory().available, count)


main()
