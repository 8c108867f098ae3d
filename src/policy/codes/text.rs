//! Codes of texts: what is no YAML, or more of it than a policy can be.

super::codes! {
    SYNTAX "BDR-P001" "syntax" "A text that is not YAML."
    "The document is read up to the error; documents after the next `---` are read as well. Names that seem to be missing are
not reported, since they may stand in the part that could not be read.

Most often a value needs quotes: a cron text begins with `*`, which marks an alias in YAML, and a reference `${…}` inside `{ }`
or `[ ]` opens another mapping."
    wrong "components:
  docs:
    files: { paths: [/srv/docs] }
    protect:
      hourly: { file_backup: {}, schedule: */30 * * * *, store: primary }
stores: { primary: { folder: { path: /srv/backups } } }
"
    right "components:
  docs:
    files: { paths: [/srv/docs] }
    protect:
      hourly: { file_backup: {}, schedule: \"*/30 * * * *\", store: primary }
stores: { primary: { folder: { path: /srv/backups } } }
";

    NOT_TEXT "BDR-P002" "not-text" "A file that is not a text."
    "A policy is UTF-8 text, with or without a byte-order mark, with line ends of either kind. A NUL byte, or bytes that are not
UTF-8, mean that the file is something else or was saved in another encoding. Save it as UTF-8: `iconv -f LATIN1 -t UTF-8`.";

    TOO_LARGE "BDR-P003" "too-large" "More text than a policy can be."
    "A text of more than 16 MiB or 100,000 values is not read to its end, a value has at most 4,096 bytes, components together inherit
at most 100,000 protections and tiers, and of more than 10,000 findings the rest are counted only: reading a policy from a pull
request must not cost the memory of the machine. Split a large policy into several files; bdr merges all files of a folder.";

    DEPTH "BDR-P004" "too-deep" "Lists or mappings nested too deeply."
    "Nothing in the language needs more than ten levels, and 64 are read. Deeper nesting is a mistake of a generator, or an
attempt to exhaust the reader.";

    ALIAS "BDR-P005" "alias" "Aliases that repeat too much."
    "An alias `*name` repeats the value marked `&name`. A value cannot repeat itself, and all aliases of a text together may
add 100,000 values: a few lines of aliases to aliases could otherwise stand for thousands of millions of them."
    wrong "contacts: &all
  ops: *all
"
    right "contacts:
  ops: { phone: \"+46-70-123-4567\" }
";

    TAG "BDR-P006" "tag" "A tag of YAML."
    "Tags such as `!env` or `!!int` make the meaning of a text depend on the program that reads it. The language has none of
them, except `!!str`. Values from outside are written as references."
    wrong "stores:
  primary: { folder: { path: !env BACKUPS } }
"
    right "stores:
  primary: { folder: { path: \"${env:BACKUPS}\" } }
";

    MERGE "BDR-P007" "merge-key" "The merge key `<<`."
    "The merge key was an extension of YAML 1.1 that YAML 1.2 no longer has; readers disagree on what it does. Components share
values by `inherits`, key by key."
    wrong "components:
  a: &a { files: { paths: [/srv/a] }, objectives: { rpo: 1d } }
  b: { <<: *a, files: { paths: [/srv/b] } }
"
    right "components:
  a: { files: { paths: [/srv/a] }, objectives: { rpo: 1d } }
  b: { inherits: a, files: { paths: [/srv/b] } }
";

    DUPLICATE_KEY "BDR-P008" "duplicate-key" "A key given twice in one mapping."
    "Readers of YAML keep the first or the last of the two without a word, so one of the two values would silently not hold."
    wrong "stores:
  primary: { folder: { path: /srv/a, path: /srv/b } }
"
    right "stores:
  primary: { folder: { path: /srv/b } }
";

    KEY "BDR-P009" "key" "A key that is not text."
    "YAML takes lists, mappings and nothing at all as keys; the language does not."
    wrong "contacts:
  ? [a, b]
  : { phone: \"1\" }
"
    right "contacts:
  a: { phone: \"1\" }
";
}
