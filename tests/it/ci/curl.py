#!/usr/bin/env python3
"""Stands for curl against GitLab's API: notes each call, and keeps notes and artefacts as files in $FORGE."""
import json, os, sys, zipfile

forge, words = os.environ["FORGE"], sys.argv[1:]
with open(f"{forge}/calls", "a") as calls:
    calls.write(" ".join(words) + "\n")


def option(name):
    return words[words.index(name) + 1] if name in words else None


url = next(word for word in words if word.startswith("http"))
if "/jobs/artifacts/" in url:
    reference = url.split("/jobs/artifacts/")[1].split("/")[0].replace("%2F", "-")
    if not os.path.isdir(f"{forge}/artefacts/{reference}"):
        sys.exit(22)
    with zipfile.ZipFile(option("--output"), "w") as archive:
        for name in os.listdir(f"{forge}/artefacts/{reference}"):
            archive.write(f"{forge}/artefacts/{reference}/{name}", f"bdr-plan/{name}")
    sys.exit()

assert option("--header") == "PRIVATE-TOKEN: a-token"
with open(f"{forge}/comments.json") as file:
    notes = json.load(file)
if option("--request") is None:
    print(json.dumps(notes))
    sys.exit()
with open(option("--form").removeprefix("body=<")) as file:
    body = file.read()
if option("--request") == "POST":
    notes.append({"id": len(notes) + 1, "body": body})
else:
    [one] = [one for one in notes if str(one["id"]) == url.split("/")[-1]]
    one["body"] = body
with open(f"{forge}/comments.json", "w") as file:
    json.dump(notes, file)
