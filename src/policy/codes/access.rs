//! Codes of access: roles, and who may take them on.

super::codes! {
    ARN "BDR-P080" "arn" "A text that is not the ARN of what it should name."
    "Roles and policies of AWS IAM are named by their ARN, with the account's twelve digits, as `aws iam get-role` and
`aws iam list-policies` print it. No part of it may stand for several things: whoever creates a role of a fitting name would be
trusted too."
    wrong "access:
  roles:
    restorer: { may: restore, trust: { role: \"arn:aws:iam::111122223333:role/*\" } }
"
    right "access:
  roles:
    restorer: { may: restore, trust: { role: \"arn:aws:iam::111122223333:role/oncall\" } }
";

    TRUST "BDR-P081" "trust" "Somebody who may take a role on, not named exactly."
    "A role is taken on by whoever fits its trust. A repository, project, branch, tag or environment is therefore written out: `*`
would also fit what somebody else makes tomorrow. One of pull requests, an environment, a branch and a tag is told for GitHub, a
branch or a tag for GitLab: without it, every workflow of the repository could take the role on, that of a pull request too."
    wrong "access:
  account: \"111122223333\"
  roles:
    ci: { may: apply, trust: { github: { repository: \"example/*\", branch: main } } }
"
    right "access:
  account: \"111122223333\"
  roles:
    ci: { may: apply, trust: { github: { repository: example/backups, branch: main } } }
";

    ROLE_NAME "BDR-P082" "role-name" "A role whose name in IAM would be too long, or that two would have."
    "A role is called `bdr-<policy>-<name>`, and IAM takes 64 characters. The name tells whose it is wherever only the name is shown,
so it is not cut. Names that begin with `replication-` are those of the roles by which stores replicate."
    wrong "access:
  roles:
    who-restores-documents-of-the-northern-office-in-an-emergency:
      { may: restore, trust: { account: \"111122223333\" } }
"
    right "access:
  roles:
    restorer-north: { may: restore, trust: { account: \"111122223333\" } }
";

    SESSION "BDR-P083" "session" "A text that the service which gives sessions (AWS STS) does not take."
    "The name of a session has 2 to 64 characters and an external id up to 1224, of letters, digits and a few signs (STS API
reference, `AssumeRole`)."
    wrong "accounts:
  backups: { id: \"111122223333\", role: bdr, session_name: \"nightly run\" }
"
    right "accounts:
  backups: { id: \"111122223333\", role: bdr, session_name: nightly-run }
";
}
