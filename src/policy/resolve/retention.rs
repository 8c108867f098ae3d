//! Retention: tiers, the periods that their names imply, and whether they contain each other.

use super::Run;
use super::value::in_months;
use crate::address::TierName;
use crate::diag::{Diagnostic, Spanned};
use crate::policy::document::{DurationText, NameText, Named, PeriodText, TierDocument};
use crate::policy::read::Field;
use crate::policy::{LogWindow, Tier, Tiers, codes, echo};
use crate::units::cadence::Period;
use crate::units::duration::Duration;
use crate::units::storage_class::StorageClass;

/// Names that say their period: `Period::of_tier` knows them.
const TIERS: [&str; 6] = ["hourly", "daily", "weekly", "monthly", "quarterly", "yearly"];

impl Run<'_> {
    /// `archives`: the component archives its log, which the tier `wal` is of.
    pub(super) fn tiers(&mut self, retain: Field<Named<TierDocument>>, archives: bool) -> (Tiers, Option<Box<LogWindow>>) {
        let written = retain.given().map(|retain| retain.value.0).unwrap_or_default();
        let (mut resolved, mut log_window) = (Tiers::with_capacity(written.len()), None);
        for (written, document) in written {
            let name = self.named::<TierName>(&Field::Given(written.map(NameText)));
            let (Some(name), Field::Given(document)) = (name, document) else { continue };
            if name.as_str() == LogWindow::NAME {
                log_window = self.log_window(&name, document, archives).map(Box::new);
            } else if let Some(tier) = self.tier(name, document) {
                resolved.insert(tier.name.value.clone(), tier);
            }
        }
        self.contained(&resolved);
        (resolved, log_window)
    }

    fn tier(&mut self, name: Spanned<TierName>, document: Spanned<TierDocument>) -> Option<Tier> {
        let span = document.span;
        let TierDocument { every, keep, class } = document.value;
        let every = self.period(&name, &every);
        let months = keep.as_ref().and_then(|written| in_months(&written.value.0));
        let what = format!("the tier {} does not say how long it keeps copies", echo::quote(name.as_str()));
        let keep = self.kept_for(&name, &keep, &what);
        let class = class.given().unwrap_or_else(|| Spanned::bare(StorageClass::Standard));
        let tier = Tier { name, every: every?, keep: keep?, class, span };
        self.outlives_its_period(&tier, months).then_some(tier)
    }

    fn kept_for(&mut self, name: &Spanned<TierName>, keep: &Field<DurationText>, missing: &str) -> Option<Spanned<Duration>> {
        if keep.is_absent() {
            self.missing(missing, name.span, "Write `for:` and a duration below it, such as `for: 30d`.");
        }
        let keep = self.duration(keep)?;
        if keep.as_secs() > 0 {
            return Some(keep);
        }
        self.bad(
            codes::DURATION,
            Spanned::new("0s", keep.span),
            "keeps nothing",
            "Write how long, such as 30d, or remove the tier.",
        );
        None
    }

    /// A log is no series of backups: it is all there back to some moment, or good for nothing; and it is written before anybody knows how
    /// long it will be kept.
    fn log_window(&mut self, name: &Spanned<TierName>, document: Spanned<TierDocument>, archives: bool) -> Option<LogWindow> {
        let span = document.span;
        let TierDocument { every, keep, class } = document.value;
        if !archives {
            self.out.push(
                Diagnostic::error(codes::UNFIT, "the tier `wal` is of an archived log, and the component archives none")
                    .at(name.span, "no `wal_archive` below `protect`")
                    .help(
                        "Add `log: { wal_archive: {}, store: NAME }` below `protect`, remove the tier, or give one of backups another name.",
                    ),
            );
            return None;
        }
        let others = [
            ("every", every.is_absent(), every.span(), "a log is kept whole, and no one of each period"),
            ("class", class.is_absent(), class.span(), "a log that is replayed cannot wait for one"),
        ];
        for (key, _, at, why) in others.into_iter().filter(|(_, absent, ..)| !absent) {
            self.out.push(
                Diagnostic::error(codes::UNFIT, format!("the tier `wal` has no `{key}`"))
                    .at(at, why)
                    .help(format!("Remove `{key}`: `for` says how far back any moment can be restored.")),
            );
        }
        let keep = self.kept_for(name, &keep, "the tier `wal` does not say how far back any moment can be restored")?;
        Some(LogWindow { keep, span })
    }

    /// A copy that goes before its period is over leaves a time without any: not what anybody means who keeps one of each. It is
    /// mostly a slip of the unit, `12m` for twelve months.
    fn outlives_its_period(&mut self, tier: &Tier, months: Option<Duration>) -> bool {
        let shortest = u64::try_from(tier.every.value.shortest()).unwrap_or(0);
        if tier.keep.value.as_secs() >= shortest {
            return true;
        }
        let (name, every, keep) = (echo::quote(tier.name.as_str()), tier.every.value, tier.keep.value);
        let meant = months.filter(|months| months.as_secs() >= shortest);
        let help = meant.map_or_else(
            || format!("Write {} or more.", whole(every)),
            |_| format!("`m` is minutes; write {}mo for months.", keep.as_secs() / 60),
        );
        self.out.push(
            Diagnostic::error(codes::SHORT, format!("the tier {name} keeps a copy for less than its own period"))
                .at(tier.keep.span, format!("kept {keep}"))
                .at(tier.every.span, format!("one of each {every}"))
                .note("`bdr prune` would remove its last copy before it keeps the next one")
                .help(help),
        );
        false
    }

    fn period(&mut self, name: &Spanned<TierName>, every: &Field<PeriodText>) -> Option<Spanned<Period>> {
        let implied = Period::of_tier(name.as_str());
        let stated = match every {
            Field::Absent => None,
            every => Some(self.every(every)?),
        };
        match (implied, stated) {
            (Some(implied), Some(stated)) if stated.value != implied => {
                self.out.push(
                    Diagnostic::error(
                        codes::UNFIT,
                        format!("the tier {} keeps one of another period", echo::quote(name.as_str())),
                    )
                    .at(stated.span, "another period")
                    .at(name.span, "this name says the period already")
                    .help("Remove `every`, or give the tier another name."),
                );
                None
            }
            (_, Some(stated)) => Some(stated),
            (Some(implied), None) => Some(Spanned::new(implied, name.span)),
            (None, None) => {
                let what = format!("the tier {} does not say of which period it keeps one", echo::quote(name.as_str()));
                let near = echo::nearest(name.as_str(), TIERS);
                let help = near.map_or_else(
                    || "Write `every:` and hour, day, week, month, quarter, year, or a duration such as 6h.".to_owned(),
                    |near| format!("Did you mean `{near}`? Any other name needs `every:`."),
                );
                self.missing(&what, name.span, &help);
                None
            }
        }
    }

    fn every(&mut self, field: &Field<PeriodText>) -> Option<Spanned<Period>> {
        let written = self.as_written(field)?;
        if let Ok(period) = written.value.parse() {
            return Some(Spanned::new(period, written.span));
        }
        let near = echo::nearest(written.value, Period::words());
        let help = near.map_or_else(
            || "Write hour, day, week, month, quarter or year, or a duration of a minute or more, such as 6h.".to_owned(),
            |near| format!("Did you mean `{near}`?"),
        );
        self.bad(codes::DURATION, written, "is not a period", help);
        None
    }

    /// A tier of longer periods is there to reach further back. Where one of shorter periods outlives it, every copy that it
    /// keeps is kept by that one anyway: it never keeps anything, which is not what its author meant.
    fn contained(&mut self, tiers: &Tiers) {
        let mut by_period: Vec<&Tier> = tiers.values().collect();
        by_period.sort_by_key(|tier| tier.every.value);
        for (at, long) in by_period.iter().enumerate() {
            let shorter = by_period[..at].iter().filter(|short| short.every.value < long.every.value);
            let Some(short) = shorter.max_by_key(|short| short.keep.value).filter(|short| short.keep.value > long.keep.value)
            else {
                continue;
            };
            self.out.push(
                Diagnostic::error(
                    codes::CONTAINED,
                    format!("the tier {} goes before {} does", echo::quote(long.name.as_str()), echo::quote(short.name.as_str())),
                )
                .at(long.keep.span, format!("kept {}", long.keep.value))
                .at(short.keep.span, format!("kept {}, which is longer", short.keep.value))
                .note(format!(
                    "every copy that {} keeps is kept by {} anyway",
                    echo::quote(long.name.as_str()),
                    echo::quote(short.name.as_str())
                ))
                .help(format!("Keep it longer than {}, or remove it.", short.keep.value)),
            );
        }
    }
}

/// The period as a duration of `for`.
fn whole(period: Period) -> String {
    match period {
        Period::Hour => "1h".to_owned(),
        Period::Day => "1d".to_owned(),
        Period::Week => "1w".to_owned(),
        Period::Month => "1mo".to_owned(),
        Period::Quarter => "3mo".to_owned(),
        Period::Year => "1y".to_owned(),
        Period::Fixed(length) => length.to_string(),
    }
}
