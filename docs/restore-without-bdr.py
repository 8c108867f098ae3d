#!/usr/bin/env python3
"""Restores one backup of bdr with public tools alone: python3 on Linux, and zstd. See docs/format.md.

usage: restore-without-bdr.py SERIES BACKUP TARGET

SERIES is the folder <policy>/<component>/<protection> of a store, copied to this machine where it is a bucket; BACKUP is
<tier>/<backup id> below it; TARGET is a folder that does not exist yet. Every byte is checked: by the SHA-256 of its pack, or where
a pack is damaged by the checksum of its frame. What is lost is named, all else comes back, and then it ends with 1.
"""
import functools, glob, hashlib, json, os, subprocess, sys

series, backup, target = sys.argv[1:] if len(sys.argv) == 4 else sys.exit(__doc__)
series, target, folders, lost, unowned = os.path.abspath(series), os.path.abspath(target), [], set(), 0

def read(key):
    with open(os.path.join(series, key), "rb") as file:
        return file.read()

def unzstd(data):
    done = subprocess.run(["zstd", "-d", "-q", "-c"], input=data, capture_output=True)
    if done.returncode:
        raise ValueError(f"damaged: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout

def lines(parts):
    for part in parts:
        data = read(part["key"])
        if hashlib.sha256(data).hexdigest() != part["sha256"]:
            sys.exit(f"damaged: {part['key']}, without which nothing is known to be whole")
        yield from map(json.loads, unzstd(data).splitlines())

@functools.lru_cache(2)
def pack(number):
    data = read(packs[number])
    return data, hashlib.sha256(data).hexdigest() + ".zst" == os.path.basename(packs[number])

@functools.lru_cache(2)
def frame(number, offset, stored):
    data, whole = pack(number)
    data = data[offset : offset + stored]
    if not whole and not (data[:4] == b"\x28\xb5\x2f\xfd" and data[4] & 4):  # with this flag zstd checks the frame
        raise ValueError(f"damaged: {packs[number]}")
    return unzstd(data)

def raw(line, key):
    return bytes.fromhex(line[key + "_raw"]) if key + "_raw" in line else line[key].encode()

def enter(path):
    """Goes into the folder of a path, part by part so that none is too long, and gives the path's last part."""
    *above, name = path.split(b"/")
    if {b"", b".", b".."} & {*above, name}:
        sys.exit(f"damaged: the path {path!r} leaves the target")
    os.chdir(target)
    for part in above:
        os.path.isdir(part) or os.mkdir(part, 0o700)
        os.chdir(part)
    return name

def restore(path, line):
    name = enter(path)
    if line["type"] == "directory":
        os.path.isdir(name) or os.mkdir(name, 0o700)
        return folders.append((path, line))
    if "link" in line:
        first, folder = enter(raw(line, "link")), os.open(".", os.O_DIRECTORY)
        os.link(first, enter(path), src_dir_fd=folder, follow_symlinks=False)
        return os.close(folder)
    if line["type"] == "symlink":
        os.symlink(raw(line, "target"), name)
    else:
        with open(name, "xb") as out:
            try:
                fill(out, line)
            except BaseException:
                os.unlink(name)
                raise
    tried("not as it was", settle, path, line)

def fill(out, line, at=0, more=True):
    holes = {}  # bytes that no block fills
    while more:  # one line, or several for a file of many blocks
        holes.update(line.get("holes", []))
        for number, offset, stored, start, size, _ in line.get("blocks", []):
            while at in holes:
                at += holes.pop(at)
            out.seek(at)
            if out.write(frame(number, offset, stored)[start : start + size]) != size:
                raise ValueError("its block is not in its frame")
            at += size
        more, line = line.get("more"), next(index) if line.get("more") else line
    out.truncate(line["size"])

def settle(path, line):
    global unowned
    name, mode, owner, root = enter(path), int(line["mode"], 8), (line["uid"], line["gid"]), os.geteuid() == 0
    if root:
        os.lchown(name, *owner)
    elif owner != (os.geteuid(), os.getegid()):
        unowned, mode = unowned + 1, mode & 0o1777  # nothing runs as another owner than it had
    if line["type"] != "symlink":
        os.chmod(name, mode)
    for key, value in line.get("xattrs", []):
        if root or not key.startswith(("security.", "trusted.")):
            os.setxattr(name, key, bytes.fromhex(value), follow_symlinks=False)
    os.utime(name, ns=(line["mtime"][0] * 10**9 + line["mtime"][1],) * 2, follow_symlinks=False)

def tried(otherwise, work, path, line):
    try:
        work(path, line)
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno in (28, 30, 122):  # ENOSPC, EROFS, EDQUOT: nothing that follows has room
            raise
        print(f"{otherwise}: {os.fsdecode(path)!r}: {error}", file=sys.stderr)
        lost.add(path)

try:
    place = os.path.join(backup.strip("/"), "manifest.json")
    if not os.path.exists(os.path.join(series, place)):
        there = [os.path.relpath(os.path.dirname(path), series) for path in glob.glob(glob.escape(series) + "/*/*/manifest.json")]
        sys.exit(f"there is no backup {backup} in {series}; there is: {', '.join(sorted(there)) or 'none'}")
    body, _, digest = read(place).removeprefix(b'{"manifest":').rpartition(b',"sha256":"')
    if hashlib.sha256(body).hexdigest().encode() != digest[:64]:
        sys.exit(f"damaged: {place}")
    manifest, count = json.loads(body), 0
    packs, index = {line["pack"]: line["key"] for line in lines(manifest["table"])}, lines(manifest["index"])
    os.makedirs(target)
    for line in index:
        if line.get("type") == "skipped":
            print(f"not in the backup: {os.fsdecode(raw(line, 'path'))!r}: {line.get('reason', '')}", file=sys.stderr)
        elif "path" in line:  # else it goes on with a file that is lost
            tried("lost", restore, raw(line, "path"), line)
            count += 1
    for path, line in reversed(folders):  # last, because what is made in a folder moves its times
        tried("not as it was", settle, path, line)
except OSError as error:
    sys.exit(f"could not restore {backup} into {target}: {error}")
if unowned:
    print(f"the owners of {unowned} entries were not set: only root may do that", file=sys.stderr)
expected = manifest["counts"]["entries"]
if lost or count != expected:
    sys.exit(f"restored in part: {count - len(lost)} of {expected} entries are in {target} as they were")
print(f"{count} entries restored into {target}")
