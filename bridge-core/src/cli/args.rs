//! The grammar of the command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use ruma::OwnedUserId;

use crate::{config::Facts, doctor::Reach};

/// What is to be done.
#[derive(Debug)]
pub(super) enum Command {
    Init(InitArgs),
    Registration { config: PathBuf, out: Option<PathBuf> },
    Check { config: PathBuf, reach: Reach, json: bool },
    Run { config: PathBuf },
    Admin { config: PathBuf, command: AdminCommand },
    Config(ConfigCommand),
}

#[derive(Debug)]
pub(super) enum ConfigCommand {
    Example,
    Dump { config: PathBuf },
}

/// What is asked of the running bridge.
#[derive(Debug)]
pub(super) enum AdminCommand {
    Rooms(RoomsVerb),
    Queue(QueueVerb),
    Trace { id: String, json: bool },
    Forget { user: String, json: bool },
}

#[derive(Debug, Subcommand)]
pub(super) enum RoomsVerb {
    /// Show which room goes to which channel
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Link a room to a channel
    Link {
        /// The channel: network/#channel, room@muc.server or org/repo
        remote: String,
        /// The room: !id or #alias:server
        room: String,
        /// A Matrix user who must have the power to link the room
        #[arg(long = "as", value_name = "USER")]
        asker: Option<OwnedUserId>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End the link of a room; the room stays
    Unlink {
        /// The room: !id or #alias:server
        room: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the links in a file true: a YAML map `REMOTE: ROOM`, or CSV with `remote,room`
    Apply(ApplyArgs),
}

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The list
    pub(super) file: PathBuf,
    /// End the links that are not in the list
    #[arg(long)]
    pub(super) prune: bool,
    /// As JSON, at the end
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum QueueVerb {
    /// Show what was not delivered
    List {
        /// Only this state
        #[arg(long, value_name = "STATE", value_parser = ["dead", "uncertain", "retry"])]
        state: Option<String>,
        /// Only this room: !id or #alias:server
        #[arg(long)]
        room: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Try messages again
    Retry(QueueWhich),
    /// Give messages up for good
    Drop(QueueWhich),
}

#[derive(Debug, Args)]
pub(super) struct QueueWhich {
    /// Numbers of messages, from `queue list`
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    pub(super) ids: Vec<i64>,
    /// All of them
    #[arg(long)]
    pub(super) all: bool,
    /// With --all: only this state
    #[arg(long, value_name = "STATE", requires = "all",
          value_parser = ["dead", "uncertain", "retry"])]
    pub(super) state: Option<String>,
    /// With --all: only this room
    #[arg(long, requires = "all")]
    pub(super) room: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// How a bridge is set up.
#[derive(Debug, Default)]
pub(super) struct InitArgs {
    /// Where the configuration goes, unless `out` says otherwise.
    pub(super) config: PathBuf,
    pub(super) flags: InitFlags,
    /// Answers to the network's questions, by their flags.
    pub(super) answers: Vec<(String, String)>,
}

#[derive(Debug, Default, Args)]
pub(super) struct InitFlags {
    /// Ask nothing; take the default for whatever has no flag
    #[arg(long)]
    pub(super) defaults: bool,
    /// How the bridge reaches the homeserver
    #[arg(long, value_name = "URL")]
    pub(super) homeserver_url: Option<String>,
    /// The server name in Matrix ids, behind the colon
    #[arg(long, value_name = "NAME")]
    pub(super) domain: Option<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Replace files that are there; keeps their tokens
    #[arg(long)]
    pub(super) force: bool,
    /// With --force: make new tokens (the homeserver must be told)
    #[arg(long)]
    pub(super) new_tokens: bool,
}

#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
struct Cli {
    /// The configuration file
    #[arg(short, long, global = true, value_name = "FILE", default_value = "config.yaml")]
    config: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a configuration, a registration and an admin token, and say what to do with them
    Init(InitFlags),
    /// Print or write the registration for the homeserver
    Registration {
        /// Write it to this file, readable for its owner only
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Find out what is wrong, and how to mend it
    Check {
        /// Look at files only; ask neither homeserver nor network
        #[arg(long)]
        offline: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the bridge until SIGTERM or SIGINT
    Run,
    /// Which room goes to which channel
    #[command(subcommand)]
    Rooms(RoomsVerb),
    /// What was not delivered
    #[command(subcommand)]
    Queue(QueueVerb),
    /// Tell everything that is known of one message
    Trace {
        /// Its event id, or its id on the network
        #[arg(value_name = "EVENT|REMOTE_ID")]
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete what is known of a person
    Forget {
        /// A Matrix id, or a person of the network such as network/nick
        user: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a configuration
    #[command(subcommand)]
    Config(ConfigVerb),
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum ConfigVerb {
    /// A commented configuration with every key
    Example,
    /// The effective configuration: file, environment and defaults; secrets redacted
    Dump,
}

/// Reads a command line.
///
/// # Errors
/// What is wrong with it, or the help that it asks for.
pub(super) fn parse(
    args: impl IntoIterator<Item = OsString>,
    facts: &Facts,
) -> Result<Command, clap::Error> {
    let mut grammar = grammar(facts);
    let matches = grammar.try_get_matches_from_mut(args)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut grammar))?;
    let config = cli.config;
    Ok(match cli.verb {
        Verb::Init(flags) => {
            let answers = answers(matches.subcommand_matches("init"), facts);
            Command::Init(InitArgs { config, flags, answers })
        }
        Verb::Registration { out } => Command::Registration { config, out },
        Verb::Check { offline, json } => {
            let reach = if offline { Reach::Offline } else { Reach::Live };
            Command::Check { config, reach, json }
        }
        Verb::Run => Command::Run { config },
        Verb::Rooms(verb) => Command::Admin { config, command: AdminCommand::Rooms(verb) },
        Verb::Queue(verb) => Command::Admin { config, command: AdminCommand::Queue(verb) },
        Verb::Trace { id, json } => {
            Command::Admin { config, command: AdminCommand::Trace { id, json } }
        }
        Verb::Forget { user, json } => {
            Command::Admin { config, command: AdminCommand::Forget { user, json } }
        }
        Verb::Config(ConfigVerb::Example) => Command::Config(ConfigCommand::Example),
        Verb::Config(ConfigVerb::Dump) => Command::Config(ConfigCommand::Dump { config }),
    })
}

/// The grammar with the network's name and its own flags of `init`.
fn grammar(facts: &Facts) -> clap::Command {
    // clap keeps names for good; this happens once a process.
    let name: &'static str = format!("bridge-{}", facts.kind).leak();
    let about: &'static str =
        format!("A bridge between Matrix and {}", facts.descriptor.name).leak();
    let flags = facts.descriptor.answers.iter().map(|answer| {
        Arg::new(answer.flag).long(answer.flag).value_name("VALUE").help(answer.question)
    });
    Cli::command().name(name).about(about).mut_subcommand("init", |init| init.args(flags))
}

fn answers(matches: Option<&ArgMatches>, facts: &Facts) -> Vec<(String, String)> {
    let Some(matches) = matches else { return Vec::new() };
    let answers = facts.descriptor.answers.iter();
    answers
        .filter_map(|answer| {
            let value = matches.get_one::<String>(answer.flag)?;
            Some((answer.flag.to_owned(), value.clone()))
        })
        .collect()
}
