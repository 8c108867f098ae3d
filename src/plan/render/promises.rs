//! The objectives and the effects of retention, as tables.

use std::collections::BTreeMap;

use super::lines::wrapped;
use super::{Look, Tone, losses};
use crate::plan::{Basis, Bound, ObjectiveRow, Promise, RetentionEffect};
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::counted;
use crate::units::duration::Duration;

/// Rows shown at most.
const ROWS: usize = 24;

/// The rows that the plan moves and those that break their goal; the others counted.
pub fn objectives(rows: &[ObjectiveRow], look: Look) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let told: Vec<&ObjectiveRow> = rows.iter().filter(|row| look.all || row.moves() || !row.kept()).collect();
    let shown = &gravest(&told, if look.all { usize::MAX } else { ROWS });
    let plain = Look { color: false, ..look };
    let fits = table(&wide(shown), plain).iter().all(|line| line.chars().count() <= look.width);
    let cells = if fits { wide(shown) } else { narrow(shown) };
    let lines = if shown.is_empty() { vec![TITLE.to_owned()] } else { table(&cells, look) };
    let mut lines: Vec<String> = lines.into_iter().map(|line| look.signs(&line)).collect();
    for (why, count) in reasons(shown) {
        lines.push(format!("  ? {why}{}", if count == 1 { String::new() } else { format!(" ({count} rows)") }));
    }
    let left = told.len() - shown.len();
    if left > 0 {
        lines.push(format!("  {left} more move or break their goal (--all shows them)"));
    }
    let quiet = rows.len() - told.len();
    if quiet > 0 {
        let verb = if quiet == 1 { "meets its goal" } else { "meet their goals" };
        lines.push(format!("  {quiet}{} {verb}, unchanged", if told.is_empty() { "" } else { " more" }));
    }
    lines
}

/// The gravest so many rows, in the order in which they stand: what breaks by the plan before what is broken, before what gets worse,
/// before what is not known, before what gets better.
pub fn gravest<'a>(rows: &[&'a ObjectiveRow], most: usize) -> Vec<&'a ObjectiveRow> {
    let rank = |row: &ObjectiveRow| match (row.unknown.is_some(), row.kept(), losses::worsens(row)) {
        _ if row.left => 0,
        (true, _, _) => 3,
        (_, false, true) => 0,
        (_, false, false) => 1,
        (_, true, true) => 2,
        (_, true, false) => 4,
    };
    let mut ranked: Vec<(usize, &ObjectiveRow)> = rows.iter().copied().enumerate().collect();
    ranked.sort_by_key(|(_, row)| rank(row));
    ranked.truncate(most);
    ranked.sort_by_key(|(at, _)| *at);
    ranked.into_iter().map(|(_, row)| row).collect()
}

fn promise(row: &ObjectiveRow, promise: &Promise) -> [String; 3] {
    let goal = promise.goal.map_or_else(|| "none".to_owned(), |seconds| Duration::from_secs(seconds).to_string());
    let after = promise.after.shown();
    if row.unknown.is_some() {
        let before = promise.before.map_or_else(|| "not known".to_owned(), Bound::shown);
        return [goal, format!("{before} → not known"), "?".to_owned()];
    }
    let shown = match promise.before {
        Some(before) if before.seconds != promise.after.seconds => format!("{} → {after}", before.shown()),
        Some(_) => after,
        None => format!("not known → {after}"),
    };
    let verdict = match promise.goal {
        None => "",
        Some(_) if promise.after.keeps(promise.goal) => "ok",
        Some(_) => "BROKEN",
    };
    [goal, shown, verdict.to_owned()]
}

/// Why it is not known what holds after, each reason once.
fn reasons(rows: &[&ObjectiveRow]) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for why in rows.iter().filter_map(|row| Some(format!("{}: {}", row.component, row.unknown.as_ref()?))) {
        *reasons.entry(why).or_insert(0) += 1;
    }
    reasons
}

fn basis(row: &ObjectiveRow) -> &'static str {
    if row.unknown.is_some() {
        return "";
    }
    let is = |bound: Bound, basis: Basis| bound.basis == basis;
    match (row.rpo.after, row.rto.after) {
        (rpo, rto) if is(rpo, Basis::Assumed) || is(rto, Basis::Assumed) => "assumed",
        (rpo, rto) if is(rpo, Basis::Measured) || is(rto, Basis::Measured) => "measured",
        _ => "",
    }
}

const TITLE: &str = "Objectives, worst case";

/// One line for each row.
fn wide(rows: &[&ObjectiveRow]) -> Vec<Vec<String>> {
    let heading = [TITLE, "", "RPO goal", "before → after", "", "RTO goal", "before → after", ""];
    let mut cells = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let mut line = vec![format!("  {}", row.component), row.disruption.as_str().to_owned()];
        line.extend(promise(row, &row.rpo));
        let [goal, shown, verdict] = promise(row, &row.rto);
        line.extend([goal, shown, format!("{verdict}  {}", basis(row)).trim().to_owned()]);
        cells.push(line);
    }
    cells
}

/// Two lines for each row: for narrow terminals.
fn narrow(rows: &[&ObjectiveRow]) -> Vec<Vec<String>> {
    let heading = [TITLE, "", "", "goal", "before → after", ""];
    let mut cells = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let mut rpo = vec![format!("  {}", row.component), row.disruption.as_str().to_owned(), "RPO".to_owned()];
        rpo.extend(promise(row, &row.rpo));
        let mut rto = vec![String::new(), String::new(), "RTO".to_owned()];
        let [goal, shown, verdict] = promise(row, &row.rto);
        rto.extend([goal, shown, format!("{verdict}  {}", basis(row)).trim().to_owned()]);
        cells.extend([rpo, rto]);
    }
    cells
}

/// Lays out cells; the first row is the heading, whose first cell stands over the first two columns.
fn table(cells: &[Vec<String>], look: Look) -> Vec<String> {
    let Some((heading, rows)) = cells.split_first() else { return Vec::new() };
    let size = |text: &String| text.chars().count();
    let mut widths: Vec<usize> =
        (0..heading.len()).map(|at| rows.iter().filter_map(|row| row.get(at)).map(size).max().unwrap_or(0)).collect();
    for (width, cell) in widths.iter_mut().zip(heading).skip(2) {
        *width = (*width).max(size(cell));
    }
    widths[1] = widths[1].max(size(&heading[0]).saturating_sub(widths[0] + 2));
    let joined = widths[0] + 2 + widths[1];
    let mut lines = vec![padded(&heading[0], joined, look)];
    for (cell, width) in heading.iter().zip(&widths).skip(2) {
        lines[0].push_str(&format!("  {}", padded(cell, *width, look)));
    }
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width, look)).collect();
        lines.push(cells.join("  "));
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn padded(cell: &str, width: usize, look: Look) -> String {
    let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
    let tone = if cell.starts_with("BROKEN") { Tone::Bad } else { Tone::Plain };
    format!("{}{padding}", look.paint(tone, cell))
}

/// What the retention of the policy lets go, and how the window moves.
pub fn retention(effects: &[RetentionEffect], look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    let goes = |effect: &&RetentionEffect| !effect.goes.is_empty() || effect.log.as_ref().is_some_and(|log| log.segments > 0);
    for effect in effects.iter().filter(goes) {
        let whose = format!("{} in {}", effect.component, effect.store);
        let (what, bytes) = match &effect.log {
            Some(log) => (format!("{} of the log", counted(log.segments as usize, "segment")), log.bytes),
            None => (counted(effect.goes.len(), "backup"), effect.bytes()),
        };
        let head = format!("! {whose}: prune lets {what} go, {}", Bytes(bytes));
        let place = effect.place.as_ref().map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default();
        let gap = look.width.saturating_sub(head.chars().count() + place.chars().count());
        let place = look.paint(Tone::Dim, &place);
        if gap >= 2 {
            lines.push(format!("{}{}{place}", look.paint(Tone::Bad, &head), " ".repeat(gap)).trim_end().to_owned());
        } else {
            lines.extend(wrapped(&head, 4, look).iter().map(|line| look.paint(Tone::Bad, line)));
            lines.push(format!("    {place}"));
        }
        lines.extend(window(effect, look).iter().map(|line| format!("    {line}")));
        let most = if look.all { usize::MAX } else { 6 };
        for backup in effect.goes.iter().take(most) {
            lines.extend(wrapped(&format!("    {}  {}  {}", backup.backup, Bytes(backup.bytes), backup.reason), 8, look));
        }
        if effect.goes.len() > most {
            lines.push(format!("    {} {} more (--all shows them)", look.dots(), effect.goes.len() - most));
        }
    }
    lines
}

/// What can be restored afterwards, and by which clock that is told; in a line where it fits.
fn window(effect: &RetentionEffect, look: Look) -> Vec<String> {
    const INDENT: usize = 4;
    let zone = Zone::parse(&effect.timezone).unwrap_or_else(|_| Zone::utc());
    let clock = |moment: jiff::Timestamp| zone.0.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string();
    if let Some(log) = &effect.log {
        return match (log.before, log.after) {
            (Some(before), Some(after)) if before != after => {
                vec![format!("any moment from {} {} {} on ({zone})", clock(before), look.arrow(), clock(after))]
            }
            (_, Some(after)) => vec![format!("any moment from {} on, as before ({zone})", clock(after))],
            (_, None) => vec!["nothing that it could roll forward is there".to_owned()],
        };
    }
    let told = match (effect.before, effect.after) {
        (Some(before), Some(after)) if before.from != after.from => {
            let (from, to) = (clock(before.from), clock(after.from));
            format!("oldest to restore: {from} {} {to}; {} stay", look.arrow(), after.backups)
        }
        (_, Some(after)) => format!("oldest to restore stays {}; {} stay", clock(after.from), after.backups),
        (_, None) => return vec!["nothing that can be restored stays".to_owned()],
    };
    let by = format!("(times: {zone})");
    let fits = INDENT + told.chars().count() + 1 + by.chars().count() <= look.width;
    if fits { vec![format!("{told} {by}")] } else { vec![told, by] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Disruption;

    fn row(component: &str, before: Option<u64>, after: Option<u64>) -> ObjectiveRow {
        let bound = |seconds| Bound { seconds, basis: Basis::Derived };
        let rpo = Promise { goal: Some(60), before: Some(bound(before)), after: bound(after) };
        let rto = Promise { goal: None, before: None, after: bound(None) };
        ObjectiveRow {
            component: component.parse().expect("a name"),
            disruption: Disruption::Host,
            rpo,
            rto,
            unknown: None,
            left: false,
        }
    }

    #[test]
    fn of_too_many_rows_those_that_break_are_shown_in_their_order() {
        let better = (0..40).map(|at| row(&format!("a{at:02}"), None, Some(10)));
        let others = [row("broken", None, None), row("worse", Some(10), Some(20)), row("breaks", Some(10), None)];
        let all: Vec<ObjectiveRow> = better.chain(others).collect();
        let all: Vec<&ObjectiveRow> = all.iter().collect();
        let shown = |most| gravest(&all, most).iter().map(|row| row.component.to_string()).collect::<Vec<_>>();
        assert_eq!(shown(1), ["breaks"]);
        assert_eq!(shown(3), ["broken", "worse", "breaks"]);
        assert_eq!(shown(5), ["a00", "a01", "broken", "worse", "breaks"]);
        assert_eq!(shown(99).len(), 43);
    }
}
