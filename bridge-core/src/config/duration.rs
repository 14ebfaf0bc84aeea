//! Durations as people write them: `30d`, `24h`, `1h 30m`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use super::section::{Wrong, wrong};

pub(super) const FIX: &str = "write a number with a unit, such as `30d`, `24h`, `90s` or `500ms`";

pub(super) fn parse(text: &str) -> Result<Duration, Wrong> {
    humantime::parse_duration(text).map_err(|_| wrong("this is not a duration", FIX))
}

/// Reads a duration, for `#[serde(deserialize_with = "bridge_core::config::duration")]`.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(|wrong| D::Error::custom(format!("{}, {}", wrong.what, wrong.fix)))
}

/// Writes a duration as [`duration`] reads it.
pub(super) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&short(*duration))
}

/// Writes a duration, or null.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(super) fn serialize_option<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serialize(duration, serializer),
        None => serializer.serialize_none(),
    }
}

/// The largest whole unit, so that `30d` stays `30d` and does not become months.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    if duration.subsec_nanos() > 0 || seconds == 0 {
        return humantime::format_duration(duration).to_string();
    }
    units
        .iter()
        .find(|(size, _)| seconds.is_multiple_of(*size))
        .map_or_else(|| format!("{seconds}s"), |(size, unit)| format!("{}{unit}", seconds / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["30d", "24h", "90s", "5m", "500ms", "1h 30m"] {
            let Ok(duration) = parse(text) else { panic!("{text}") };
            let Ok(again) = parse(&short(duration)) else { panic!("{text}") };
            assert_eq!(again, duration, "{text}");
        }
        assert_eq!(short(Duration::from_hours(30 * 24)), "30d");
        assert_eq!(short(Duration::from_secs(90)), "90s");
    }
}
