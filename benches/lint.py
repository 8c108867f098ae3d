"""(a) `bdr lint` of many files against only parsing them with the same YAML parser."""

import os

from measure import Ratio, best

COMPONENT = """\
  files-{n}:
    files:
      paths: ["/srv/data/{n}", "/srv/more/{n}"]
      exclude:
        - "**/*.tmp"
        - "**/cache/**"
    objectives:
      process: {{ rpo: 26h, rto: 4h }}
      corruption: {{ rpo: 26h, rto: 4h }}
    protect:
      nightly:
        file_backup: {{}}
        schedule: "{minute} {hour} * * *"
        store: vault-{store}
    retain:
      daily:
        for: 14d
      weekly:
        for: 8w
      monthly:
        for: 12mo
"""

HEADER = """\
version: 1
name: bench
timezone: Europe/Stockholm
scheduler: { systemd: {} }
"""

STORE = """\
  vault-{n}:
    s3: {{ bucket: bench-backups-{n}, region: eu-north-1 }}
    versioning: true
    noncurrent: {{ for: 30d }}
"""

PER_STORE = 300  # components; a bucket takes 1,000 lifecycle rules, and each has three

LINES = 50


def write_policies(folder, files):
    """A policy set of many files of 50 lines each, all merged into one policy that has nothing to mend."""
    os.makedirs(folder)
    with open(os.path.join(folder, "0-header.yaml"), "w") as text:
        text.write(HEADER + "\nstores:\n" + "".join(STORE.format(n=n) for n in range(2 * files // PER_STORE + 1)))
    for n in range(files):
        lines = ["version: 1", "name: bench", "components:"]
        for part in range(2):
            number = 2 * n + part
            lines += COMPONENT.format(n=number, store=number // PER_STORE, minute=number % 60, hour=3 + number % 20).splitlines()
        lines += [f"# line {at} of a comment that a person wrote" for at in range(len(lines), LINES)]
        assert len(lines) == LINES, len(lines)
        with open(os.path.join(folder, f"part-{n:05}.yaml"), "w") as text:
            text.write("\n".join(lines) + "\n")


def ratios(clock, options):
    folder = os.path.join(options.scratch, "policies")
    write_policies(folder, options.policy_files)
    parse = best(clock, 5, [options.floor, "parse", folder])
    lint = best(clock, 5, [options.bdr, "lint", "-p", folder])
    detail = f"parse {parse.cpu:.3f} s, lint {lint.cpu:.3f} s CPU, {options.policy_files} files"
    yield Ratio("lint against only parsing, CPU", lint.cpu / parse.cpu, 1.5, detail)
    yield Ratio("lint, peak memory in MiB", lint.rss, 200, "")
