"""(c) A plan against a live endpoint, against bare concurrent clients that make the very same requests: one made with the SDK in
use, and one of sockets and signatures alone, which shows what the SDK itself costs."""

import os
import subprocess

from endpoint import KEYS, SeaweedFs
from measure import Ratio, best, run

STORE = """\
  bucket-{n:04}:
    s3: {{ bucket: bench-{n:04}, region: us-east-1, endpoint: "${{env:BENCH_ENDPOINT}}", path_style: true }}
    versioning: true
    abort_uploads_after: 7d
    tags: {{ team: platform }}
"""

WORKERS = 16  # what `--parallelism` is by default


def environment(port):
    """A plan without a terminal sees only what it is allowed to, and only this endpoint."""
    settings = {"AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1], "AWS_EC2_METADATA_DISABLED": "true"}
    settings |= {"BENCH_ENDPOINT": f"http://127.0.0.1:{port}", "BDR_ALLOW_ENV": "BENCH_ENDPOINT"}
    settings["BDR_ALLOW_ENDPOINT"] = settings["BENCH_ENDPOINT"]
    return dict(os.environ, **settings)


def recorded(clock, options, plan, port, file):
    """The request lines of one plan, as they passed through a proxy."""
    proxy = subprocess.Popen([options.floor, "record", f"127.0.0.1:{port}", file], stdout=subprocess.PIPE, text=True)
    try:
        run(clock, plan, env=environment(int(proxy.stdout.readline())))
    finally:
        proxy.kill()
        proxy.wait()
    with open(file) as lines:
        return len(lines.readlines())


def ratios(clock, options):
    home = os.path.join(options.scratch, "live")
    os.makedirs(home)
    policy = os.path.join(home, "bdr.yaml")
    with open(policy, "w") as text:
        text.write("version: 1\nname: bench\ntimezone: UTC\nstores:\n")
        text.writelines(STORE.format(n=n) for n in range(options.buckets))
    with SeaweedFs(home, options.repo) as endpoint:
        plan = [options.bdr, "-p", policy, "plan"]
        # The first object of each bucket makes SeaweedFS grow volumes for it, which takes minutes: no lease, no object.
        run(clock, [options.bdr, "-p", policy, "apply", "--auto-approve", "--no-lease"], env=environment(endpoint.port))
        file = os.path.join(home, "requests")
        count = recorded(clock, options, plan, endpoint.port, file)
        known = [f"127.0.0.1:{endpoint.port}", file, str(WORKERS)]
        sdk = best(clock, 5, [options.floor, "ask", *known], env=environment(endpoint.port))
        sockets = best(clock, 5, [options.floor, "replay", *known], env=environment(endpoint.port))
        ours = best(clock, 5, plan, env=environment(endpoint.port))
    if not sdk.output.startswith(f"{count} "):
        raise SystemExit(f"bench: the bare client does not know every request of a plan: {sdk.output} of {count}")
    for name, bare in [("client of the same SDK", sdk), ("client of sockets", sockets)]:
        detail = f"{count} requests, bare {bare.wall:.3f} s, bdr {ours.wall:.3f} s wall"
        yield Ratio(f"live plan against a bare {name}, wall", ours.wall / bare.wall, 1.3, detail)
