"""Runs the table of cases against the Python brake: readings are real files, requests are real requests, a fork is a fork.

Prints one JSON line per case: its name and what each check did, as [outcome, streak, total].
"""

import importlib
import json
import os
import sys
import tempfile


class Enough(Exception):
    """The script of the case ends within a wait."""


class Machine:
    """What the brake reads: /proc and /sys/fs/cgroup, in KiB. The limit is that of the group above the worker's own."""

    def __init__(self, root):
        self.proc, self.cgroup = root + "/proc", root + "/cgroup"
        os.makedirs(self.proc + "/self")
        os.makedirs(self.cgroup + "/above/own")
        self.write(self.proc + "/self/cgroup", "0::/above/own\n")
        self.write(self.cgroup + "/cgroup.controllers", "memory\n")
        self.write(self.cgroup + "/above/own/memory.max", "max\n")

    def show(self, reading):
        host, group = reading if isinstance(reading, list) else (reading, None)
        if isinstance(reading, int) and reading < 0:
            host, group = 10000, reading
        memory = "MemTotal: 40000 kB\n" + ("" if host is None else f"MemAvailable: {host} kB\n")
        self.write(self.proc + "/meminfo", memory)
        above = self.cgroup + "/above"
        self.write(above + "/memory.max", "what?\n" if group is None else f"{1000 * 1024}\n")
        if group is not None:
            # A hundred KiB of the usage is file cache, which the kernel can drop.
            self.write(above + "/memory.current", f"{(1000 - group + 100) * 1024}\n")
            self.write(above + "/memory.stat", f"anon 5\ninactive_file {60 * 1024}\nactive_file {40 * 1024}\n")

    def write(self, path, text):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)


def run(case, defaults):
    sys.modules.pop("pitcrew_brake", None)
    library = importlib.import_module("pitcrew_brake")
    root = tempfile.mkdtemp(dir=sys.argv[3])
    machine = Machine(root)
    corner = root + "/run/workers/case"
    os.makedirs(corner)
    if "total" in case:
        former = {"version": 1, "worker": "case", "pid": 1, "start_ticks": 0, "boot_id": "x", "brakes_total": case["total"]}
        former.update(consecutive_brakes=9, last_brake=12.5)
        machine.write(corner + "/brake", json.dumps(former))
    steps, results = case["s"], []
    place = {"at": 0, "now": 0.0}

    def enter(index):
        place["at"] = index
        place["now"] = steps[index][0]
        machine.show(steps[index][1])

    def sleep(seconds):
        if not 0 < seconds <= max(case.get("jitter", 0), 1):
            raise AssertionError(f"waits for {seconds} s")
        results.append(["wait", brake.consecutive_brakes, brake.brakes_total])
        if place["at"] + 1 == len(steps):
            raise Enough
        enter(place["at"] + 1)

    brake = library.Brake(
        threshold=100 * 1024,
        limit=case.get("limit", defaults["limit"]),
        reset_after=defaults["reset"],
        spacing=defaults["spacing"],
        jitter=case.get("jitter", 0),
        grace=3600,
        worker="case",
        run_directory=root + "/run",
        available=library._Available(machine.proc, machine.cgroup),
        clock=lambda: place["now"],
        sleep=sleep,
    )
    owner, requests, child = json.loads(open(corner + "/brake", encoding="ascii").read()), 0, None
    place["at"] = -1
    while place["at"] + 1 < len(steps):
        step = steps[place["at"] + 1]
        if step[0] == "drain":
            place["at"] += 1
            requests += 1
            request = {key: owner[key] for key in ("version", "worker", "pid", "start_ticks", "boot_id")}
            request.update(kind="drain", id=f"request-{requests}", at=1.0)
            machine.write(root + "/run/next", json.dumps(request))
            os.rename(root + "/run/next", root + "/run/case.request")
            continue
        if step[0] == "fork":
            place["at"] += 1
            child = os.fork()
            if child > 0:
                # The child tells the rest.
                os.waitpid(child, 0)
                return
            continue
        enter(place["at"] + 1)
        try:
            brake.check()
            outcome = "ok"
        except library.TrialKilled:
            outcome = "brake"
        except SystemExit as end:
            outcome = f"exit {end.code}" if end.code != 42 else "drain" if brake.draining else "exit"
        except Enough:
            break
        results.append([outcome, brake.consecutive_brakes, brake.brakes_total])
    os.write(1, (json.dumps({"n": case["n"], "results": results}) + "\n").encode())
    if child == 0:
        os._exit(0)


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        table = json.load(file)
    sys.path.insert(0, sys.argv[1])
    for case in table["cases"]:
        run(case, table["defaults"])


main()
