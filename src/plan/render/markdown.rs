//! A plan as the comment of a pull request: the gravest above the fold, the rest folded, within the forges' limits.

use super::entry::{Entry, Weight, entries, gravest_first, grouped, subject_heading};
use super::{Look, losses, promises, together};
use crate::diag::{Severity, printable};
use crate::plan::{ObjectiveRow, Plan, Promise};
use crate::units::count::counted;

/// Bytes of the whole comment at most: below GitHub's 65,536 characters, with room for what a workflow adds.
pub const BUDGET: usize = 60_000;

const LOOK: Look = Look { width: 100, color: false, ascii: false, all: false };

/// The plan as Markdown. It begins with a marker by which a workflow finds the comment that it replaces.
pub fn markdown(plan: &Plan) -> String {
    let mut head = format!("<!-- bdr:plan policy={} v=1 -->\n", plan.policy.name);
    head.push_str(&format!("### bdr plan · {}: {}\n", plan.policy.name, plan.headline()));
    head.push_str(&acting(plan));
    head.push_str(&caution(plan));
    head.push_str(&objectives(&plan.objectives));
    let foot = foot(plan);
    let room = BUDGET.saturating_sub(head.len() + foot.len() + 400);
    printable(&format!("{head}{}{foot}", changes(plan, room)))
}

/// Roles that are told one by one.
const ROLES: usize = 10;

/// By whose credentials it is read and done, besides the caller's own.
fn acting(plan: &Plan) -> String {
    let mut lines: Vec<String> = plan.acting.iter().take(ROLES).map(|one| escaped(&one.told())).collect();
    if plan.acting.len() > ROLES {
        lines.push(format!("and {} more roles", plan.acting.len() - ROLES));
    }
    if lines.is_empty() { String::new() } else { format!("{}\n\n", lines.join("  \n")) }
}

/// Losses that are told one by one.
const LOSSES: usize = 12;

/// Everything that a reviewer must not miss.
fn caution(plan: &Plan) -> String {
    let mut lines = Vec::new();
    let alarms = together::alarms(plan);
    let told = alarms.iter().take(10);
    lines.extend(told.map(|(whose, alarm)| format!("**{whose}**: {} {}", escaped(&ended(&alarm.text)), escaped(&alarm.help))));
    if alarms.len() > 10 {
        lines.push(format!("and {} more like these", alarms.len() - 10));
    }
    if !plan.complete {
        lines.push("**Incomplete**: not everything could be read; there may be more to do.".to_owned());
        lines.extend(
            plan.unread.iter().take(5).map(|unread| format!("not read: `{}`: {}", unread.subject, escaped(&unread.reason))),
        );
    }
    if let Some(why) = super::hindrance(plan) {
        lines.push(format!("**Nothing of this can be carried out**: {}.", escaped(&why)));
    }
    if let Some([until, why]) = super::hindrance::freeze(plan, "`--override-freeze REASON`") {
        lines.push(format!("**{until}**, {}.", escaped(&why)));
    }
    let lost = losses::losses(plan, LOOK);
    lines.extend(lost.first().map(|_| format!("**{}**", losses::HEADING)));
    lines.extend(lost.iter().take(LOSSES).map(|text| escaped(text)));
    if lost.len() > LOSSES {
        lines.push(format!("and {} more like these", lost.len() - LOSSES));
    }
    let refused: Vec<Entry<'_>> = entries(plan).into_iter().filter(|entry| entry.weight == Weight::Refused).collect();
    lines.extend(refused.iter().take(10).map(|entry| {
        let reason = if entry.reason.is_empty() { String::new() } else { format!(": {}", escaped(&entry.reason)) };
        format!("**{}**: {} `{}`{reason}", entry.word, entry.title, entry.whose())
    }));
    if refused.len() > 10 {
        lines.push(format!("and {} more that need a person", refused.len() - 10));
    }
    if plan.summary.destroys > 0 {
        lines.push(format!("Apply needs `--destroy-data={}`.", plan.summary.destroys));
    }
    if lines.is_empty() { String::new() } else { format!("> [!CAUTION]\n{}\n\n", quoted(&lines)) }
}

/// With a full stop, where more follows on the same line.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '?', '!']) { text.to_owned() } else { format!("{text}.") }
}

fn quoted(lines: &[String]) -> String {
    lines.iter().map(|line| format!("> {line}")).collect::<Vec<_>>().join("  \n")
}

/// Keeps a text from ending code spans, tags and table cells.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// Rows of objectives shown at most.
const ROWS: usize = 40;

fn objectives(rows: &[ObjectiveRow]) -> String {
    let told: Vec<&ObjectiveRow> = rows.iter().filter(|row| row.moves() || !row.kept()).collect();
    if told.is_empty() {
        return String::new();
    }
    let mut text =
        "| component | disruption | RPO before → after (goal) | RTO before → after (goal) |\n|---|---|---|---|\n".to_owned();
    for row in promises::gravest(&told, ROWS) {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            row.component,
            row.disruption.as_str(),
            promise(row, &row.rpo),
            promise(row, &row.rto)
        ));
    }
    if told.len() > ROWS {
        text.push_str(&format!("\n{} more rows move or break their goal.\n", told.len() - ROWS));
    }
    text.push('\n');
    text
}

fn promise(row: &ObjectiveRow, promise: &Promise) -> String {
    let mark = |bound: crate::plan::Bound| match promise.goal {
        None => "",
        Some(_) if bound.keeps(promise.goal) => "✅ ",
        Some(_) => "❌ ",
    };
    let goal =
        promise.goal.map(|seconds| format!(" ({})", crate::units::duration::Duration::from_secs(seconds))).unwrap_or_default();
    if row.unknown.is_some() {
        let before = promise.before.map_or_else(|| "not known".to_owned(), crate::plan::Bound::shown);
        return format!("❔ {before} → not known{goal}");
    }
    let after = format!("{}{}", mark(promise.after), promise.after.shown());
    match promise.before {
        Some(before) if before.seconds != promise.after.seconds => format!("{}{} → {after}{goal}", mark(before), before.shown()),
        _ => format!("{after}{goal}"),
    }
}

/// What stands before each change.
const LEGEND: &str = "`!` destroys, weakens or needs a person · `-` removed · `~` changed · `+` new";

/// The changes in a folded block; what does not fit is counted, and the block is never cut inside.
fn changes(plan: &Plan, room: usize) -> String {
    let mut groups = grouped(entries(plan));
    let mut left = room;
    let fits = |group: &Vec<Entry<'_>>| {
        let lines = group_lines(group).len();
        let fits = lines <= left;
        left = left.saturating_sub(lines);
        fits
    };
    if !groups.iter().all(fits) {
        groups = grouped(gravest_first(entries(plan)));
    }
    if groups.is_empty() {
        return String::new();
    }
    let count: usize = groups.iter().map(Vec::len).sum();
    let mut text = format!("<details><summary>{}</summary>\n\n{LEGEND}\n\n````diff\n", counted(count, "change"));
    let mut told = 0;
    for group in &groups {
        let lines = group_lines(group);
        if text.len() + lines.len() > room {
            break;
        }
        text.push_str(&lines);
        told += group.len();
    }
    text.push_str("````\n");
    if told < count {
        text.push_str(&format!("\n{} more changes are in the saved plan.\n", count - told));
    }
    text.push_str("</details>\n\n");
    text
}

fn group_lines(group: &[Entry<'_>]) -> String {
    let Some(first) = group.first() else { return String::new() };
    // `!` is what a forge colours by itself of what is grave, and nothing else has it: the signs are those of the terminal.
    let sign = first.weight.sign();
    let word = if first.word.is_empty() { String::new() } else { format!("  ({})", first.word) };
    let mut text = if group.len() == 1 {
        format!("{sign} {} / {}{word}\n", subject_heading(&first.subject), first.name())
    } else {
        let names: Vec<String> = group.iter().take(8).map(Entry::whose).collect();
        let more = if group.len() > 8 { format!(", … {} more", group.len() - 8) } else { String::new() };
        format!("{sign} {} × {}: {}{more}{word}\n", group.len(), first.title, names.join(", "))
    };
    let remarks = first.remarks().take(if group.len() == 1 { usize::MAX } else { usize::from(!first.reason.is_empty()) });
    for line in remarks.map(str::to_owned).chain(first.lines(LOOK)) {
        let line = line.replace('\n', " ");
        // Four backticks close the block.
        text.push_str(&format!("      {}\n", line.replace("````", "` ` ` `")));
    }
    text
}

/// Notes that are told one by one.
const NOTES: usize = 6;

fn foot(plan: &Plan) -> String {
    let mut text = String::new();
    let mut findings: Vec<_> = plan.findings.iter().filter(|finding| finding.severity > Severity::Note).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings.iter().take(10) {
        let sign = if finding.severity == Severity::Error { "❌" } else { "⚠️" };
        let place = finding.place.as_ref().map(|place| format!(" `{}:{}`", place.file, place.line)).unwrap_or_default();
        text.push_str(&format!("{sign} **{}**{place} {}\n", finding.code, escaped(&finding.message)));
    }
    if findings.len() > 10 {
        text.push_str(&format!("{} more findings: `bdr lint`\n", findings.len() - 10));
    }
    let kept = promises::retention(&plan.retention, LOOK).join("\n");
    if !kept.is_empty() {
        text.push_str(&format!(
            "<details><summary>Backups that retention lets go</summary>\n\n````text\n{kept}\n````\n</details>\n\n"
        ));
    }
    let notes = together::notes(plan);
    notes.iter().take(NOTES).for_each(|note| text.push_str(&format!("note: {}  \n", escaped(note))));
    if notes.len() > NOTES {
        text.push_str(&format!("{} more notes: `bdr plan --all`\n", notes.len() - NOTES));
    }
    let foreign =
        if plan.foreign.is_empty() { String::new() } else { format!(" · {} kept", counted(plan.foreign.len(), "foreign part")) };
    text.push_str(&format!(
        "\n<sub>plan {} · made {}{foreign}</sub>\n",
        plan.digest,
        plan.made_at.strftime("%Y-%m-%d %H:%M UTC")
    ));
    text
}
