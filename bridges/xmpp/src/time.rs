//! Times as XEP-0082 writes them. Pure.

use bridge_core::id::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// Reads `2026-11-24T10:20:30.123Z` or a time with an offset such as `+01:00`.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let (date, time) = text.trim().split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, offset_ms) = match time.find(['Z', '+', '-']) {
        Some(at) if time[at..].starts_with('Z') => (&time[..at], 0),
        Some(at) => {
            let (hours, minutes) = time[at + 1..].split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            let sign = if time[at..].starts_with('-') { -1 } else { 1 };
            (&time[..at], sign * minutes * 60_000)
        }
        None => return None,
    };
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (time.next()?.parse::<i64>().ok()?, time.next()?.parse::<i64>().ok()?);
    let seconds = time.next()?;
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second = second.parse::<i64>().ok()?;
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let possible = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && offset_ms.abs() < DAY_MS;
    if !possible {
        return None;
    }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    u64::try_from(seconds * 1000 + millis - offset_ms).ok().map(Timestamp)
}

/// Writes a time.
pub(crate) fn write(at: Timestamp) -> String {
    let ms = i64::try_from(at.0).unwrap_or_default();
    let (days, rest) = (ms / DAY_MS, ms % DAY_MS);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let millis = rest % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar, years beginning in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// The reverse of [`days`].
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_xep_0082_writes_them() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(Timestamp(0)));
        assert_eq!(read("2026-11-24T10:20:30.123Z"), Some(Timestamp(1_795_515_630_123)));
        assert_eq!(read("2026-11-24T11:20:30.123456+01:00"), Some(Timestamp(1_795_515_630_123)));
        assert_eq!(write(Timestamp(1_795_515_630_123)), "2026-11-24T10:20:30.123Z");
        for bad in ["", "T", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "é-T:é"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0..253_402_300_800_000_u64) {
            prop_assert_eq!(read(&write(Timestamp(ms))), Some(Timestamp(ms)));
        }

        #[test]
        fn nothing_that_is_read_panics(text in any::<String>()) {
            let _ = read(&text);
        }
    }
}
