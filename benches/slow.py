"""(d) An endpoint that bears 20 requests a second and refuses the others (503 SlowDown): apply and plan come to their end, at the rate that it
bears."""

import os
import subprocess

from endpoint import SeaweedFs
from live import environment
from measure import Ratio, run

BORNE = 20  # requests a second, with a second's worth in hand

STORE = """\
  bucket-{n:04}:
    s3: {{ bucket: slow-{n:04}, region: us-east-1, endpoint: "${{env:BENCH_ENDPOINT}}", path_style: true }}
    versioning: true
    noncurrent: {{ for: 30d }}
    tags: {{ team: platform }}
"""


def behind(clock, options, port, command, log):
    """How much of what the endpoint bore was used from the first request to the last, and how many requests it refused."""
    throttle = subprocess.Popen([options.floor, "throttle", f"127.0.0.1:{port}", str(BORNE), log], stdout=subprocess.PIPE, text=True)
    try:
        run(clock, command, env=environment(int(throttle.stdout.readline())))
    finally:
        throttle.kill()
        throttle.wait()
    with open(log) as text:
        lines = [line.split() for line in text]
    passed = [float(at) for at, word in lines if word == "passed"]
    return len(passed) / (BORNE * (1 + passed[-1])), len(passed), len(lines) - len(passed)


def ratios(clock, options):
    home = os.path.join(options.scratch, "slow")
    os.makedirs(home)
    policy = os.path.join(home, "bdr.yaml")
    with open(policy, "w") as text:
        text.write("version: 1\nname: slow\ntimezone: UTC\nstores:\n")
        text.writelines(STORE.format(n=n) for n in range(options.slow_buckets))
    with SeaweedFs(home, options.repo) as endpoint:
        for name, words in [("apply", ["apply", "--auto-approve", "--no-lease"]), ("plan", ["plan", "--detailed-exitcode"])]:
            log = os.path.join(home, name)
            share, passed, refused = behind(clock, options, endpoint.port, [options.bdr, "-p", policy, *words], log)
            detail = f"{passed} requests passed, {refused} refused"
            yield Ratio(f"{name} at an endpoint that bears {BORNE} requests a second, share", share, 0.9, detail, least=True)
