#!/usr/bin/env python3
"""Restores one backup of bdr with public tools alone: python3 and zstd. See docs/format.md.

usage: restore-without-bdr.py SERIES BACKUP TARGET

SERIES is the folder <policy>/<component>/<protection> of a store, copied to this machine where it is a bucket; BACKUP is
<tier>/<backup id> below it; TARGET is a folder that does not exist yet. Every byte is checked by the SHA-256 of its pack.
"""
import functools, hashlib, json, os, subprocess, sys

series, backup, target = sys.argv[1:] if len(sys.argv) == 4 else sys.exit(__doc__)

def unzstd(data):
    return subprocess.run(["zstd", "-d", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout

def checked(key, sha256):
    data = open(os.path.join(series, key), "rb").read()
    return data if hashlib.sha256(data).hexdigest() == sha256 else sys.exit(f"damaged: {key}")

def lines(parts):
    return (json.loads(line) for part in parts for line in unzstd(checked(part["key"], part["sha256"])).splitlines())

@functools.lru_cache(2)
def pack(number):
    return checked(packs[number], os.path.basename(packs[number]).removesuffix(".zst"))

@functools.lru_cache(2)
def frame(number, offset, stored):
    return unzstd(pack(number)[offset : offset + stored])

def raw(line, key):
    return bytes.fromhex(line[key + "_raw"]) if key + "_raw" in line else line[key].encode()

def place(name):
    if {b"", b".", b".."} & set(name.split(b"/")):
        sys.exit(f"damaged: the path {name!r} leaves the target")
    return os.path.join(os.fsencode(target), name)

def settle(path, line):
    os.lchown(path, line["uid"], line["gid"])
    if line["type"] != "symlink":
        os.chmod(path, int(line["mode"], 8))
    for name, value in line.get("xattrs", []):
        os.setxattr(path, name, bytes.fromhex(value), follow_symlinks=False)
    os.utime(path, ns=(line["mtime"][0] * 10**9 + line["mtime"][1],) * 2, follow_symlinks=False)

manifest = json.load(open(os.path.join(series, backup, "manifest.json")))["manifest"]
packs = {line["pack"]: line["key"] for line in lines(manifest["table"])}
folders, count = [], 0
for line in lines(manifest["index"]):
    if "path" in line:  # else the line goes on with the file before it
        entry, path, at, holes = line, place(raw(line, "path")), 0, {}
        os.makedirs(os.path.dirname(path), exist_ok=True)
        count += line["type"] != "skipped"
    if entry["type"] == "skipped":
        print("not in the backup:", os.fsdecode(path), line.get("reason", ""), file=sys.stderr)
    elif entry["type"] == "directory":
        os.makedirs(path, exist_ok=True)
        folders.append((path, line))
    elif entry["type"] == "symlink":
        os.symlink(raw(line, "target"), path)
        settle(path, line)
    elif "link" in line:
        os.link(place(raw(line, "link")), path)
    else:
        holes.update(line.get("holes", []))  # bytes that no block fills
        with open(path, "xb" if line is entry else "r+b") as out:
            for number, offset, stored, start, size, _ in line.get("blocks", []):
                while at in holes:
                    at += holes.pop(at)
                out.seek(at)
                at += out.write(frame(number, offset, stored)[start : start + size])
        if not line.get("more"):
            os.truncate(path, line["size"])
            settle(path, entry)
for path, line in reversed(folders):  # last, because what is made in a folder moves its times
    settle(path, line)
if count != manifest["counts"]["entries"]:
    sys.exit(f"damaged: {count} entries instead of {manifest['counts']['entries']}")
print(f"{count} entries restored into {target}")
