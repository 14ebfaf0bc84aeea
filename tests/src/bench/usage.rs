//! What a process has used, from `/proc`.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// Linux tells times in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// The processor time of a process, user and system, all its threads.
pub(super) fn processor(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name stands in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(") ").context("no name in /proc/pid/stat")?;
    let mut fields = rest.split(' ').skip(11);
    let mut next = || -> Result<u32> { Ok(fields.next().context("no time")?.parse()?) };
    Ok(TICK * (next()? + next()?))
}
