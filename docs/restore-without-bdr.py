#!/usr/bin/env python3
"""Restores one backup of bdr with public tools alone: python3 and zstd. See docs/format.md.

usage: restore-without-bdr.py SERIES BACKUP TARGET

SERIES is the folder <policy>/<component>/<protection> of a store, copied to this machine where it is a bucket; BACKUP is
<tier>/<backup id> below it; TARGET is a folder that does not exist yet. Every byte is checked by the SHA-256 of its pack.
"""
import hashlib, json, os, subprocess, sys


def unzstd(data):
    return subprocess.run(["zstd", "-d", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def checked(path, sha256):
    data = open(path, "rb").read()
    if hashlib.sha256(data).hexdigest() != sha256:
        sys.exit(f"damaged: {path}")
    return data


def lines(series, parts):
    for part in parts:
        for line in unzstd(checked(os.path.join(series, part["key"]), part["sha256"])).splitlines():
            yield json.loads(line)


def raw(line, key):
    return bytes.fromhex(line[key + "_raw"]) if key + "_raw" in line else line[key].encode()


def fill(out, at, data, holes):
    """Writes data from `at` on into what the holes leave open, and returns where it ended."""
    while data:
        for begin, length in holes:
            at = begin + length if begin <= at < begin + length else at
        room = min([begin - at for begin, _ in holes if begin > at], default=len(data))
        out.seek(at)
        at += out.write(data[:room])
        data = data[room:]
    return at


def main(series, backup, target):
    manifest = json.load(open(os.path.join(series, backup, "manifest.json")))["manifest"]
    packs = {line["pack"]: line["key"] for line in lines(series, manifest["table"])}
    pack, frame = (None, b""), (None, b"")  # the last ones that were read
    directories, count = [], 0

    def block(number, offset, stored, at, size):
        nonlocal pack, frame
        if pack[0] != number:
            key = packs[number]
            pack = (number, checked(os.path.join(series, key), os.path.basename(key)[: -len(".zst")]))
        if frame[0] != (number, offset):
            frame = ((number, offset), unzstd(pack[1][offset : offset + stored]))
        return frame[1][at : at + size]

    def settle(path, line):
        os.lchown(path, line["uid"], line["gid"])
        for name, value in line.get("xattrs", []):
            os.setxattr(path, name, bytes.fromhex(value), follow_symlinks=False)
        if line["type"] != "symlink":
            os.chmod(path, int(line["mode"], 8))
        time = line["mtime"][0] * 10**9 + line["mtime"][1]
        os.utime(path, ns=(time, time), follow_symlinks=False)

    for line in lines(series, manifest["index"]):
        if "path" in line:
            name = raw(line, "path")
            if any(part in (b"", b".", b"..") for part in name.split(b"/")):
                sys.exit(f"damaged: the path {name!r} leaves the target")
            path = os.path.join(os.fsencode(target), name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            count += line["type"] != "skipped"
            if line["type"] == "directory":
                os.makedirs(path, exist_ok=True)
                directories.append((path, line))
            elif line["type"] == "symlink":
                os.symlink(raw(line, "target"), path)
                settle(path, line)
            elif line["type"] == "skipped":
                print("not in the backup:", os.fsdecode(name), line.get("reason", ""), file=sys.stderr)
            elif "link" in line:
                os.link(os.path.join(os.fsencode(target), raw(line, "link")), path)
                continue
        if "path" in line:
            out = open(path, "xb") if line["type"] == "file" else None
            entry, at = line, 0
        if out is None:
            continue
        for number, offset, stored, start, size, _ in line.get("blocks", []):
            at = fill(out, at, block(number, offset, stored, start, size), line.get("holes", []))
        if not line.get("more"):
            out.truncate(line["size"])
            out.close()
            settle(path, entry)
    for path, line in reversed(directories):
        settle(path, line)
    if count != manifest["counts"]["entries"]:
        sys.exit(f"damaged: {count} entries instead of {manifest['counts']['entries']}")
    print(f"{count} entries restored into {target}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
