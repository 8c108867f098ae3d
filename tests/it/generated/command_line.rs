//! `docs/cli.md`: every command with its options, as the program tells them.

use std::fmt::Write;

use clap::{Arg, Command};

const OPENING: &str = "\
# Command line

Generated from the program: `bdr help COMMAND` tells the same, at more length. Data goes to stdout, everything else to stderr.

| exit code | meaning |
|---|---|
| 0 | done, or nothing to change |
| 1 | failed |
| 2 | changes are present (`plan --detailed-exitcode`, `drift`), findings at or above the threshold (`lint`), copies that failed, are not there or are late or backups that are missing, overdue or damaged (`status`), or a WAL archive that is not well (`wal status`) |
| 3 | partly applied |
| 4 | the plan is stale, or somebody else holds the lease |
| 64 | the command line is wrong |
| 255 | `wal fetch`: there is a doubt, and PostgreSQL must not take it for the end of the archive (1) |
";

pub fn page() -> String {
    let mut command = bdr::cli::command();
    command.build();
    let mut page = OPENING.to_owned();
    page.push_str("\n## Options of every command\n\n");
    options(&mut page, &command, true);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        section(&mut page, inner, "bdr");
    }
    page
}

fn section(page: &mut String, command: &Command, parent: &str) {
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let positional: Vec<String> = command.get_positionals().map(shape).collect();
    write!(page, "\n## `{}`\n\n{about}.\n", [vec![name.clone()], positional].concat().join(" ")).unwrap();
    let mut listed = String::new();
    options(&mut listed, command, false);
    if !listed.is_empty() {
        write!(page, "\n{listed}").unwrap();
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        section(page, inner, &name);
    }
}

fn shape(argument: &Arg) -> String {
    let many = if argument.get_num_args().is_some_and(|range| range.max_values() > 1) { "…" } else { "" };
    let name = argument
        .get_value_names()
        .and_then(|names| names.first())
        .map_or_else(|| argument.get_id().to_string(), ToString::to_string);
    if argument.is_required_set() { format!("{name}{many}") } else { format!("[{name}{many}]") }
}

fn options(page: &mut String, command: &Command, global: bool) {
    let shown = |argument: &&Arg| argument.is_global_set() == global && !argument.is_hide_set() && !is_built_in(argument);
    for argument in command.get_arguments().filter(shown) {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "- `{}`: {help}{}", spelling(argument), values(argument)).unwrap();
    }
}

/// ` (a, b or c)` for an option that takes one of a few words.
fn values(argument: &Arg) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    let words: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!(" ({} or {last})", rest.join(", ")),
        _ => String::new(),
    }
}

fn is_built_in(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

fn spelling(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = [short, long].into_iter().flatten().collect();
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    if names.is_empty() {
        return value.unwrap_or_else(|| argument.get_id().to_string());
    }
    match value.filter(|_| argument.get_action().takes_values()) {
        Some(value) => format!("{} {value}", names.join(", ")),
        None => names.join(", "),
    }
}
