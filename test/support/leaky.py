"""A worker for tests: holds or leaks memory, tells what happens to it in an events file, ends as it is told."""

import argparse
import os
import signal
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--events", required=True)
parser.add_argument("--hold-mib", type=int, default=0)
parser.add_argument("--hold-first-mib", type=int, default=0, help="held by the first one of these events only")
parser.add_argument("--leak-mib-per-second", type=float, default=0)
parser.add_argument("--until-mib", type=int, default=10_000)
parser.add_argument("--readers", type=int, default=0, help="forked children that read the held memory")
parser.add_argument("--ignore-term", action="store_true")
parser.add_argument("--term-seconds", type=float, default=0, help="how long it takes to end after SIGTERM")
parser.add_argument("--exit-code", type=int, help="ends at once with it")
parser.add_argument("--crossing-mib", type=int, default=0, help="writes an event when it holds so much")
arguments = parser.parse_args()


def tell(what):
    line = f"{what} {os.getpid()} {time.time():.6f}\n"
    descriptor = os.open(arguments.events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def resident_mib():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


ending = False


def on_term(_signal, _frame):
    global ending
    tell("term")
    ending = True


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


former = []
if os.path.exists(arguments.events):
    with open(arguments.events) as events:
        former = [int(line.split()[1]) for line in events if line.startswith("start")]

signal.signal(signal.SIGTERM, signal.SIG_IGN if arguments.ignore_term else on_term)
for pid in former:
    if lives(pid):
        tell("twin")
tell("start")
if arguments.exit_code is not None:
    tell("exit")
    sys.exit(arguments.exit_code)

hold_mib = arguments.hold_mib if former else max(arguments.hold_mib, arguments.hold_first_mib)
held = [bytearray(b"x" * (1 << 20)) for _ in range(hold_mib)]
for _ in range(arguments.readers):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        tell("reader")
        checksum = sum(block[0] for block in held)
        while checksum and os.getppid() > 1:
            time.sleep(0.2)
        os._exit(0)

crossed = False
leaked = 0.0
while not ending:
    time.sleep(0.05)
    if arguments.leak_mib_per_second and resident_mib() < arguments.until_mib:
        leaked += arguments.leak_mib_per_second * 0.05
        while leaked >= 1:
            held.append(bytearray(b"x" * (1 << 20)))
            leaked -= 1
    if arguments.crossing_mib and not crossed and resident_mib() > arguments.crossing_mib:
        crossed = True
        tell("crossed")
time.sleep(arguments.term_seconds)
tell("end")
