//! `registration generate`.

use std::path::{Path, PathBuf};

use clap::Args;
use registration::{
    Context, Ephemeral, File, Registration, Spec, Template, TemplateKind, check, generate,
    template::Prefix,
};

use super::{CLEAN, save};

/// Arguments of `registration generate`.
#[derive(Args)]
pub(super) struct GenerateArgs {
    /// Id of the application service; never change it later
    #[arg(long)]
    id: String,
    /// Address at which the homeserver reaches it; `null` if the homeserver is to send nothing
    #[arg(long)]
    url: String,
    /// The homeserver's name in ids
    #[arg(long)]
    domain: String,
    /// Localpart of the bot
    #[arg(long)]
    bot: String,
    /// Template of the ghosts' localparts, such as `_irc_{network}_{nick}`
    #[arg(long = "ghosts", value_name = "TEMPLATE")]
    ghosts: Vec<String>,
    /// Template of the aliases' localparts, such as `_irc_{network}_{channel}`
    #[arg(long = "aliases", value_name = "TEMPLATE")]
    aliases: Vec<String>,
    /// Protocol for third-party look-ups
    #[arg(long = "protocol", value_name = "NAME")]
    protocols: Vec<String>,
    /// Do not ask for typing, receipts and presence
    #[arg(long)]
    no_ephemeral: bool,
    /// Allow templates without a prefix: no people have accounts on the domain
    #[arg(long)]
    dedicated_server_name: bool,
    /// Keep the secrets of this registration
    #[arg(long, value_name = "FILE")]
    tokens_from: Option<PathBuf>,
    /// Write to this file, readable by its owner only, instead of printing
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &GenerateArgs) -> anyhow::Result<u8> {
    let prefix = if args.dedicated_server_name { Prefix::Optional } else { Prefix::Required };
    let parse = |kind: TemplateKind, texts: &[String]| {
        let templates = texts.iter().map(|text| Template::parse_with(kind, text, prefix));
        templates.collect::<Result<Vec<_>, _>>()
    };
    let tokens = match &args.tokens_from {
        Some(path) => {
            let problem = |problem| anyhow::anyhow!("{}: {problem}", path.display());
            Some(File::read(path)?.registration().map_err(problem)?)
        }
        None => None,
    };
    let registration = generate(&Spec {
        id: &args.id,
        url: (args.url != "null").then_some(args.url.as_str()),
        sender_localpart: &args.bot,
        server_name: &args.domain,
        user_templates: &parse(TemplateKind::User, &args.ghosts)?,
        alias_templates: &parse(TemplateKind::Alias, &args.aliases)?,
        protocols: &args.protocols.iter().map(String::as_str).collect::<Vec<_>>(),
        ephemeral: if args.no_ephemeral { Ephemeral::Ignore } else { Ephemeral::Receive },
        tokens: tokens.as_ref(),
    });
    warn(&registration);
    match &args.output {
        Some(path) => save(&registration, path, args.force)?,
        None => print!("{}", registration.to_yaml()),
    }
    Ok(CLEAN)
}

/// What is wrong with the arguments shows in the result: an address that cannot be reached, a
/// namespace that covers people.
fn warn(registration: &Registration) {
    let file = File::of_text(Path::new("the registration"), &registration.to_yaml());
    for finding in check(&[file], &Context::default()).findings {
        eprintln!("{finding}");
    }
}
