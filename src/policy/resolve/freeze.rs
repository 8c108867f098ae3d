//! Packs and change freezes.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};

use super::Run;
use crate::diag::Spanned;
use crate::policy::document::{FreezeDocument, MomentText, PackWord};
use crate::policy::read::Field;
use crate::policy::{Freeze, Pack, codes};
use crate::units::cadence::Zone;

/// Which end of a day a date without a time of day means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Begin,
    Over,
}

impl Run<'_> {
    /// Each pack once, where it is named first.
    pub(super) fn packs(&self, written: Vec<Field<PackWord>>) -> Vec<Spanned<Pack>> {
        let mut packs: Vec<Spanned<Pack>> = Vec::new();
        for word in written.into_iter().filter_map(Field::given) {
            let pack = match word.value {
                PackWord::Copies => Pack::Copies,
                PackWord::CisS3 => Pack::CisS3,
                PackWord::ChangeFreeze => Pack::ChangeFreeze,
            };
            if packs.iter().all(|known| known.value != pack) {
                packs.push(Spanned::new(pack, word.span));
            }
        }
        packs
    }

    pub(super) fn freezes(&mut self, written: Vec<Field<FreezeDocument>>, zone: &Zone) -> Vec<Freeze> {
        written.into_iter().filter_map(Field::given).filter_map(|document| self.freeze(document, zone)).collect()
    }

    fn freeze(&mut self, document: Spanned<FreezeDocument>, zone: &Zone) -> Option<Freeze> {
        let FreezeDocument { from, to, reason } = document.value;
        for (key, absent) in [("from", from.is_absent()), ("to", to.is_absent()), ("reason", reason.is_absent())] {
            if absent {
                let help =
                    "Write when it begins, its last day, and why: { from: 2026-12-20, to: 2027-01-06, reason: peak season }.";
                self.missing_in(&format!("`{key}` is missing"), document.span, help);
            }
        }
        let (begin, over) = (self.moment(&from, End::Begin, zone), self.moment(&to, End::Over, zone));
        let reason = self.plain(&reason);
        let (from, until) = (begin?, over?);
        if *until <= *from {
            let written = self.as_written(&to)?;
            self.bad(codes::MOMENT, written, "is not after `from`", "Write when it ends, or the last day of it.");
            return None;
        }
        Some(Freeze { from, until, reason: reason?, span: document.span })
    }

    fn moment(&mut self, field: &Field<MomentText>, end: End, zone: &Zone) -> Option<Spanned<Timestamp>> {
        let written = self.as_written(field)?;
        match moment(written.value, end, zone) {
            Some(moment) => Some(Spanned::new(moment, written.span)),
            None => {
                let help = "Write a day or a minute by the policy's clock, as 2026-12-20 or 2026-12-20 18:00.";
                self.bad(codes::MOMENT, written, "is not a moment", help);
                None
            }
        }
    }
}

/// A minute, or the beginning of the day (or of the day after it).
fn moment(text: &str, end: End, zone: &Zone) -> Option<Timestamp> {
    let text = text.trim();
    let at = match Date::strptime("%Y-%m-%d", text) {
        Ok(day) if end == End::Over => day.checked_add(1.day()).ok()?.at(0, 0, 0, 0),
        Ok(day) => day.at(0, 0, 0, 0),
        Err(_) => DateTime::strptime("%Y-%m-%d %H:%M", text).ok()?,
    };
    zone.0.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_and_by_the_policys_clock() {
        let zone = Zone::parse("Europe/Stockholm").expect("a zone");
        let at = |text, end| moment(text, end, &zone).map(|moment| moment.to_string());
        assert_eq!(at("2026-12-20", End::Begin).as_deref(), Some("2026-12-19T23:00:00Z"));
        assert_eq!(at("2026-12-20", End::Over).as_deref(), Some("2026-12-20T23:00:00Z"));
        assert_eq!(at("2026-12-20 18:30", End::Over).as_deref(), Some("2026-12-20T17:30:00Z"));
        for text in ["2026-02-30", "20 December", "2026-12-20T18:00", "2026-12-20 25:00", ""] {
            assert_eq!(at(text, End::Begin), None, "{text}");
        }
    }
}
