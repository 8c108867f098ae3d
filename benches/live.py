"""(c) A plan of buckets with all kinds against a live endpoint, against bare concurrent clients that make the very same requests: one made
with the SDK in use, and one of sockets and signatures alone, which shows what the SDK itself costs. No request is made twice."""

import os
import subprocess

from endpoint import KEYS, SeaweedFs
from measure import Ratio, best, run

STORE = """\
  bucket-{n:04}:
    s3: {{ bucket: bench-{n:04}, region: us-east-1, endpoint: "${{env:BENCH_ENDPOINT}}", path_style: true }}
    versioning: true
    immutability: {{ mode: governance, for: 7d }}
    encryption: {{ sse: AES256 }}
    noncurrent: {{ for: 30d }}
    abort_uploads_after: 7d
    tags: {{ team: platform }}
    access: {{ delete: [] }}
    replicate: {{ to: bucket-{to:04}, role: "arn:aws:iam::111122223333:role/copies" }}
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
        return lines.readlines()


def policy(path, count):
    """Each bucket is replicated to the next one."""
    with open(path, "w") as text:
        text.write("version: 1\nname: bench\ntimezone: UTC\nstores:\n")
        text.writelines(STORE.format(n=n, to=(n + 1) % count) for n in range(count))
    return path


def ratios(clock, options):
    home = os.path.join(options.scratch, "live")
    os.makedirs(home)
    text = policy(os.path.join(home, "bdr.yaml"), options.buckets)
    with SeaweedFs(home, options.repo) as endpoint:
        plan = [options.bdr, "-p", text, "plan"]
        # The first object of each bucket makes SeaweedFS grow volumes for it, which takes minutes: no lease, no object.
        apply = [options.bdr, "-p", text, "apply", "--auto-approve", "--no-lease"]
        # SeaweedFS loses a setting now and then, of buckets that are made at the same time: the second one finds what is missing.
        run(clock, apply, env=environment(endpoint.port), ok=(0, 3, 5))
        run(clock, apply, env=environment(endpoint.port))
        file = os.path.join(home, "requests")
        lines = recorded(clock, options, plan, endpoint.port, file)
        count = len(lines)
        known = [f"127.0.0.1:{endpoint.port}", file, str(WORKERS)]
        sdk = best(clock, 5, [options.floor, "ask", *known], env=environment(endpoint.port))
        sockets = best(clock, 5, [options.floor, "replay", *known], env=environment(endpoint.port))
        ours = best(clock, 5, plan, env=environment(endpoint.port))
    if not sdk.output.startswith(f"{count} "):
        raise SystemExit(f"bench: the bare client does not know every request of a plan: {sdk.output} of {count}")
    for name, bare in [("client of the same SDK", sdk), ("client of sockets", sockets)]:
        detail = f"{count} requests, bare {bare.wall:.3f} s, bdr {ours.wall:.3f} s wall"
        yield Ratio(f"live plan against a bare {name}, wall", ours.wall / bare.wall, 1.3, detail)
    yield Ratio("live plan, requests that are made twice", count - len(set(lines)), 0, f"{count} requests")
    yield Ratio(f"live plan of {options.buckets} buckets, peak memory in MiB", ours.rss, 100, f"{ours.cpu:.3f} s CPU")
