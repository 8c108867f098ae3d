//! Single values: read into their types, or said why not.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use super::{Run, arn, merge};
use crate::address::NameError;
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::{DurationText, EmailText, GlobText, ModeText, PathText, ScheduleText, ZoneText};
use crate::policy::read::Field;
use crate::policy::reference::Text;
use crate::policy::{codes, echo};
use crate::units::cadence::{Schedule, Zone};
use crate::units::duration::{Duration, DurationError};

impl Run<'_> {
    /// Reports a value that is not what its key asks for.
    pub(super) fn bad(&mut self, code: &'static str, written: Spanned<&str>, why: impl Display, help: impl Into<String>) {
        let quoted = echo::quote(written.value);
        let finding = Diagnostic::error(code, format!("{quoted} {why}")).at(written.span, "this value").help(help);
        self.out.push(finding);
    }

    /// A text that is not the ARN that stands here, with what is wrong in it.
    pub(super) fn no_arn(&mut self, code: &'static str, written: Spanned<&str>, why: &str, sorts: &[&str]) {
        let arn::Fault { what, help } = arn::fault(written.value, sorts);
        self.out.push(Diagnostic::error(code, format!("{} {why}", echo::quote(written.value))).at(written.span, what).help(help));
    }

    pub(super) fn named<N: FromStr<Err = NameError>>(&mut self, field: &Field<impl AsRef<str>>) -> Option<Spanned<N>> {
        let written = self.as_written(field)?;
        match written.value.parse() {
            Ok(name) => Some(Spanned::new(name, written.span)),
            Err(_) => {
                self.out.push(merge::bad_name(written.value, written.span));
                None
            }
        }
    }

    pub(super) fn duration(&mut self, field: &Field<DurationText>) -> Option<Spanned<Duration>> {
        let written = self.as_written(field)?;
        match written.value.parse() {
            Ok(duration) => Some(Spanned::new(duration, written.span)),
            Err(error) => {
                let why = match error {
                    DurationError::Shape(_) => "is not a duration",
                    DurationError::TooLong(_) => "is longer than a thousand years",
                };
                let help = duration_help(written.value);
                self.bad(codes::DURATION, written, why, help);
                None
            }
        }
    }

    /// A duration that S3 counts in days. One that is less, or no number of days, would silently be another one; months and years are
    /// lengths of days too, if of no certain number.
    pub(super) fn whole_days(&mut self, key: &str, field: &Field<DurationText>) -> Option<Spanned<Duration>> {
        let keep = self.duration(field)?;
        let written = self.as_written(field)?;
        let of_days = !written.value.contains(['s', 'h']) && !written.value.replace("mo", "").contains('m');
        if keep.as_secs() > 0 && (of_days || keep.as_secs().is_multiple_of(DAY)) {
            return Some(keep);
        }
        let days = keep.days_up().max(1);
        let help = match in_months(written.value) {
            Some(months) => format!("`m` is minutes; write {months} for months, or {days}d."),
            None => format!("Write {days}d, or another number of days."),
        };
        self.bad(codes::WHOLE_DAYS, written, format!("is no number of days, in which S3 counts `{key}`"), help);
        None
    }

    pub(super) fn schedule(&mut self, field: &Field<ScheduleText>) -> Option<Spanned<Schedule>> {
        let written = self.as_written(field)?;
        if let Some(schedule) = self.schedules.get(written.value) {
            return Some(Spanned::new(schedule.clone(), written.span));
        }
        match Schedule::parse(written.value) {
            Ok(schedule) => {
                self.schedules.insert(written.value.to_owned(), schedule.clone());
                Some(Spanned::new(schedule, written.span))
            }
            Err(error) => {
                // The calendar repeats what it read, which is for people only where it is short and no secret.
                let quotable = written.value.len() <= 80 && echo::quote(written.value) != echo::HIDDEN;
                for error in error.each() {
                    let at = self.within(&written, &error.at);
                    let message = if quotable { error.message } else { "not a schedule".to_owned() };
                    self.out.push(Diagnostic::error(codes::SCHEDULE, message).at(at, "this part").help(error.help));
                }
                None
            }
        }
    }

    /// The place of a part of a value; the whole of it where the text is written with escapes.
    fn within(&self, written: &Spanned<&str>, part: &Range<usize>) -> Option<Span> {
        let span = written.span?;
        let source = self.sources.text(span)?;
        let quote = if source == written.value { 0 } else { 1 };
        let inside = source.get(quote..source.len().checked_sub(quote)?).is_some_and(|inside| inside == written.value);
        let offset = |at: usize| u32::try_from(at + quote).map_or(span.end, |at| span.start.saturating_add(at));
        let narrow = Span { start: offset(part.start), end: offset(part.end), ..span };
        Some(if inside && narrow.start < narrow.end && narrow.end <= span.end { narrow } else { span })
    }

    pub(super) fn zone(&mut self, field: &Field<ZoneText>) -> Option<Spanned<Zone>> {
        let written = self.as_written(field)?;
        match Zone::parse(written.value) {
            Ok(zone) => Some(Spanned::new(zone, written.span)),
            Err(error) => {
                self.bad(codes::ZONE, written, "is not a time zone", error.help());
                None
            }
        }
    }

    /// An absolute path without detours.
    pub(super) fn path(&mut self, field: &Field<PathText>) -> Option<Spanned<Text>> {
        let text = self.text(field)?;
        let shown = || Spanned::new(text.value.shown.as_str(), text.span);
        let path = text.value.expose();
        // What is left of a reference without quotes, which has been told.
        if self.torn && path.ends_with('$') {
            return None;
        }
        if text.value.is_known() && !path.starts_with('/') {
            self.bad(
                codes::PATH,
                shown(),
                "is not an absolute path",
                "Write the path from `/` on: where bdr is started must not matter.",
            );
            return None;
        }
        if path.split('/').any(|part| part == "..") {
            self.bad(codes::PATH, shown(), "goes up by `..`", "Write the path without `..`: through a link it leads elsewhere.");
            return None;
        }
        if path.contains(['\0', '\n']) {
            self.bad(codes::PATH, shown(), "contains a line break", "Write a path on one line.");
            return None;
        }
        Some(text)
    }

    pub(super) fn globs(&mut self, field: &Field<Vec<Field<GlobText>>>) -> Vec<Spanned<String>> {
        let items = field.as_ref().map(|list| list.value.as_slice()).unwrap_or_default();
        items.iter().filter_map(|item| self.glob(item)).collect()
    }

    fn glob(&mut self, field: &Field<GlobText>) -> Option<Spanned<String>> {
        let written = self.as_written(field)?;
        if self.globs.contains(written.value) {
            return Some(written.map(str::to_owned));
        }
        if written.value.is_empty() {
            self.bad(codes::GLOB, written, "is an empty glob", "Write a pattern such as `*.tmp` or `cache/**`, or remove it.");
            return None;
        }
        if written.value.starts_with('/') || written.value.split('/').any(|part| part == "..") {
            let help = "Write it relative to each path of the component, such as `cache/**`.";
            self.bad(codes::GLOB, written, "can match nothing below the component's paths", help);
            return None;
        }
        if let Some(name) = written.value.strip_prefix('!') {
            let help = format!(
                "A pattern takes nothing back here: name what is wanted under `include`. Where the name begins with `!`, write {}.",
                echo::quote(&format!("'\\!{name}'"))
            );
            self.bad(codes::GLOB, written, "begins with `!`, which has no meaning", help);
            return None;
        }
        let inside = written.value.trim_end_matches('/');
        if inside.split('/').any(|part| matches!(part, "" | ".")) {
            let parts: Vec<&str> = inside.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            let help = match parts.as_slice() {
                [] => "Remove it: everything below the component's paths is meant unless told.".to_owned(),
                [name] => format!(
                    "Write {} for that name at any depth, {} for what is in that folder of each path.",
                    echo::quote(name),
                    echo::quote(&format!("{name}/**"))
                ),
                parts => format!("Write {}.", echo::quote(&parts.join("/"))),
            };
            self.bad(codes::GLOB, written, "can match nothing: no path has `.` or nothing between its slashes", help);
            return None;
        }
        match globset::GlobBuilder::new(written.value).literal_separator(true).build() {
            Ok(_) => {
                self.globs.insert(written.value.to_owned());
                Some(written.map(str::to_owned))
            }
            Err(error) => {
                let help = "`*` and `?` stay inside one folder, `**` crosses folders, `[ab]` and `{a,b}` choose; `\\` takes their meaning.";
                self.bad(codes::GLOB, written, format!("is not a glob: {}", error.kind()), help);
                None
            }
        }
    }

    pub(super) fn mode(&mut self, field: &Field<ModeText>) -> Option<Spanned<u32>> {
        let written = self.as_written(field)?;
        let digits = written.value.strip_prefix("0o").unwrap_or(written.value);
        let octal = (3..=4).contains(&digits.len()) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        let bits = u32::from_str_radix(digits, 8).ok().filter(|bits| octal && *bits <= 0o777);
        match bits {
            None => self.bad(codes::MODE, written, "is not a file mode", "Write three octal digits, such as 0700 or 0750."),
            Some(bits) if bits & 0o700 != 0o700 => {
                self.bad(
                    codes::MODE,
                    written,
                    "shuts out the owner",
                    "Begin with 7, such as 0700: bdr itself must read, write and enter.",
                );
            }
            Some(bits) => return Some(Spanned::new(bits, written.span)),
        }
        None
    }

    pub(super) fn email(&mut self, field: &Field<EmailText>) -> Option<String> {
        let written = self.as_written(field)?;
        let (user, host) = written.value.rsplit_once('@').unwrap_or_default();
        if user.is_empty()
            || host.is_empty()
            || written.value.contains(|c: char| c.is_whitespace() || c.is_control())
            || user.contains('@')
        {
            self.bad(codes::CONTACT, written, "is not an e-mail address", "Write it as name@host.");
            return None;
        }
        Some(written.value.to_owned())
    }
}

const DAY: u64 = 86_400;

/// What a bare number of minutes would be in months, which some write as `m`.
pub(super) fn in_months(written: &str) -> Option<Duration> {
    let number = written.trim().strip_suffix('m')?;
    format!("{number}mo").parse().ok()
}

fn duration_help(written: &str) -> String {
    let number = written.trim();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() < 10 {
        return format!("Add the unit, such as {number}s, {number}m, {number}h or {number}d.");
    }
    "Write whole numbers with units: 30s, 15m, 4h, 7d, 12w, 12mo, 1y, or 1h30m.".to_owned()
}
