//! Times as DOS writes them (fatgen103, "Date and Time Formats"): local, in two halves of 16 bits.

use crate::told::Moment;

/// A moment from a date (bits 0–4 day, 5–8 month, 9–15 years since 1980), a time (bits 0–4 seconds / 2, 5–10
/// minutes, 11–15 hours), further hundredths of a second (0 to 199), and how many minutes east of UTC the clock was.
/// `None` if there is no such date or time: zeros stand for none.
pub(crate) fn moment(date: u16, time: u16, hundredths: u8, minutes_east: i16) -> Option<Moment> {
    let (year, month, day) = (1980 + i64::from(date >> 9), date >> 5 & 15, date & 31);
    let (hours, minutes, seconds) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
    let is_time = hours < 24 && minutes < 60 && seconds < 60 && hundredths < 200;
    if !is_time || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let of_day = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    let local = days(year, i64::from(month), i64::from(day)) * 86_400 + of_day;
    Some(Moment {
        seconds: local - i64::from(minutes_east) * 60 + i64::from(hundredths / 100),
        nanoseconds: u32::from(hundredths % 100) * 10_000_000,
    })
}

/// Days from 1970-01-01 to a date after 1970 of the Gregorian calendar. A day that the month does not have is one of
/// the next month, as C has it.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March: its last day is then the one that is not always there.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(date: (u16, u16, u16), time: (u16, u16, u16)) -> Option<i64> {
        let date = (date.0 - 1980) << 9 | date.1 << 5 | date.2;
        let time = time.0 << 11 | time.1 << 5 | (time.2 / 2);
        moment(date, time, 0, 0).map(|moment| moment.seconds)
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(seconds((1980, 1, 1), (0, 0, 0)), Some(315_532_800));
        assert_eq!(seconds((2000, 2, 29), (23, 59, 58)), Some(951_868_798));
        assert_eq!(seconds((2000, 3, 1), (0, 0, 0)), Some(951_868_800));
        assert_eq!(seconds((2024, 2, 29), (12, 34, 56)), Some(1_709_210_096));
        assert_eq!(seconds((2100, 3, 1), (0, 0, 0)), Some(4_107_542_400));
        assert_eq!(seconds((2107, 12, 31), (0, 0, 0)), Some(4_354_732_800));
    }

    #[test]
    fn zones_and_hundredths_count() {
        let moment = moment(0x21, 0, 199, -90).unwrap();
        assert_eq!(
            (moment.seconds, moment.nanoseconds),
            (315_532_800 + 5400 + 1, 990_000_000)
        );
    }

    #[test]
    fn what_is_no_date_is_none() {
        assert_eq!(moment(0, 0, 0, 0), None);
        assert_eq!(moment(0x21 | 13 << 5, 0, 0, 0), None);
        assert_eq!(moment(0x21, 24 << 11, 0, 0), None);
        assert_eq!(moment(0x21, 30, 0, 0), None);
        assert_eq!(moment(0x21, 0, 200, 0), None);
    }
}
