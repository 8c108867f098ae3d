"""(b) Planning recorded live state, against `terraform plan` of as many `terraform_data` with nothing to change."""

import os
import shutil

from measure import Ratio, best, run

TERRAFORM = """\
resource "terraform_data" "one" {{
  count = {count}
  input = "value ${{count.index}}"
}}
"""


def terraform(clock, options, count):
    """CPU of a plan that finds nothing to change; `None` where there is no terraform."""
    if not shutil.which("terraform"):
        return None
    folder = os.path.join(options.scratch, "terraform")
    os.makedirs(folder)
    with open(os.path.join(folder, "main.tf"), "w") as text:
        text.write(TERRAFORM.format(count=count))
    environment = dict(os.environ, TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1")
    environment.pop("TF_CLI_CONFIG_FILE", None)
    run(clock, ["terraform", "init", "-input=false", "-no-color"], cwd=folder, env=environment)
    run(clock, ["terraform", "apply", "-auto-approve", "-input=false", "-no-color"], cwd=folder, env=environment)
    measured = run(clock, ["terraform", "plan", "-input=false", "-no-color"], cwd=folder, env=environment)
    assert "No changes." in measured.output, measured.output[-2000:]
    return measured


def ratios(clock, options):
    count = options.resources
    ours = best(clock, 3, [options.planning, "plan", str(count)])
    theirs = terraform(clock, options, count)
    if theirs:
        detail = f"terraform {theirs.cpu:.1f} s CPU {theirs.rss:.0f} MiB, bdr {ours.cpu:.3f} s CPU {ours.rss:.0f} MiB, {count} resources"
        yield Ratio("planning, times as fast as terraform plan, CPU", theirs.cpu / ours.cpu, 50, detail, least=True)
    yield Ratio(f"planning {count} resources, peak memory in MiB", ours.rss, 150, f"bdr {ours.cpu:.3f} s CPU")
    few, many = (best(clock, 3, [options.planning, "plan", str(n)]) for n in (1_000, 100_000))
    detail = f"1,000 in {few.cpu:.3f} s, 100,000 in {many.cpu:.3f} s CPU"
    # A hundred times as many may cost a hundred times as much; the process's own start is in both.
    yield Ratio("planning 100,000 resources against 1,000, CPU / 100", many.cpu / few.cpu / 100, 1.3, detail)
