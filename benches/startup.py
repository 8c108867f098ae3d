"""(e) Start-up of the release binary against a bare hello."""

import os

from measure import Ratio, best


def ratios(clock, options):
    hello = os.path.join(options.scratch, "hello")
    source = hello + ".rs"
    with open(source, "w") as text:
        text.write('fn main() { println!("hello"); }\n')
    best(clock, 1, ["rustc", "-C", "opt-level=3", "-C", "strip=symbols", "-o", hello, source])
    bare = best(clock, 30, [hello])
    ours = best(clock, 30, [options.bdr, "--version"])
    detail = f"hello {bare.wall * 1000:.1f} ms, bdr --version {ours.wall * 1000:.1f} ms"
    yield Ratio("start-up beyond a bare hello, ms", (ours.wall - bare.wall) * 1000, 10, detail)
