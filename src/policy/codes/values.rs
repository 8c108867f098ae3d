//! Codes of values: what each kind of text must look like, and what must fit together.

super::codes! {
    DURATION "BDR-P030" "duration" "A text that is not a duration."
    "A duration is whole numbers with units: `s`, `m` (minutes), `h`, `d`, `w`, `mo` (months) and `y`, alone or in a row, such
as `1h30m`. A number without a unit could be anything. Tiers keep copies for more than nothing."
    wrong "components:
  docs: { files: { paths: [/srv/docs] }, objectives: { rpo: 15 } }
"
    right "components:
  docs: { files: { paths: [/srv/docs] }, objectives: { rpo: 15m } }
";

    SCHEDULE "BDR-P031" "schedule" "A text that is not a schedule."
    "A schedule is `every` with a duration, five fields of cron, or one of `hourly`, `daily`, `weekly`, `monthly`, `quarterly`,
`annually`. What systemd and cron would read differently is refused."
    wrong "components:
  docs:
    files: { paths: [/srv/docs] }
    protect: { nightly: { file_backup: {}, schedule: nightly, store: primary } }
stores: { primary: { folder: { path: /srv/backups } } }
"
    right "components:
  docs:
    files: { paths: [/srv/docs] }
    protect: { nightly: { file_backup: {}, schedule: \"0 2 * * *\", store: primary } }
stores: { primary: { folder: { path: /srv/backups } } }
";

    ZONE "BDR-P032" "time-zone" "A text that is not a time zone."
    "A time zone is a name of the IANA database, which knows when its clocks change."
    wrong "timezone: Stockholm
"
    right "timezone: Europe/Stockholm
";

    REGION "BDR-P033" "region" "A text that is not a region of AWS."
    "Where no `endpoint` is given the store is AWS itself, whose regions are known. A store that is not AWS has an endpoint, and
its regions are called as it likes."
    wrong "stores:
  primary: { s3: { bucket: example-backups, region: eu-nort-1 } }
"
    right "stores:
  primary: { s3: { bucket: example-backups, region: eu-north-1 } }
";

    BUCKET "BDR-P034" "bucket-name" "A text that cannot be the name of a bucket."
    "S3 takes 3 to 63 of a-z, 0-9, `-` and `.`, beginning and ending with a letter or digit, without two dots in a row, not like
an IP address, and without the beginnings and endings that AWS keeps to itself."
    wrong "stores:
  primary: { s3: { bucket: Example_Backups } }
"
    right "stores:
  primary: { s3: { bucket: example-backups } }
";

    ACCOUNT "BDR-P035" "account" "A text that is not an AWS account."
    "An account is twelve digits. With it, a bucket that somebody else owns is never written to."
    wrong "stores:
  primary: { s3: { bucket: example-backups, account: 1111-2222-3333 } }
"
    right "stores:
  primary: { s3: { bucket: example-backups, account: 111122223333 } }
";

    GLOB "BDR-P036" "glob" "A text that is not a glob, or can match nothing."
    "Globs are relative to each path of the component: `*` and `?` stay inside one folder, `**` crosses folders, `[ab]` and
`{a,b}` choose. One that begins with `/` or `./`, or goes up by `..`, could never match."
    wrong "components:
  docs: { files: { paths: [/srv/docs], exclude: [\"cache/[ab\"] } }
"
    right "components:
  docs: { files: { paths: [/srv/docs], exclude: [\"cache/[ab]*\"] } }
";

    PATH "BDR-P037" "path" "A path that is not absolute, or goes up by `..`."
    "bdr is started by people, timers and pipelines, in different folders: a relative path would mean something else each time.
Through a symbolic link, `..` leads elsewhere than it reads."
    wrong "stores:
  primary: { folder: { path: backups } }
"
    right "stores:
  primary: { folder: { path: /srv/backups } }
";

    MODE "BDR-P038" "mode" "A text that is not a file mode, or shuts out the owner."
    "A mode is three octal digits, with or without a zero in front. bdr itself must be able to read, write and enter the
folder."
    wrong "stores:
  primary: { folder: { path: /srv/backups, mode: 0640 } }
"
    right "stores:
  primary: { folder: { path: /srv/backups, mode: 0750 } }
";

    PREFIX "BDR-P039" "prefix" "A text that is not a prefix of keys."
    "A prefix is words with `/` between them. An empty word, `.` or `..` in it make keys that many tools cannot address."
    wrong "stores:
  primary: { s3: { bucket: example-backups, prefix: /backups } }
"
    right "stores:
  primary: { s3: { bucket: example-backups, prefix: backups/ } }
";

    ENDPOINT "BDR-P040" "endpoint" "A text that is not the address of a store."
    "An endpoint is `https://` or `http://`, a host and perhaps a port. The bucket has a key of its own, and credentials never
stand in an address."
    wrong "stores:
  primary: { s3: { bucket: example-backups, endpoint: s3.example.com } }
"
    right "stores:
  primary: { s3: { bucket: example-backups, endpoint: \"https://s3.example.com\" } }
";

    RANGE "BDR-P041" "range" "A number outside its range."
    "Levels of zstd go from 1 (fast) to 19 (small); what lies above needs memory out of proportion to what it saves."
    wrong "components:
  docs:
    files: { paths: [/srv/docs] }
    protect: { nightly: { file_backup: { compression: 22 }, store: primary } }
stores: { primary: { folder: { path: /srv/backups } } }
"
    right "components:
  docs:
    files: { paths: [/srv/docs] }
    protect: { nightly: { file_backup: { compression: 19 }, store: primary } }
stores: { primary: { folder: { path: /srv/backups } } }
";

    TAGS "BDR-P042" "bucket-tags" "Tags that S3 does not take."
    "Tags have keys of 1 to 128 and values of up to 256 letters, digits, spaces and `+ - = . _ : / @`. Keys that begin with
`aws:` belong to AWS, those that begin with `bdr:` to bdr, and a bucket has 50 of them, one of which is bdr's mark."
    wrong "stores:
  primary: { s3: { bucket: example-backups }, tags: { \"aws:team\": web } }
"
    right "stores:
  primary: { s3: { bucket: example-backups }, tags: { team: web } }
";

    CONTACT "BDR-P043" "contact" "A contact that cannot be reached."
    "In an outage somebody reads this at night: a telephone number, an e-mail address, or both."
    wrong "contacts:
  ops: { email: operations }
"
    right "contacts:
  ops: { email: operations@example.com }
";

    KMS_KEY "BDR-P044" "kms-key" "A text that is not a key of AWS KMS."
    "A key is named by its id, its ARN, or an alias that begins with `alias/`."
    wrong "stores:
  primary: { s3: { bucket: example-backups }, encryption: { sse: aws:kms, key: backups } }
"
    right "stores:
  primary: { s3: { bucket: example-backups }, encryption: { sse: aws:kms, key: alias/backups } }
";

    WHOLE_DAYS "BDR-P045" "whole-days" "A duration that S3 cannot keep, since it counts in days."
    "The lifecycle of a bucket counts in whole days: minutes and hours would silently become a day. Mostly it is the unit: `m` is
minutes, `mo` is months."
    wrong "stores:
  primary: { s3: { bucket: example-backups }, versioning: true, noncurrent: { for: 30m } }
"
    right "stores:
  primary: { s3: { bucket: example-backups }, versioning: true, noncurrent: { for: 30d } }
";

    MOMENT "BDR-P046" "moment" "A text that is not a moment, or one that comes too early."
    "A moment is a day (`2026-12-20`) or a minute (`2026-12-20 18:00`) by the policy's clock, its `timezone`. The day at which a freeze
ends is its last one, whole."
    wrong "change_freeze: [{ from: 2026-12-20, to: 6 January, reason: peak season }]
"
    right "change_freeze: [{ from: 2026-12-20, to: 2027-01-06, reason: peak season }]
";

    PRINCIPAL "BDR-P047" "principal" "Somebody who cannot be named in a bucket's policy."
    "Who may do something in a bucket is named by the ARN of a role, a user or an account's root, and exactly: with a wildcard it
would be anybody who takes such a name. Where nobody is named, everybody is shut out, which is meant only of deletion."
    wrong "stores:
  primary: { s3: { bucket: example-backups }, access: { write: [\"*\"] } }
"
    right "stores:
  primary: { s3: { bucket: example-backups }, access: { write: [\"arn:aws:iam::111122223333:role/backups\"] } }
";

    CONTAINED "BDR-P060" "tier-outlived" "A tier that goes before one of shorter periods does."
    "Each tier keeps the first good backup of each of its periods. The first backup of a week is also the first of its day, so
everything that a weekly tier would keep is in the daily tier already, for as long as that lasts. A tier of longer periods is
there to reach further back; one that does not outlive the shorter ones never keeps anything, which is not what its author
meant. Equal lengths are accepted."
    wrong "components:
  docs:
    files: { paths: [/srv/docs] }
    retain: { daily: { for: 90d }, weekly: { for: 8w } }
"
    right "components:
  docs:
    files: { paths: [/srv/docs] }
    retain: { daily: { for: 30d }, weekly: { for: 8w } }
";

    SHORT "BDR-P061" "tier-shorter-than-period" "A tier that keeps a copy for less than its own period."
    "A tier keeps one backup of each of its periods. Where that goes before the period is over, prune removes the last one
before it keeps the next. Mostly it is the unit: `m` is minutes, `mo` is months."
    wrong "components:
  docs:
    files: { paths: [/srv/docs] }
    retain: { monthly: { for: 12m } }
"
    right "components:
  docs:
    files: { paths: [/srv/docs] }
    retain: { monthly: { for: 12mo } }
";

    CONNINFO "BDR-P062" "connection-string" "A text that says no connection to PostgreSQL."
    "A connection is a URL, `postgresql://user@host:port/dbname?keyword=value`, or `keyword=value` pairs, as libpq reads them. What a
URL gives a meaning to is escaped in user, password and name of the database: `%40` for `@`. Parameters that bdr does not carry out
are refused. Nothing of the text is repeated, since it may hold a password; write that as a reference."
    wrong "components:
  orders: { postgresql: { url: \"postgresql://app@db.example.com/shop?ssl_mode=require\" } }
"
    right "components:
  orders: { postgresql: { url: \"postgresql://app@db.example.com/shop?sslmode=require\" } }
";

    SERVER_SETTING "BDR-P063" "server-setting" "A value that a setting of a PostgreSQL server does not take."
    "Values are written as in postgresql.conf: sizes in `kB`, `MB`, `GB`, `TB`, times in `ms`, `s`, `min`, `h`, `d`, words as the manual
lists them. What the server would round is refused, since it would then differ from the policy for ever."
    wrong "components:
  orders: { postgresql: { url: \"${env:DATABASE_URL}\", settings: { archive_timeout: 100ms } } }
"
    right "components:
  orders: { postgresql: { url: \"${env:DATABASE_URL}\", settings: { archive_timeout: 60s } } }
";
}
