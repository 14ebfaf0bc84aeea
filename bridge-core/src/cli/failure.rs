//! Why a command failed, and the exit code for it.

use std::fmt;

use crate::{bridge::RunError, config::ConfigError};

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration is wrong.
    Config(ConfigError),
    /// What was asked for on the command line cannot be.
    Usage(String),
    /// The bridge ended.
    Run(RunError),
    /// This many things are wrong; they were printed.
    Findings(usize),
    /// A check could not be made.
    NotRun(anyhow::Error),
    /// Something else is in the way.
    Other(anyhow::Error),
}

impl Failure {
    /// The exit code of the program.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Usage(_)
            | Self::NotRun(_)
            | Self::Run(RunError::Config(_) | RunError::Names(_)) => 2,
            Self::Run(RunError::HomeserverRefused(..)) => 3,
            Self::Run(RunError::Network(_)) => 4,
            Self::Run(_) | Self::Findings(_) | Self::Other(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) | Self::Run(RunError::Config(error)) => error.fmt(f),
            Self::Usage(what) => write!(f, "error: {what}"),
            Self::Run(error) => write!(f, "error: {error}"),
            Self::Findings(1) => write!(f, "1 finding"),
            Self::Findings(count) => write!(f, "{count} findings"),
            Self::NotRun(error) | Self::Other(error) => write!(f, "error: {error:#}"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}
