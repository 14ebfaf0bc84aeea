//! Asking people.

use std::io::{self, BufRead, Write};

/// Where answers come from.
pub(super) trait Questions {
    /// Asks one question; an empty answer means the default.
    fn ask(&mut self, question: &str, default: &str) -> io::Result<String>;
}

/// The person at the terminal. Questions go to standard error, so that output stays output.
pub(super) struct Terminal;

impl Questions for Terminal {
    fn ask(&mut self, question: &str, default: &str) -> io::Result<String> {
        let mut err = io::stderr().lock();
        write!(err, "{question} [{default}] ")?;
        err.flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "there is nobody to answer; give flags, or --defaults",
            ));
        }
        match answer.trim() {
            "" => Ok(default.to_owned()),
            answer => Ok(answer.to_owned()),
        }
    }
}
