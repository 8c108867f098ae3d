"""(d) Backups and restores of a folder against tar with zstd, a bare walk, cp and restic."""

import os
import random
import shutil
import subprocess

from measure import Ratio, best, run

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
        self.home = os.path.join(options.scratch, name)
        self.data = os.path.join(self.home, "data")
        self.vault = os.path.join(self.home, "vault")
        self.policy = os.path.join(self.home, "bdr.yaml")
        os.makedirs(self.home)

    def prepare(self):
        with open(self.policy, "w") as text:
            text.write(POLICY.format(vault=self.vault, data=self.data))

    def bdr(self, *arguments):
        return run(self.clock, [self.options.bdr, "-p", self.policy, *arguments])

    def fresh(self, *names):
        for name in names:
            shutil.rmtree(os.path.join(self.home, name), ignore_errors=True)
        subprocess.run(["sync"], check=True)

    def first(self):
        archive = os.path.join(self.home, "data.tar.zst")
        command = f"tar -C {self.home} -cf - data | zstd -q -T2 -3 -f -o {archive}"
        run(self.clock, ["sh", "-c", command])  # once to warm the cache of the disk
        tar = best(self.clock, 2, ["sh", "-c", command], before=lambda: self.fresh())
        os.remove(archive)
        self.fresh("vault")
        self.bdr("apply", "--auto-approve", "--without-backups")
        ours = self.bdr("backup", "data")
        detail = f"tar {tar.wall:.1f} s wall {tar.cpu:.1f} s CPU, bdr {ours.wall:.1f} s wall {ours.cpu:.1f} s CPU"
        yield Ratio(f"{self.name}: first backup against tar | zstd, wall", ours.wall / tar.wall, 1.3, detail)
        yield Ratio(f"{self.name}: first backup against tar | zstd, CPU", ours.cpu / tar.cpu, 1.3, "")
        yield Ratio(f"{self.name}: first backup, peak memory in MiB", ours.rss, 150, "")

    def second(self, restic):
        walk = best(self.clock, 3, [self.options.floor, "walk", self.data])
        ours = best(self.clock, 2, [self.options.bdr, "-p", self.policy, "backup", "data"])
        detail = f"walk {walk.wall:.2f} s wall {walk.cpu:.2f} s CPU, bdr {ours.wall:.2f} s wall {ours.cpu:.2f} s CPU"
        yield Ratio(f"{self.name}: unchanged backup against a walk, wall", ours.wall / walk.wall, 1.5, detail)
        yield Ratio(f"{self.name}: unchanged backup, peak memory in MiB", ours.rss, 150, "")
        if restic:
            detail = f"restic {restic.wall:.2f} s wall"
            yield Ratio(f"{self.name}: unchanged backup against restic, wall", ours.wall / restic.wall, 0.1, detail)

    def restic(self):
        """The second, unchanged run of restic, if it is there."""
        if not shutil.which("restic"):
            return None
        environment = dict(os.environ, RESTIC_REPOSITORY=os.path.join(self.home, "restic"), RESTIC_PASSWORD="bench")
        environment["RESTIC_CACHE_DIR"] = os.path.join(self.home, "restic-cache")
        run(self.clock, ["restic", "init", "-q"], env=environment)
        run(self.clock, ["restic", "backup", "-q", self.data], env=environment)
        second = run(self.clock, ["restic", "backup", "-q", self.data], env=environment)
        self.fresh("restic", "restic-cache")
        return second

    def restore(self):
        copy, restored = os.path.join(self.home, "copy"), os.path.join(self.home, "restored")
        plain = best(self.clock, 2, ["cp", "-r", self.data, copy], before=lambda: self.fresh("copy"))
        self.fresh("copy")
        command = [self.options.bdr, "-p", self.policy, "restore", "data", "--to", restored]
        ours = best(self.clock, 2, command, before=lambda: self.fresh("restored"))
        run(self.clock, ["diff", "-r", self.data, restored])
        self.fresh("restored")
        detail = f"cp {plain.wall:.1f} s, bdr {ours.wall:.1f} s wall {ours.cpu:.1f} s CPU"
        yield Ratio(f"{self.name}: restore, speed of cp -r", plain.wall / ours.wall, 0.8, detail, least=True)
        yield Ratio(f"{self.name}: restore, peak memory in MiB", ours.rss, 150, "")

    def ratios(self):
        self.prepare()
        yield from self.first()
        yield from self.second(self.restic())
        yield from self.restore()
        shutil.rmtree(self.home)


def ratios(clock, options):
    small = Case(clock, options, "small files")
    write_small(small.data, options.small_files)
    yield from small.ratios()
    large = Case(clock, options, "large files")
    write_large(large.data, options.large_files, options.large_mebibytes)
    yield from large.ratios()
