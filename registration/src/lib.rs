//! Registration files of Matrix application services, without a runtime and without a network.
//!
//! A registration tells the homeserver which user ids and aliases belong to an application
//! service, where to send it events, and the two secrets by which they know each other
//! ([Application Service API, "Registration"][spec]). From the words to the file:
//!
//! 1. [`template`]: one line such as `_irc_{network}_{nick}` says how remote names become Matrix
//!    ids, back again, and which regex claims them all;
//! 2. [`mod@generate`]: templates, an address and fresh secrets become a [`Registration`];
//! 3. [`model`]: the file itself, read strictly (a homeserver that guesses types reads another
//!    file than we do) and written in a stable order, unknown keys kept;
//! 4. [`private`]: files that hold secrets are readable by their owner only;
//! 5. [`mod@check`], [`explain`] and [`merge`]: what is wrong with files, whose an id is, and two files
//!    made one, with the regexes read as each homeserver reads them ([`dialect`]).
//!
//! [spec]: https://spec.matrix.org/latest/application-service-api/#registration

pub mod generate;
pub mod model;
pub mod private;
pub mod template;
pub mod token;
pub mod yaml;

mod automaton;
pub mod check;
mod claim;
pub mod context;
pub mod dialect;
pub mod explain;
pub mod file;
pub mod finding;
pub mod merge;
mod overlap;

pub use check::{Report, check};
pub use context::Context;
pub use dialect::{Dialect, NamespaceKind};
pub use file::File;
pub use finding::{Code, Finding, Severity};
pub use generate::{Ephemeral, Spec, generate};
pub use model::{Namespace, Namespaces, Registration};
pub use private::{Overwrite, write_private};
pub use template::{Template, TemplateKind};
pub use token::Token;

#[cfg(test)]
mod python;
