//! ARNs of IAM: what is wrong with one, and how it is written, as whoever typed it needs to hear it.

use super::access::is_account;

/// Why a text names nothing of IAM that `sorts` (`role/`, `user/`, `root`) allow, and what would. A fragment and a full sentence.
pub(super) struct Fault {
    pub what: String,
    pub help: String,
}

/// What is wrong with a text that was found not to fit.
pub(super) fn fault(text: &str, sorts: &[&str]) -> Fault {
    let fault = |what: &str, help: String| Fault { what: what.to_owned(), help };
    let sort = sorts.first().copied().unwrap_or("role/");
    let example = format!("Write it as arn:aws:iam::111122223333:{sort}NAME.");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        [text] if is_account(text) && sorts.contains(&"root") => {
            fault("the number of an account, not an ARN", format!("Write arn:aws:iam::{text}:root for all of that account."))
        }
        [text] if is_account(text) => {
            fault("the number of an account, not an ARN", format!("Write arn:aws:iam::{text}:{sort}NAME."))
        }
        [_] => fault("a name, not an ARN", example),
        ["arn", partition, "sts", _, account, who] if who.starts_with("assumed-role/") => {
            let role = who.split('/').nth(1).unwrap_or_default();
            let help = format!("Write the role itself, with its path if it has one: arn:{partition}:iam::{account}:role/{role}.");
            fault("a session of a role, which ends and has another name each time", help)
        }
        ["arn", partition, "iam", account, who] if is_account(account) => {
            fault("one `:` before the account is missing", format!("Write arn:{partition}:iam::{account}:{who}."))
        }
        ["arn", _, service, _, _, _] if *service != "iam" => fault(&format!("of the service `{service}`, not of `iam`"), example),
        ["arn", partition, _, region, account, who] if !region.is_empty() => {
            fault("IAM has no regions: nothing stands before the account", format!("Write arn:{partition}:iam::{account}:{who}."))
        }
        ["arn", partition, ..] if !partition.starts_with("aws") => {
            fault(&format!("no part of AWS is called `{partition}`"), example)
        }
        ["arn", _, _, _, account, _] if !is_account(account) => {
            fault(&format!("an account has twelve digits, and `{account}` has {}", account.chars().count()), example)
        }
        ["arn", partition, _, _, account, who] => named(partition, account, who, sorts),
        _ => fault("not the six parts of an ARN, with `:` between them", example),
    }
}

/// What is wrong with its end.
fn named(partition: &str, account: &str, who: &str, sorts: &[&str]) -> Fault {
    let sort = sorts.first().copied().unwrap_or("role/");
    let written = format!("Write it as arn:{partition}:iam::{account}:{sort}NAME.");
    let what = match (sorts.iter().find_map(|sort| who.strip_prefix(sort)), who.split_once('/')) {
        (Some(""), _) => "the name is missing".to_owned(),
        (Some(name), _) if name.contains(['*', '?']) => "whoever takes such a name would be meant".to_owned(),
        (Some(_), _) => "its name has a character that names do not take, or ends in `/`".to_owned(),
        (None, Some((kind, _))) => format!("it names a `{kind}`"),
        (None, None) => {
            let help = format!("Write arn:{partition}:iam::{account}:{sort}{who}, if that is its name.");
            return Fault { what: format!("`{sort}` before the name is missing"), help };
        }
    };
    Fault { what, help: written }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn what_is_wrong_is_said_and_what_is_right_is_written_out() {
        for (text, what, help) in [
            ("deploy", "a name, not an ARN", "Write it as arn:aws:iam::111122223333:role/NAME."),
            ("111122223333", "the number of an account, not an ARN", "Write arn:aws:iam::111122223333:role/NAME."),
            (
                "arn:aws:sts::111122223333:assumed-role/ci/run-7",
                "a session of a role, which ends and has another name each time",
                "Write the role itself, with its path if it has one: arn:aws:iam::111122223333:role/ci.",
            ),
            (
                "arn:aws:iam:111122223333:role/ci",
                "one `:` before the account is missing",
                "Write arn:aws:iam::111122223333:role/ci.",
            ),
            (
                "arn:aws:iam:eu-north-1:111122223333:role/ci",
                "IAM has no regions: nothing stands before the account",
                "Write arn:aws:iam::111122223333:role/ci.",
            ),
            ("arn:aws:s3:::backups", "of the service `s3`, not of `iam`", "Write it as arn:aws:iam::111122223333:role/NAME."),
            (
                "arn:aws:iam::1111:role/ci",
                "an account has twelve digits, and `1111` has 4",
                "Write it as arn:aws:iam::111122223333:role/NAME.",
            ),
            ("arn:aws:iam::444455556666:user/ada", "it names a `user`", "Write it as arn:aws:iam::444455556666:role/NAME."),
            (
                "arn:aws:iam::444455556666:ci",
                "`role/` before the name is missing",
                "Write arn:aws:iam::444455556666:role/ci, if that is its name.",
            ),
        ] {
            let found = fault(text, &["role/"]);
            assert_eq!((found.what.as_str(), found.help.as_str()), (what, help), "{text}");
        }
        let found = fault("111122223333", &["role/", "user/", "root"]);
        assert_eq!(found.help, "Write arn:aws:iam::111122223333:root for all of that account.");
    }
}
