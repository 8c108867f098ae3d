#!/usr/bin/env python3
"""Stands for unzip: unzip -q -o FILE -d FOLDER."""
import sys, zipfile

[_, _, _, archive, _, folder] = sys.argv
zipfile.ZipFile(archive).extractall(folder)
