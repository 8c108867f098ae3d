"""(b) Planning recorded live state, against `terraform plan` of as many `terraform_data` with nothing to change."""

import json
import os
import shutil
import uuid

from measure import Ratio, best, run

TERRAFORM = """\
resource "terraform_data" "one" {{
  count = {count}
  input = "value ${{count.index}}"
}}
"""


def grow(folder, count):
    """Makes the state that terraform wrote of one resource one of many: applying as many takes it far longer than planning them."""
    path = os.path.join(folder, "terraform.tfstate")
    with open(path) as text:
        state = json.load(text)
    (resource,) = state["resources"]
    (first,) = resource["instances"]

    def instance(n):
        value = {"value": f"value {n}", "type": "string"}
        return first | {"index_key": n, "attributes": first["attributes"] | {"id": str(uuid.UUID(int=n + 1)), "input": value, "output": value}}

    resource["instances"] = [instance(n) for n in range(count)]
    with open(path, "w") as text:
        json.dump(state, text)


def terraform(clock, options, count):
    """CPU of a plan that finds nothing to change; `None` where there is no terraform."""
    if not shutil.which("terraform"):
        return None
    folder = os.path.join(options.scratch, "terraform")
    os.makedirs(folder)
    environment = dict(os.environ, TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1")
    environment.pop("TF_CLI_CONFIG_FILE", None)

    def terraform(*arguments):
        return run(clock, ["terraform", *arguments, "-input=false", "-no-color"], cwd=folder, env=environment)

    def write(count):
        with open(os.path.join(folder, "main.tf"), "w") as text:
            text.write(TERRAFORM.format(count=count))

    write(1)
    terraform("init")
    terraform("apply", "-auto-approve")
    grow(folder, count)
    write(count)
    measured = terraform("plan")
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
    set_of = best(clock, 3, [options.planning, "plan", "20000"])
    yield Ratio("planning 20,000 resources in one policy set, peak memory in MiB", set_of.rss, 300, f"bdr {set_of.cpu:.3f} s CPU")
    few, middle, many = (best(clock, 5, [options.planning, "plan", str(n)]) for n in (1_000, 10_000, 100_000))
    for fewer, more, what in ((few, middle, "10,000 resources against 1,000"), (middle, many, "100,000 resources against 10,000")):
        detail = f"{fewer.cpu:.3f} s and {more.cpu:.3f} s CPU, {fewer.rss:.0f} and {more.rss:.0f} MiB"
        # Ten times as many may cost ten times as much; the process's own start is in both, and the caches of a processor end.
        yield Ratio(f"planning {what}, CPU / 10", more.cpu / fewer.cpu / 10, 1.3, detail)
