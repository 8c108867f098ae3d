"""(d) Backups and restores of a folder against tar with zstd, a bare walk, cp and restic.

What is compared is run in turns, one after the other in each round, and the median of the rounds counts: whatever else
the machine does in a round meets both. Wall times depend on other work and on the disk, CPU times hardly do.
"""

import os
import random
import shutil
import subprocess

from measure import Ratio, median, run

POLICY = """\
version: 1
name: bench
timezone: UTC
stores:
  vault:
    folder: {{ path: "{vault}" }}
components:
  data:
    files: {{ paths: ["{data}"] }}
    protect:
      nightly: {{ file_backup: {{}}, schedule: daily, store: vault }}
    retain:
      daily: {{ for: 7d }}
"""

WORDS = "the of and to in is was backup restore policy store ledger invoice customer order shipment water stone river".split()
ROUNDS = 3


def write_small(folder, count, seed=1):
    """Text of 100 bytes to 16 KiB, most of it short, at most 200 files to a folder."""
    chance = random.Random(seed)
    text = " ".join(chance.choice(WORDS) + str(chance.randrange(1000)) for _ in range(200_000)).encode()
    for at in range(count):
        if at % 200 == 0:
            inner = os.path.join(folder, f"{at // 20_000:03}", f"{at // 200:05}")
            os.makedirs(inner)
        size = int(100 * 160 ** chance.random())
        start = chance.randrange(len(text) - size)
        with open(os.path.join(inner, f"{at}.txt"), "wb") as out:
            out.write(text[start : start + size])


def write_large(folder, count, mebibytes, seed=2):
    """Half text, half bytes that do not compress."""
    chance = random.Random(seed)
    text = " ".join(chance.choice(WORDS) + str(chance.randrange(10**6)) for _ in range(150_000)).encode()[: 1 << 20]
    os.makedirs(folder)
    for at in range(count):
        with open(os.path.join(folder, f"{at}.bin"), "wb") as out:
            for piece in range(mebibytes):
                turn = chance.randrange(len(text))
                out.write(text[turn:] + text[:turn] if piece % 2 else chance.randbytes(1 << 20))


class Case:
    """One tree, and everything that is measured on it."""

    def __init__(self, clock, options, name):
        self.clock, self.options, self.name = clock, options, name
        self.home = os.path.join(options.scratch, name.replace(" ", "-"))
        self.data, self.vault = self.at("data"), self.at("vault")
        self.policy = self.at("bdr.yaml")
        os.makedirs(self.home)
        with open(self.policy, "w") as text:
            text.write(POLICY.format(vault=self.vault, data=self.data))

    def at(self, name):
        return os.path.join(self.home, name)

    def run(self, *command, **more):
        return run(self.clock, list(command), **more)

    def bdr(self, *arguments):
        return self.run(self.options.bdr, "-p", self.policy, *arguments)

    def fresh(self, *names):
        for name in names:
            shutil.rmtree(self.at(name), ignore_errors=True)
        subprocess.run(["sync"], check=True)

    def ratio(self, what, ours, theirs, bound, of="wall", least=False):
        """Ours against theirs, or with `least` the speed of ours against theirs."""
        ours, theirs = getattr(ours, of), getattr(theirs, of)
        return Ratio(f"{self.name}: {what}, {of}", theirs / ours if least else ours / theirs, bound, f"{ours:.2f} s : {theirs:.2f} s", least)

    def memory(self, what, measure):
        return Ratio(f"{self.name}: {what}, peak memory in MiB", measure.rss, 150, "")

    def turns(self, rounds, *runs):
        """Each of several runs once per round; the median measure of each."""
        measures = [[one() for one in runs] for _ in range(rounds)]
        return [median(list(column)) for column in zip(*measures)]

    def first(self):
        archive = self.at("data.tar.zst")

        def tar(then=""):
            self.fresh()
            return self.run("sh", "-c", f"tar -C '{self.home}' -cf - data | zstd -q -T2 -3 -f -o '{archive}'{then}")

        def durable():
            return tar(f" && sync '{archive}'")

        def ours():
            self.fresh("vault")
            self.bdr("apply", "--auto-approve", "--without-backups")
            return self.bdr("backup", "data")

        tar()  # so that the tree is in memory, for both
        theirs, durable, ours = self.turns(ROUNDS, tar, durable, ours)
        yield self.ratio("first backup : tar | zstd", ours, theirs, 1.3)
        yield self.ratio("first backup : tar | zstd", ours, theirs, 1.3, of="cpu")
        # Every object of a backup is durable before the next one relies on it; tar's archive is not, unless it is told.
        yield self.ratio("first backup : tar | zstd, then sync", ours, durable, 1.3)
        yield self.memory("first backup", ours)

    def second(self, walked):
        """`walked`: whether the tree has so many entries that a walk over it can be measured."""
        walk = lambda: self.run(self.options.floor, "walk", self.data)  # noqa: E731
        ours = lambda: self.bdr("backup", "data")  # noqa: E731
        runs = [walk, ours]
        environment = dict(os.environ, RESTIC_REPOSITORY=self.at("restic"), RESTIC_PASSWORD="bench")
        environment["RESTIC_CACHE_DIR"] = self.at("restic-cache")
        if shutil.which("restic"):
            self.run("restic", "init", "-q", env=environment)
            self.run("restic", "backup", "-q", self.data, env=environment)
            runs.append(lambda: self.run("restic", "backup", "-q", self.data, env=environment))
        walk, ours, *restic = self.turns(ROUNDS, *runs)
        self.fresh("restic", "restic-cache")
        if walked:
            yield self.ratio("unchanged backup : walk with stat", ours, walk, 1.5)
            yield self.ratio("unchanged backup : walk with stat", ours, walk, 1.5, of="cpu")
        yield self.memory("unchanged backup", ours)
        for restic in restic:
            yield self.ratio("unchanged backup : restic", ours, restic, 0.1)
            yield self.ratio("unchanged backup : restic", ours, restic, 0.1, of="cpu")

    def restore(self):
        archive = self.at("data.tar.zst")

        def copy():
            self.fresh("copy")
            return self.run("cp", "-r", self.data, self.at("copy"))

        def unpacked_copy():
            self.fresh("copy")
            return self.run("sh", "-c", f"zstd -d -q -c '{archive}' > /dev/null && cp -r '{self.data}' '{self.at('copy')}'")

        def ours():
            self.fresh("restored")
            return self.bdr("restore", "data", "--to", self.at("restored"))

        theirs, unpacked, ours = self.turns(ROUNDS, copy, unpacked_copy, ours)
        os.remove(archive)
        self.run("diff", "-r", self.data, self.at("restored"))
        self.fresh("copy", "restored")
        yield self.ratio("speed of restore : cp -r", ours, theirs, 0.8, least=True)
        yield self.ratio("speed of restore : cp -r", ours, theirs, 0.8, of="cpu", least=True)
        # Nobody has the files without decompressing them first.
        yield self.ratio("speed of restore : zstd -d, then cp -r", ours, unpacked, 0.8, least=True)
        yield self.ratio("speed of restore : zstd -d, then cp -r", ours, unpacked, 0.8, of="cpu", least=True)
        yield self.memory("restore", ours)

    def others(self):
        yield self.memory("verify --read-data", self.bdr("verify", "data", "--read-data"))
        yield self.memory("prune", self.bdr("prune", "data"))
        yield self.memory("list", self.bdr("list", "data"))

    def ratios(self, walked):
        yield from self.first()
        yield from self.second(walked)
        yield from self.restore()
        yield from self.others()
        shutil.rmtree(self.home)


def ratios(clock, options):
    small = Case(clock, options, "small files")
    write_small(small.data, options.small_files)
    yield from small.ratios(walked=True)
    large = Case(clock, options, "large files")
    write_large(large.data, options.large_files, options.large_mebibytes)
    yield from large.ratios(walked=False)
