//! Codes of shapes: which keys there are, what kind of value each takes, and which belong together.

super::codes! {
    UNKNOWN_KEY "BDR-P010" "unknown-key" "A key that the language does not know here."
    "A misspelt key would otherwise be a promise that nobody keeps. A key may also belong one level up or down, or to a later
version of bdr."
    wrong "stores:
  primary: { folder: { path: /srv/backups, mod: 0700 } }
"
    right "stores:
  primary: { folder: { path: /srv/backups, mode: 0700 } }
";

    TYPE "BDR-P011" "type" "A value of another kind than its key takes."
    "Nothing is guessed: `yes` is not `true`, `1_000` and `0x10` are not numbers, and a list of one is still written as a list.
A value is read by what its key takes, so that a text may look like a number."
    wrong "components:
  docs: { files: { paths: /srv/docs, one_file_system: yes } }
"
    right "components:
  docs: { files: { paths: [/srv/docs], one_file_system: true } }
";

    MISSING "BDR-P012" "missing" "Something that is needed is missing."
    "The policy says `version` and `name` once; a component says what it is, a protection its method and where copies go, a
tier how long it keeps them."
    wrong "stores:
  primary: { s3: { region: eu-north-1 } }
"
    right "stores:
  primary: { s3: { bucket: example-backups, region: eu-north-1 } }
";

    ONE_OF "BDR-P013" "one-of" "Keys that exclude each other."
    "A store is one place, a scheduler is one program, and `store` and `stores` are two spellings of one value."
    wrong "stores:
  primary: { folder: { path: /srv/backups }, s3: { bucket: example-backups } }
"
    right "stores:
  here: { folder: { path: /srv/backups } }
  away: { s3: { bucket: example-backups } }
";

    WORD "BDR-P014" "word" "A word that is not one of the known ones."
    "The key takes one of a few words, written exactly as listed."
    wrong "stores:
  primary: { s3: { bucket: example-backups }, encryption: { sse: kms } }
"
    right "stores:
  primary: { s3: { bucket: example-backups }, encryption: { sse: aws:kms } }
";

    VERSION "BDR-P015" "version" "A version of the language that this bdr does not know."
    "The version says how the rest of the policy is meant. This bdr knows version 1; a policy of a later one needs a later bdr."
    wrong "version: 2
name: example
"
    right "version: 1
name: example
";

    UNFIT "BDR-P016" "unfit" "A setting that has no effect where it stands."
    "A setting of buckets on a folder, a key for an encryption that has none, a period that the tier's name contradicts: whoever
wrote it believes something that is not so."
    wrong "stores:
  primary: { folder: { path: /srv/backups }, versioning: true }
"
    right "stores:
  primary: { s3: { bucket: example-backups }, versioning: true }
";
}
