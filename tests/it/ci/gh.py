#!/usr/bin/env python3
"""Stands for GitHub's command line: notes each call, and keeps comments, pull requests, runs and artefacts as files in $FORGE."""
import json, os, shutil, subprocess, sys

forge, words = os.environ["FORGE"], sys.argv[1:]
with open(f"{forge}/calls", "a") as calls:
    calls.write(" ".join(words) + "\n")


def read(name):
    with open(f"{forge}/{name}") as file:
        return json.load(file)


def option(name):
    return words[words.index(name) + 1] if name in words else None


def answer(document):
    query = subprocess.run(["jq", "-r", option("--jq")], input=json.dumps(document), text=True, check=True, stdout=subprocess.PIPE)
    sys.stdout.write(query.stdout)


def body():
    field = option("-F")
    assert field.startswith("body=@"), field
    with open(field.removeprefix("body=@")) as file:
        return file.read()


if words[:2] == ["run", "list"]:
    answer([run for run in read("runs.json") if run["headSha"] == option("--commit")])
elif words[:2] == ["run", "download"]:
    shutil.copytree(f"{forge}/artefacts/{words[2]}/{option('--name')}", option("--dir"))
elif words[0] == "api":
    assert os.environ["GH_TOKEN"] == "a-token"
    path = next(word for word in words[1:] if word.startswith("repos/"))
    comments = read("comments.json")
    if option("--method") == "POST":
        comments.append({"id": len(comments) + 1, "user": {"type": "Bot"}, "body": body(), "pull": path.split("/")[4]})
    elif option("--method") == "PATCH":
        [one] = [one for one in comments if str(one["id"]) == path.split("/")[-1]]
        one["body"] = body()
    elif path.endswith("/comments"):
        answer([one for one in comments if one["pull"] == path.split("/")[4]])
    elif path.endswith("/pulls"):
        answer(read("pulls.json").get(path.split("/")[4], []))
    else:
        sys.exit(f"unknown: {path}")
    with open(f"{forge}/comments.json", "w") as file:
        json.dump(comments, file)
else:
    sys.exit(f"unknown: {words}")
