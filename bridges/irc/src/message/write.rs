//! From a message to its line.

use super::{MAX_PARAMS, Message, clean, tags::escape};

/// The most bytes that a client's tags may take, without `@` and space.
const MAX_TAG_BYTES: usize = 4094;

/// A message that no line can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The command is not made of letters or digits.
    #[error("`{0}` is no command: it must be letters or three digits")]
    Command(String),
    /// The source is empty or holds a space.
    #[error("`{0}` is no source: it must not be empty or hold a space")]
    Source(String),
    /// A parameter before the last is empty, holds a space or begins with a colon.
    #[error(
        "parameter {index} of {command} is `{value}`: only the last may be empty, hold a space or begin with a colon"
    )]
    Middle {
        /// The command.
        command: String,
        /// Which parameter, counted from 1.
        index: usize,
        /// Its text.
        value: String,
    },
    /// There are too many parameters.
    #[error("{command} has {count} parameters, more than the 15 that a line can hold")]
    TooMany {
        /// The command.
        command: String,
        /// How many there are.
        count: usize,
    },
    /// The name of a tag cannot be written.
    #[error("`{0}` is no name for a tag")]
    TagName(String),
    /// The tags are too long.
    #[error("the tags take {0} bytes, more than the 4094 that a client may send")]
    TagBytes(usize),
}

impl Message {
    /// The line of this message, without its end. NUL and line ends inside it are dropped.
    pub fn to_line(&self) -> Result<String, WriteError> {
        let mut line = String::new();
        self.write_tags(&mut line)?;
        if let Some(source) = &self.source {
            let source = source.to_string();
            if source.is_empty() || source.contains([' ', '\r', '\n', '\0']) {
                return Err(WriteError::Source(source));
            }
            line.extend([":", &source, " "]);
        }
        let letters = self.command.bytes().all(|byte| byte.is_ascii_alphabetic());
        if self.command.is_empty() || !(letters || self.numeric().is_some()) {
            return Err(WriteError::Command(self.command.clone()));
        }
        line.push_str(&self.command);
        self.write_params(&mut line)?;
        Ok(line)
    }

    fn write_tags(&self, line: &mut String) -> Result<(), WriteError> {
        if self.tags.is_empty() {
            return Ok(());
        }
        let mut separator = '@';
        for (key, value) in self.tags.iter() {
            if key.is_empty() || key.contains([';', '=', ' ', '\r', '\n', '\0']) {
                return Err(WriteError::TagName(key.to_owned()));
            }
            line.push(separator);
            line.push_str(key);
            if !value.is_empty() {
                line.push('=');
                escape(value, line);
            }
            separator = ';';
        }
        if line.len() - 1 > MAX_TAG_BYTES {
            return Err(WriteError::TagBytes(line.len() - 1));
        }
        line.push(' ');
        Ok(())
    }

    fn write_params(&self, line: &mut String) -> Result<(), WriteError> {
        let Some((last, middle)) = self.params.split_last() else { return Ok(()) };
        if self.params.len() > MAX_PARAMS {
            let (command, count) = (self.command.clone(), self.params.len());
            return Err(WriteError::TooMany { command, count });
        }
        for (index, param) in middle.iter().enumerate() {
            let param = clean(param);
            if needs_colon(&param) {
                let (command, value) = (self.command.clone(), param.into_owned());
                return Err(WriteError::Middle { command, index: index + 1, value });
            }
            line.push(' ');
            line.push_str(&param);
        }
        let last = clean(last);
        line.push_str(if needs_colon(&last) { " :" } else { " " });
        line.push_str(&last);
        Ok(())
    }
}

fn needs_colon(param: &str) -> bool {
    param.is_empty() || param.starts_with(':') || param.contains(' ')
}
