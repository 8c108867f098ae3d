"""Runs programs and measures them: CPU seconds and peak memory by wait4, wall time by the monotonic clock."""

import os
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Measure:
    """What one run cost; CPU and memory include descendants that were waited for."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    rss: float  # peak resident set of the largest process, MiB
    status: int
    output: str


class Bound(Exception):
    """The time for all of it is used up."""


class Clock:
    """One bound on the time of a whole run of the benches."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Bound()
        return left


def run(clock, command, cwd=None, env=None, ok=(0,)):
    """Runs a program to its end. Its output goes to a file, so that a pipe never slows it down."""
    left = clock.left()
    log = os.path.join(os.environ["BENCH_SCRATCH"], "output")
    with open(log, "wb") as out:
        began = time.monotonic()
        child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        usage = _wait(child, left)
        wall = time.monotonic() - began
    with open(log, "rb") as text:
        output = text.read(1 << 20).decode(errors="replace")
    if child.returncode not in ok:
        raise SystemExit(f"bench: {' '.join(command)} ended with {child.returncode}:\n{output[-3000:]}")
    return Measure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode, output)


def _wait(child, seconds):
    end = time.monotonic() + seconds
    pause = 0.0005
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return usage
        if time.monotonic() > end:
            child.kill()
            os.wait4(child.pid, 0)
            child.returncode = -9
            raise Bound()
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


def best(clock, times, command, before=None, **more):
    """The cheapest of several runs by CPU: what else runs on the machine only ever adds."""
    runs = []
    for _ in range(times):
        if before:
            before()
        runs.append(run(clock, command, **more))
    cheapest = min(runs, key=lambda one: one.cpu)
    cheapest.wall = min(one.wall for one in runs)
    return cheapest


def median(runs):
    """The middle of several runs, taken for each figure alone; the peak of memory is the highest."""

    def middle(field):
        return sorted(getattr(one, field) for one in runs)[len(runs) // 2]

    last = runs[-1]
    return Measure(middle("wall"), middle("cpu"), max(one.rss for one in runs), last.status, last.output)


@dataclass
class Ratio:
    """One line of the result: bdr against something, and what is asked of it."""

    what: str
    value: float
    bound: float
    detail: str
    least: bool = False  # the value must be at least the bound, not at most

    def holds(self):
        return self.value >= self.bound if self.least else self.value <= self.bound

    def line(self):
        sign = ">=" if self.least else "<="
        mark = "ok  " if self.holds() else "MISS"
        return f"{mark} {self.what:<58} {self.value:>9.2f} (asked {sign} {self.bound:g})  {self.detail}".rstrip()
