//! Codes of names: what things are called, and what refers to what.

super::codes! {
    NAME "BDR-P020" "name" "A name with characters that names do not take."
    "Names become part of object keys, unit files, tags and rule ids. What all of these take unescaped is 1 to 63 of a-z, 0-9,
`-` and `_`, beginning with a letter or digit."
    wrong "stores:
  Off-Site: { folder: { path: /mnt/off-site } }
"
    right "stores:
  off-site: { folder: { path: /mnt/off-site } }
";

    TWICE "BDR-P021" "given-twice" "A thing given twice."
    "All files and documents that bdr is given are one policy. Each store, component and contact is given once in all of them,
so that nobody has to guess which of two holds; a list names each thing once."
    wrong "stores: { primary: { folder: { path: /srv/a } } }
---
stores: { primary: { folder: { path: /srv/b } } }
"
    right "stores: { primary: { folder: { path: /srv/a } } }
---
stores: { secondary: { folder: { path: /srv/b } } }
";

    CONFLICT "BDR-P022" "conflict" "Two values of one setting of the policy."
    "Every document may repeat `version`, `name` and `timezone`, all with the same value. Two names usually mean that files of
two policies were given to one run."
    wrong "timezone: UTC
---
timezone: Europe/Stockholm
"
    right "timezone: UTC
---
timezone: UTC
";

    NO_STORE "BDR-P023" "no-such-store" "A store that is not defined."
    "Copies can go only to a store that the policy defines under `stores`, in any of its files."
    wrong "stores: { primary: { folder: { path: /srv/backups } } }
components:
  docs:
    files: { paths: [/srv/docs] }
    protect: { nightly: { file_backup: {}, schedule: daily, store: primry } }
"
    right "stores: { primary: { folder: { path: /srv/backups } } }
components:
  docs:
    files: { paths: [/srv/docs] }
    protect: { nightly: { file_backup: {}, schedule: daily, store: primary } }
";

    NO_CLASS "BDR-P024" "no-such-class" "Nothing of that name to inherit from."
    "`inherits` names a component of the policy, or a service class that ships with bdr: `bdr explain class critical` shows one."
    wrong "components:
  docs: { inherits: critcal, files: { paths: [/srv/docs] } }
"
    right "components:
  docs: { inherits: archive, files: { paths: [/srv/docs] }, protect: { backup: { store: primary } } }
stores: { primary: { folder: { path: /srv/backups } } }
";

    CIRCLE "BDR-P025" "circle" "Components that inherit from each other in a circle."
    "Each would have the values of the next, and none of them any of its own."
    wrong "components:
  a: { inherits: b, files: { paths: [/srv/a] } }
  b: { inherits: a, files: { paths: [/srv/b] } }
"
    right "components:
  a: { files: { paths: [/srv/a] } }
  b: { inherits: a, files: { paths: [/srv/b] } }
";

    MOVED "BDR-P026" "moved" "A name of before that cannot be one."
    "`moved: { from: OLD }` says what a store or component was called before, so that what stands under that name is its own. Nothing
else of the policy may have that name now, and only one thing can have had it."
    wrong "stores:
  vault: { moved: { from: primary }, folder: { path: /srv/backups } }
  primary: { folder: { path: /mnt/backups } }
"
    right "stores:
  vault: { moved: { from: primary }, folder: { path: /srv/backups } }
";

    NO_ACCOUNT "BDR-P027" "no-such-account" "An account that is not defined."
    "An account is named by its twelve digits, or by a name under `accounts`, which says what role bdr takes on there."
    wrong "accounts:
  backups: { id: \"111122223333\", role: bdr }
stores:
  primary: { s3: { bucket: example-backups, region: eu-north-1, account: backup } }
"
    right "accounts:
  backups: { id: \"111122223333\", role: bdr }
stores:
  primary: { s3: { bucket: example-backups, region: eu-north-1, account: backups } }
";

    REFERENCE "BDR-P050" "reference" "A text that begins a reference and is none."
    "A reference is `${env:NAME}` or `${file:PATH}`, the path relative to the folder of the policy's file. The characters `${`
themselves are written `$${`."
    wrong "stores:
  primary: { folder: { path: \"${BACKUPS}\" } }
"
    right "stores:
  primary: { folder: { path: \"${env:BACKUPS}\" } }
";

    REFERENCE_HERE "BDR-P051" "reference-here" "A reference where the value must be written out."
    "Names, schedules, objectives, retention and the like decide what is planned: a review must be able to read them, and the
same policy must mean the same everywhere. References are for paths, buckets and endpoints."
    wrong "components:
  docs: { files: { paths: [/srv/docs] }, objectives: { rpo: \"${env:RPO}\" } }
"
    right "components:
  docs: { files: { paths: [/srv/docs] }, objectives: { rpo: 1d } }
";

    REFUSED "BDR-P052" "reference-without-value" "A reference that has no value."
    "The variable or file is not there, cannot be read, or may not be seen: where nobody sits at a terminal, commands that only
look at a policy resolve nothing that `--allow-env` or `--allow-file` does not name, because a policy in a pull request is
untrusted input.";

    SECRET "BDR-P053" "plain-secret" "A secret written in plain."
    "Whoever can read the policy, its history or a log of it has the secret. A secret is

- whatever stands under a key whose name says so (`password`, `pass`, `client_secret`, `api-key`, `token`, `credentials` and the like),
  also in a list or a mapping below it, given twice, merged or repeated by an alias. A reference, nothing, and `true` or `false` are none;
- an access key of AWS, a private key, a token of a well-known service, a password in a URL, `name=value` or `name: value` under
  such a name: wherever it stands, in keys and comments too.

bdr never repeats it: asterisks stand in its place in whatever is shown. A secret that was once written down must be changed, not
only moved."
    wrong "stores:
  primary: { s3: { bucket: example-backups, endpoint: \"https://backup:hunter2@s3.example.com\" } }
"
    right "stores:
  primary: { s3: { bucket: example-backups, endpoint: \"${env:S3_ENDPOINT}\" } }
";
}
