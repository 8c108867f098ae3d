//! An assessment for people, and as a JSON document (`schemas/assessment.json`).

use schemars::JsonSchema;
use serde::Serialize;

use crate::assess::{Assessment, Cell, Derived, Origin, Term, Verdict};
use crate::cli::view::table;
use crate::diag::{Position, Sources};
use crate::units::count::counted;
use crate::units::duration::Duration;

/// The table, and below it the reasoning: of what is broken, or of every row that has an objective.
pub fn human(assessment: &Assessment, all: bool, width: usize) -> String {
    let stated: Vec<&Cell> = assessment.cells.iter().filter(|cell| all || is_stated(cell)).collect();
    if stated.is_empty() {
        let none = "No component states an objective. Add one, such as `objectives: { rpo: 26h, rto: 8h }`, or see every row with --all.";
        return table::wrap(none, width).join("\n") + "\n";
    }
    let mut out = figures(&stated, width);
    for cell in stated.iter().filter(|cell| all || is_broken(cell)) {
        out.push('\n');
        out.push_str(&reasoning(cell, width));
    }
    for cell in stated.iter().filter(|cell| !all && !is_broken(cell) && cell.kept_for.is_some()) {
        out.push('\n');
        let text = format!("{} when {}: its copy is there{}", cell.component, what(cell), kept(cell));
        table::wrap(&text, width).iter().for_each(|line| out.push_str(&format!("{line}\n")));
    }
    let (broken, met) = (assessment.count(Verdict::Broken), assessment.count(Verdict::Met));
    let all = counted(broken + met, "objective");
    out.push('\n');
    let sum = format!("{all}: {broken} broken, {met} met. RTO is without detection and decision: the policy states none.");
    table::wrap(&sum, width).iter().for_each(|line| out.push_str(&format!("{line}\n")));
    out
}

/// One row for each cell; where the width has no room for that, one for each objective, below the component's name.
fn figures(cells: &[&Cell], width: usize) -> String {
    let rows: Vec<Vec<String>> = cells.iter().map(|cell| row(cell)).collect();
    let wide = table::columns(&["component", "disruption", "RPO goal", "worst", "", "RTO goal", "worst", ""], &rows, width);
    if fits(&wide, width) {
        return wide;
    }
    let halves = |row: &Vec<String>| {
        let half = |first: &str, word: &str, from: usize| {
            let figures = row.get(from..from + 3).unwrap_or_default();
            [&[format!("  {first}"), word.to_owned()], figures].concat()
        };
        [half(row.get(1).map_or("", String::as_str), "RPO", 2), half("", "RTO", 5)]
    };
    let lines: Vec<Vec<String>> = rows.iter().flat_map(halves).collect();
    let table = table::columns(&["  disruption", "", "goal", "worst", ""], &lines, usize::MAX);
    let mut lines = table.lines();
    let mut out = format!("{}\n", lines.next().unwrap_or_default());
    for (at, cell) in cells.iter().enumerate() {
        if at == 0 || cells.get(at - 1).is_some_and(|before| before.component != cell.component) {
            out.push_str(&format!("{}\n", cell.component));
        }
        lines.by_ref().take(2).for_each(|line| out.push_str(&format!("{line}\n")));
    }
    out
}

fn fits(text: &str, width: usize) -> bool {
    text.lines().all(|line| line.chars().count() <= width)
}

fn is_stated(cell: &Cell) -> bool {
    cell.rpo.target.is_some() || cell.rto.target.is_some()
}

fn is_broken(cell: &Cell) -> bool {
    cell.rpo.verdict() == Verdict::Broken || cell.rto.verdict() == Verdict::Broken
}

fn row(cell: &Cell) -> Vec<String> {
    let goal = |derived: &Derived| derived.target.as_ref().map_or("-".to_owned(), |target| target.to_string());
    let worst = |derived: &Derived| match derived.seconds() {
        Some(seconds) => format!("{}{}", Duration::from_secs(seconds), mark(derived.origin())),
        None if derived.terms.is_empty() => "no copy".to_owned(),
        None => "no bound".to_owned(),
    };
    let verdict = |derived: &Derived| match derived.verdict() {
        Verdict::Unstated => "",
        Verdict::Met => "ok",
        Verdict::Broken => "BROKEN",
    };
    let (rpo, rto) = (&cell.rpo, &cell.rto);
    vec![
        cell.component.to_string(),
        cell.disruption.as_str().to_owned(),
        goal(rpo),
        worst(rpo),
        verdict(rpo).to_owned(),
        goal(rto),
        worst(rto),
        verdict(rto).to_owned(),
    ]
}

/// A figure that hangs on an assumption says so in the table itself.
fn mark(origin: Option<Origin>) -> &'static str {
    if origin == Some(Origin::Assumed) { " assumed" } else { "" }
}

fn reasoning(cell: &Cell, width: usize) -> String {
    let how = match &cell.by {
        Some((Some(protection), store)) => format!("restored from `{store}`, made by `{protection}`"),
        Some((None, store)) => format!("it is still there in `{store}`"),
        None => "no copy survives".to_owned(),
    };
    let head = format!("{} when {}: {how}{}", cell.component, what(cell), kept(cell));
    let mut out: String = table::wrap(&head, width).iter().map(|line| format!("{line}\n")).collect();
    for (word, derived) in [("RPO", &cell.rpo), ("RTO", &cell.rto)] {
        let rows: Vec<Vec<String>> = derived.terms.iter().map(|term| term_row(word, term)).collect();
        if !rows.is_empty() {
            let beside = table::columns(&["", "", "", "", ""], &rows, width);
            let table = if fits(&beside, width) { beside } else { table::fitting(&["", "", "", "", ""], &rows, width, 4) };
            out.extend(table.lines().skip(1).map(|line| format!("{line}\n")));
        }
    }
    for why in &cell.lost {
        for (at, line) in table::wrap(why, width - 4).iter().enumerate() {
            out.push_str(if at == 0 { "  - " } else { "    " });
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// How long the copy is there to be restored, where that ends.
fn kept(cell: &Cell) -> String {
    cell.kept_for.map_or(String::new(), |time| format!(", but only for {time}, as long as its lock lasts"))
}

fn what(cell: &Cell) -> &'static str {
    use crate::policy::Disruption as D;
    match cell.disruption {
        D::Process => "its process crashes",
        D::Host => "its host is lost",
        D::Corruption => "its data is corrupted",
        D::Region => "its region is lost",
        D::Account => "its account is compromised",
    }
}

fn term_row(word: &str, term: &Term) -> Vec<String> {
    let seconds = term.seconds.map_or("no bound".to_owned(), |seconds| Duration::from_secs(seconds).to_string());
    vec![format!("  {word}"), seconds, term.name.to_owned(), origin(term.origin).to_owned(), term.why.clone()]
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Policy => "policy",
        Origin::Live => "live",
        Origin::Measured => "measured",
        Origin::Assumed => "assumed",
    }
}

/// The JSON document; all figures are in seconds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Document {
    /// Version of this format; additions do not raise it.
    pub format_version: u32,
    /// Name of the policy.
    pub policy: String,
    /// Objectives that the worst case breaks: each RPO and each RTO of each disruption is one.
    pub broken: usize,
    /// Objectives that it keeps.
    pub met: usize,
    /// One entry for each component and disruption.
    pub cells: Vec<CellDocument>,
}

/// One component under one disruption.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CellDocument {
    pub component: String,
    pub disruption: &'static str,
    pub rpo: DerivedDocument,
    pub rto: DerivedDocument,
    /// The protection whose copy would be restored.
    pub protection: Option<String>,
    /// The store from which it would be restored.
    pub store: Option<String>,
    /// Seconds for which that copy is kept after the disruption, as long as its lock lasts; null where nothing ends it.
    pub kept_for: Option<u64>,
    /// Why the copies that do not survive do not.
    pub lost: Vec<String>,
}

/// A worst case held against its objective.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DerivedDocument {
    /// Objective in seconds; null where none is stated.
    pub target: Option<u64>,
    /// Worst case in seconds; null where no copy survives or there is no bound.
    pub worst: Option<u64>,
    pub verdict: Verdict,
    pub terms: Vec<TermDocument>,
}

/// One summand of a worst case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TermDocument {
    pub name: String,
    /// Null: no bound.
    pub seconds: Option<u64>,
    pub origin: Origin,
    pub why: String,
    /// Where the policy states what it hangs on.
    pub place: Option<String>,
}

/// The assessment as a document.
pub fn document(policy: &str, assessment: &Assessment, sources: &Sources) -> Document {
    let derived = |derived: &Derived| DerivedDocument {
        target: derived.target.as_ref().map(|target| target.as_secs()),
        worst: derived.seconds(),
        verdict: derived.verdict(),
        terms: derived.terms.iter().map(|term| term_document(term, sources)).collect(),
    };
    let cell = |cell: &Cell| CellDocument {
        component: cell.component.to_string(),
        disruption: cell.disruption.as_str(),
        rpo: derived(&cell.rpo),
        rto: derived(&cell.rto),
        protection: cell.by.as_ref().and_then(|(protection, _)| protection.as_ref()).map(ToString::to_string),
        store: cell.by.as_ref().map(|(_, store)| store.to_string()),
        kept_for: cell.kept_for.map(|time| time.as_secs()),
        lost: cell.lost.iter().map(ToString::to_string).collect(),
    };
    Document {
        format_version: 1,
        policy: policy.to_owned(),
        broken: assessment.count(Verdict::Broken),
        met: assessment.count(Verdict::Met),
        cells: assessment.cells.iter().map(cell).collect(),
    }
}

/// JSON Schema of the document.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Document);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n").unwrap_or_default()
}

fn term_document(term: &Term, sources: &Sources) -> TermDocument {
    let place: Option<Position> = term.span.and_then(|span| sources.position(span));
    TermDocument {
        name: term.name.to_owned(),
        seconds: term.seconds,
        origin: term.origin,
        why: term.why.clone(),
        place: place.map(|place| place.to_string()),
    }
}
