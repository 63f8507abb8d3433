"""A worker for tests that brakes when it is told: until its total is the number in the file that it is given."""

import sys
import time

from pitcrew_brake import Brake, TrialKilled


def wanted():
    try:
        with open(sys.argv[1], encoding="ascii") as file:
            return int(file.read() or 0)
    except FileNotFoundError:
        return 0


# The floor is raised, the machine never in danger: every check would brake.
brake = Brake(threshold=1 << 60, spacing=0, jitter=0)
while True:
    if brake.brakes_total < wanted():
        try:
            brake.check(context="test")
        except TrialKilled:
            pass
    time.sleep(0.01)
