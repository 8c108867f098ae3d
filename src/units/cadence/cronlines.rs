//! Cadences as the five fields of crontab lines, for a cron that knows the machine's zone only (reference: cron(8), "one time zone").

use super::calendar::Days;
use super::clock::{Clock, MINUTES};
use super::field::{Field, HOUR, MINUTE, stride};
use super::schedule::offsets_of_plans;
use super::zone::Offsets;
use super::{Cadence, Runs, Semantics, Zone};

/// Lines that start a job at least at each of its moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLines {
    /// Five fields each.
    pub lines: Vec<String>,
    /// Whether they start it at no other moment; where not, the job itself looks which slot is due (`--scheduled`).
    pub exact: bool,
}

impl Cadence {
    /// Lines for a cron whose clock is that of `machine`. They hold under every clock change from 2025 to 2050.
    pub fn to_cron_lines(&self, zone: &Zone, machine: &Zone) -> CronLines {
        match self {
            Self::Calendar(calendar) if zone.name() == machine.name() => {
                CronLines { lines: vec![calendar.to_string()], exact: true }
            }
            _ => self.translated(zone, machine),
        }
    }

    fn translated(&self, zone: &Zone, machine: &Zone) -> CronLines {
        let runs = self.runs(zone, Semantics::Cron);
        let (theirs, ours) = (offsets_of_plans(machine), offsets_of_plans(&Zone(runs.zone.clone())));
        let mut clock = Clock::default();
        let mut days = runs.days.clone();
        let shifts = shifts(&ours, &theirs);
        for time in &runs.times {
            for shift in &shifts {
                let moved = time / 60 + shift;
                // Another day there: any day, and the slot decides.
                if !(0..MINUTES).contains(&moved) && !days.is_every() {
                    days = Days::every();
                }
                clock.add(moved);
            }
        }
        // Every shift may still name the same minutes of the day, as for `every 10m`.
        let shifted = |shift: &i64| -> Clock {
            let mut clock = Clock::default();
            runs.times.iter().for_each(|time| clock.add(time / 60 + shift));
            clock
        };
        let exact = days == runs.days && shifts.iter().all(|shift| shifted(shift) == clock);
        // A job from the hole runs at the jump, which may be no time of the others.
        for (at, seconds) in ours.changes().filter(|(_, seconds)| *seconds > 0 && runs.moves_at_jumps()) {
            let local = at + ours.at(at) - seconds;
            let skipped = |time: &i64| (time - local).rem_euclid(MINUTES * 60) < seconds;
            if runs.times.iter().any(skipped) {
                clock.add((at + theirs.at(at)) / 60);
            }
        }
        let wild = second_pass_matters(&runs, &ours, &theirs);
        let lines = clock.groups().into_iter().map(|(minutes, hours)| line(minutes, hours, wild, &days)).collect();
        let every_hour = clock.0.iter().all(|minutes| *minutes == clock.0[0]);
        CronLines { lines, exact: exact && (every_hour || !wild) }
    }
}

/// All differences between two wall clocks, in minutes.
fn shifts(ours: &Offsets, theirs: &Offsets) -> std::collections::BTreeSet<i64> {
    let moments = ours.changes().chain(theirs.changes()).map(|(at, _)| at);
    moments.chain([i64::MIN]).map(|at| (theirs.at(at) - ours.at(at)) / 60).collect()
}

/// cron(8) runs a job of fixed hours once when the clocks of the machine go back: does one of ours fall into the second pass?
fn second_pass_matters(runs: &Runs, ours: &Offsets, theirs: &Offsets) -> bool {
    let back = theirs.changes().filter(|(_, seconds)| *seconds < 0);
    back.flat_map(|(at, seconds)| (0..-seconds / 60).map(move |minute| at + minute * 60)).any(|moment| {
        let time = (moment + ours.at(moment)).rem_euclid(MINUTES * 60);
        runs.times.binary_search(&time).is_ok()
    })
}

fn line(minutes: Field, hours: Field, wild: bool, days: &Days) -> String {
    // Minutes of every hour, as people write them: `*/10`.
    let starred = |field: Field| {
        let numbers: Vec<u8> = field.numbers().collect();
        let even = field.mask & 1 == 1 && stride(&numbers, MINUTE).is_some();
        Field { star: field.star || even, ..field }
    };
    let hours = if wild { Field::any(HOUR) } else { hours };
    let minutes = if hours.is_all(HOUR) { starred(minutes) } else { minutes };
    format!("{} {} {}", minutes.to_text(MINUTE), hours.to_text(HOUR), days.to_cron())
}
