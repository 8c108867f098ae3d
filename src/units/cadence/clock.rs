//! Times of day: which minutes of which hours, and how they group into lines of a crontab or a timer.

use super::field::Field;

/// Minutes of a day: for each hour a bit for each minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Clock(pub [u64; 24]);

/// Minutes of a day.
pub(super) const MINUTES: i64 = 1_440;

impl Clock {
    pub fn add(&mut self, minute_of_day: i64) {
        let minute = minute_of_day.rem_euclid(MINUTES);
        let hour = usize::try_from(minute / 60).unwrap_or(0);
        self.0[hour] |= 1 << (minute % 60);
    }

    /// The minutes of the day, in order.
    pub fn minutes(&self) -> Vec<i64> {
        let of_hour = |(hour, mask): (usize, &u64)| {
            let hour = i64::try_from(hour).unwrap_or(0);
            // Bit by bit, the lowest first.
            let masks = std::iter::successors(Some(*mask), |mask| Some(mask & mask.wrapping_sub(1)));
            masks.take_while(|mask| *mask != 0).map(move |mask| hour * 60 + i64::from(mask.trailing_zeros()))
        };
        self.0.iter().enumerate().flat_map(of_hour).collect()
    }

    /// The hours that share a set of minutes, in order of the first one: each pair is one line of a crontab or a timer.
    pub fn groups(&self) -> Vec<(Field, Field)> {
        let mut groups: Vec<(u64, u64)> = Vec::new();
        for (hour, minutes) in self.0.iter().enumerate().filter(|(_, minutes)| **minutes != 0) {
            match groups.iter_mut().find(|(of_group, _)| of_group == minutes) {
                Some((_, hours)) => *hours |= 1 << hour,
                None => groups.push((*minutes, 1 << hour)),
            }
        }
        let field = |mask| Field { mask, star: false };
        groups.into_iter().map(|(minutes, hours)| (field(minutes), field(hours))).collect()
    }
}
