//! A plan for a tired person: what destroys or weakens first, only what changes, never more than a few screens.

use super::entry::{Entry, are_alike, by_kind, entries, grouped, subject_heading};
use super::lines::{plain, wrapped};
use super::{Look, Tone, losses, promises, together, values};
use crate::diag::Severity;
use crate::plan::{Intent, LeftOut, Plan};
use crate::units::count::{count, counted};

/// Lines of a whole plan at most, unless everything is asked for.
pub const BUDGET: usize = 200;
/// Of these, kept for what stands below the changes.
const BELOW: usize = 70;

/// How much is told of each entry; less with each step until the budget holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    Full,
    /// Of what is new only the names.
    NamesOfNew,
    /// By kind, with counts.
    Counts,
}

/// The plan as text, ending in a line break.
pub fn human(plan: &Plan, look: Look) -> String {
    let mut lines = head(plan, look);
    let effects = promises::retention(&plan.retention, look);
    if !effects.is_empty() {
        lines.extend(effects);
        lines.push(String::new());
    }
    let room = BUDGET.saturating_sub(BELOW + lines.len());
    let mut changes = Vec::new();
    for detail in [Detail::Full, Detail::NamesOfNew, Detail::Counts] {
        changes = told(plan, detail, look);
        if detail == Detail::Counts {
            changes.push(format!("{} told by kind, to be short (--all shows each change)", look.dots()));
        }
        if look.all || changes.len() <= room {
            break;
        }
    }
    let left = changes.len().saturating_sub(room);
    if left > 0 && !look.all {
        changes.truncate(room);
        changes.push(format!("{} {left} more lines (--all shows everything, --out FILE saves it)", look.dots()));
    }
    lines.extend(changes);
    section(&mut lines, rest(plan, look));
    section(&mut lines, promises::objectives(&plan.objectives, look));
    section(&mut lines, findings(plan, look));
    section(&mut lines, summary(plan, look));
    let mut text = lines.join("\n");
    text.push('\n');
    look.signs(&text)
}

fn section(lines: &mut Vec<String>, more: Vec<String>) {
    if !more.is_empty() {
        if lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
        lines.extend(more);
    }
}

fn head(plan: &Plan, look: Look) -> Vec<String> {
    let what = match plan.intent {
        Intent::Reconcile => "Plan for",
        Intent::Drift => "Drift from",
        Intent::Destroy => "Plan to let go of everything of",
    };
    let sides = if plan.intent == Intent::Drift { format!("   live {} policy", look.arrow()) } else { String::new() };
    let name = look.paint(Tone::Bold, &format!("{what} {}", plan.policy.name));
    let mut lines = vec![format!("{name}   {}{sides}", plain(&plan.policy.paths.join(", ")))];
    if !plan.targets.is_empty() {
        let only = format!("Only {} and what that needs. {}", plan.targets.join(", "), left_undone(&plan.left_out_of));
        lines.extend(wrapped(&only, 2, look));
    }
    lines.extend(acting(plan, look));
    lines.extend(alarms(plan, look));
    for unread in &plan.unread {
        let count = unread.resources.len();
        let compared = match count {
            0 => String::new(),
            1 => format!(" ({} is not compared)", unread.resources[0]),
            _ => format!(" ({count} resources are not compared)"),
        };
        let text = format!("! not read: {}{compared}", unread.told());
        lines.extend(wrapped(&text, 2, look).into_iter().map(|line| look.paint(Tone::Bad, &line)));
        lines.extend(unread.help.iter().flat_map(|help| wrapped(&format!("  {help}"), 2, look)));
    }
    lines.extend(lost(plan, look));
    lines.push(String::new());
    lines
}

/// Roles that are told one by one.
const ROLES: usize = 6;

fn acting(plan: &Plan, look: Look) -> Vec<String> {
    let most = if look.all { usize::MAX } else { ROLES };
    let mut lines: Vec<String> = plan.acting.iter().take(most).flat_map(|one| wrapped(&one.told(), 2, look)).collect();
    if plan.acting.len() > most {
        lines.push(format!("{} {} more roles (--all shows them)", look.dots(), plan.acting.len() - most));
    }
    lines
}

/// Losses that are told one by one.
const LOSSES: usize = 8;

/// What loses protection by the plan, in words.
fn lost(plan: &Plan, look: Look) -> Vec<String> {
    let all = losses::losses(plan, look);
    let most = if look.all { usize::MAX } else { LOSSES };
    let mut lines: Vec<String> = all.first().map(|_| look.paint(Tone::Bold, losses::HEADING)).into_iter().collect();
    for text in all.iter().take(most) {
        lines.extend(wrapped(&format!("! {text}"), 2, look).into_iter().map(|line| look.paint(Tone::Bad, &line)));
    }
    if all.len() > most {
        lines.push(format!("! {} more like these (--all shows them)", all.len() - most));
    }
    lines
}

/// Alarms that are told one by one.
const ALARMS: usize = 10;

fn alarms(plan: &Plan, look: Look) -> Vec<String> {
    let most = if look.all { usize::MAX } else { ALARMS };
    let all = together::alarms(plan);
    let mut lines = Vec::new();
    for (whose, alarm) in all.iter().take(most) {
        let text = format!("! {whose}: {}", alarm.text);
        lines.extend(wrapped(&text, 2, look).into_iter().map(|line| look.paint(Tone::Bad, &line)));
        lines.extend(wrapped(&format!("  {}", alarm.help), 2, look));
    }
    if all.len() > most {
        lines.push(format!("! {} more alarms like these (--all shows them)", all.len() - most));
    }
    lines
}

/// Components and stores that are named one by one of those that a narrowed plan leaves out.
const LEFT: usize = 6;

fn left_undone(left: &[LeftOut]) -> String {
    if left.is_empty() {
        return "Nothing else is to be done.".to_owned();
    }
    let told = |left: &LeftOut| {
        let counts =
            [(left.changes, "change"), (left.first_backups, "first backup")].into_iter().filter(|(number, _)| *number > 0);
        let counts: Vec<String> = counts.map(|(number, noun)| count(number, noun)).collect();
        format!("{} ({}{})", left.of, counts.join(" and "), if left.waits { ", waiting for this" } else { "" })
    };
    let named: Vec<String> = left.iter().take(LEFT).map(told).collect();
    let more = if left.len() > LEFT { format!(" and {} more", left.len() - LEFT) } else { String::new() };
    format!("Left undone: {}{more}.", named.join(", "))
}

fn told(plan: &Plan, detail: Detail, look: Look) -> Vec<String> {
    let all = entries(plan);
    let groups = if detail == Detail::Counts { by_kind(all) } else { grouped(all) };
    let mut lines = Vec::new();
    let mut heading = String::new();
    for group in &groups {
        let [first, ..] = group.as_slice() else { continue };
        if group.len() > 1 {
            heading.clear();
            lines.extend(many(first, group, detail, look));
            continue;
        }
        let own = format!("{} {}", first.weight.sign(), subject_heading(&first.subject));
        if own != heading {
            lines.push(look.paint(first.weight.tone(), &own));
            heading = own;
        }
        lines.extend(one(first, detail, look));
    }
    lines
}

fn one(entry: &Entry<'_>, detail: Detail, look: Look) -> Vec<String> {
    let notes: Vec<&str> = Some(entry.word).filter(|word| !word.is_empty()).into_iter().chain(entry.remarks()).collect();
    let mut lines = titled(&entry.name(), &notes.join("; "), entry, look);
    let is_new = matches!(entry.body, super::entry::Body::New(_));
    if !is_new || detail < Detail::NamesOfNew || entry.is_grave() {
        let body = entry.lines(look).into_iter().flat_map(|line| wrapped(&format!("        {line}"), 10, look));
        lines.extend(body.map(|line| if is_new { look.paint(Tone::Dim, &line) } else { line }));
    }
    lines
}

/// Name and notes on the left, the place on the right; the notes below where they don't fit.
fn titled(name: &str, notes: &str, entry: &Entry<'_>, look: Look) -> Vec<String> {
    let place = entry.place.map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default();
    let place = values::name(&place, 40, look);
    let size = |text: &str| text.chars().count();
    let (name, notes) = (plain(name), plain(notes));
    let name = values::name(&name, look.width.saturating_sub(size(&place) + 8), look);
    let mut left = format!("    {} {name}", entry.weight.sign());
    let mut below = Vec::new();
    if !notes.is_empty() {
        if size(&left) + size(&notes) + size(&place) + 6 <= look.width {
            left.push_str(&format!("   {notes}"));
        } else {
            below = wrapped(&format!("        {notes}"), 8, look);
        }
    }
    let gap = look.width.saturating_sub(size(&left) + size(&place)).max(2);
    let line = format!("{}{}{}", look.paint(entry.weight.tone(), &left), " ".repeat(gap), look.paint(Tone::Dim, &place));
    let mut lines = vec![line.trim_end().to_owned()];
    lines.extend(below);
    lines
}

/// Many that say the same, or at the least detail many of one kind.
fn many(first: &Entry<'_>, group: &[Entry<'_>], detail: Detail, look: Look) -> Vec<String> {
    let word = first.word;
    let notes = if word.is_empty() { String::new() } else { format!("   {word}") };
    let head = format!("{} {} × {}{notes}", first.weight.sign(), group.len(), first.title);
    let mut lines = vec![look.paint(first.weight.tone(), &head)];
    let shown = if look.all { usize::MAX } else { 6 };
    let names: Vec<String> = group.iter().take(shown).map(Entry::whose).collect();
    let left = group.len().saturating_sub(shown);
    let more = if left > 0 { format!(", {} {left} more", look.dots()) } else { String::new() };
    lines.extend(wrapped(&format!("    {}{more}", names.join(", ")), 4, look));
    if detail < Detail::Counts || (first.is_grave() && are_alike(group)) {
        if !first.reason.is_empty() {
            lines.extend(wrapped(&format!("    {}", first.reason), 4, look));
        }
        lines.extend(first.lines(look).into_iter().flat_map(|line| wrapped(&format!("        {line}"), 10, look)));
    }
    lines
}

fn rest(plan: &Plan, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    let (unchanged, foreign) = (plan.summary.unchanged, plan.foreign.len());
    let mut parts = Vec::new();
    if unchanged > 0 {
        parts.push(format!("{unchanged} unchanged"));
    }
    if foreign > 0 {
        parts.push(format!("{} kept as {}", counted(foreign, "foreign part"), if foreign == 1 { "it is" } else { "they are" }));
    }
    if !parts.is_empty() {
        lines.push(look.paint(Tone::Dim, &format!("= {}", parts.join("; "))));
    }
    let most = if look.all { usize::MAX } else { 6 };
    for kept in plan.foreign.iter().take(most) {
        let whose = super::entry::subject_name(&kept.beside.subject);
        lines.extend(wrapped(&format!("    {whose}: {}", kept.what.told()), 8, look));
    }
    if foreign > most {
        lines.push(format!("    {} {} more (--all shows them)", look.dots(), foreign - most));
    }
    lines.extend(visible(plan).into_iter().flat_map(|line| wrapped(&line, 8, look)));
    let notes = together::notes(plan);
    lines.extend(notes.iter().take(most).flat_map(|note| wrapped(&format!("  note: {note}"), 8, look)));
    if notes.len() > most {
        lines.push(format!("    {} {} more notes (--all shows them)", look.dots(), notes.len() - most));
    }
    lines
}

/// How long an apply may wait for what cannot be seen everywhere at once, told once for all of it.
fn visible(plan: &Plan) -> Option<String> {
    let slow: Vec<_> = plan.kinds.values().filter(|kind| kind.visible_within > 0).collect();
    let longest = slow.iter().map(|kind| kind.visible_within).max()?;
    let titles: Vec<&str> = slow.iter().map(|kind| kind.title.as_str()).collect();
    Some(format!("  note: apply waits up to {longest} s until changes can be seen everywhere ({})", titles.join(", ")))
}

fn findings(plan: &Plan, look: Look) -> Vec<String> {
    let mut all: Vec<_> = plan.findings.iter().filter(|finding| look.all || finding.severity > Severity::Note).collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let most = if look.all { usize::MAX } else { 10 };
    let left = all.len().saturating_sub(most);
    let mut lines = Vec::new();
    for finding in all.into_iter().take(most) {
        let (word, tone) = match finding.severity {
            Severity::Error => ("Error", Tone::Bad),
            Severity::Warning => ("Warning", Tone::Careful),
            Severity::Note => ("Note", Tone::Dim),
        };
        let place = finding.place.as_ref().map(|place| format!("  {}:{}", place.file, place.line)).unwrap_or_default();
        let text = format!("{word} {}  {}{place}", finding.code, finding.message);
        let mut shown = wrapped(&text, 4, look).into_iter();
        lines.extend(shown.next().map(|line| look.paint(tone, &line)));
        lines.extend(shown);
    }
    if left > 0 {
        lines.push(format!("{} {left} more findings: bdr lint shows them all", look.dots()));
    }
    lines
}

fn summary(plan: &Plan, look: Look) -> Vec<String> {
    let counts = match plan.intent {
        Intent::Drift if plan.is_empty() && !plan.alarms.is_empty() => {
            format!("Nothing to put back: {} as wanted, but what is told first holds instead.", plan.summary.unchanged)
        }
        Intent::Drift if plan.is_empty() && plan.complete => format!("Nothing differs: {} as wanted.", plan.summary.unchanged),
        _ => format!("{}.", sentence(&plan.headline())),
    };
    let mut lines: Vec<String> = wrapped(&counts, 0, look).iter().map(|line| look.paint(Tone::Bold, line)).collect();
    if !plan.complete {
        lines.push(look.paint(Tone::Bad, "Incomplete: not everything could be read; there may be more to do."));
    }
    if !plan.is_empty() && plan.intent != Intent::Drift {
        lines.push(format!("Digest {}", plan.digest));
    }
    // At the very end: what is read when the rest has scrolled away.
    if let Some(why) = super::hindrance(plan) {
        let text = wrapped(&format!("Nothing of this can be carried out: {why}."), 2, look);
        lines.extend(text.iter().map(|line| look.paint(Tone::Bad, line)));
    }
    let freeze = super::hindrance::freeze(plan, "--override-freeze REASON");
    if let Some([until, why]) = freeze.filter(|_| plan.intent != Intent::Drift) {
        let text = wrapped(&format!("{until}, {why}."), 2, look);
        lines.extend(text.iter().map(|line| look.paint(Tone::Bad, line)));
    }
    lines
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
