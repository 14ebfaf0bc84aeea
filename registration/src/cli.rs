//! The command line: `registration generate|check|explain|merge`.
//!
//! Exit codes: 0 for a clean result, 1 for findings or a refusal, 2 where the command could not run.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use registration::{
    Context, File, Overwrite, Registration, check, explain::explain, merge::merge, write_private,
};

mod generate;
mod output;

use generate::GenerateArgs;

/// Nothing to complain about.
const CLEAN: u8 = 0;
/// Findings, or a refusal.
const FINDINGS: u8 = 1;
/// The command could not run.
const FAILED: u8 = 2;

#[derive(Parser)]
#[command(
    version,
    about = "Registrations of Matrix application services: make, check, explain, merge"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a registration from templates, with fresh secrets
    Generate(GenerateArgs),
    /// Tell what is wrong with registrations, and how to mend it
    Check(CheckArgs),
    /// Tell whose users, aliases and rooms are
    Explain(ExplainArgs),
    /// Unite two registrations of one program; id, secrets and bot are those of the first
    Merge(MergeArgs),
}

#[derive(Args)]
struct CheckArgs {
    /// Registrations that live on one homeserver
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Configuration of the bridge that one registration belongs to
    #[arg(long, value_name = "FILE")]
    bridge_config: Option<PathBuf>,
    /// Configuration of the homeserver (Synapse, Dendrite, Conduit and kin)
    #[arg(long, value_name = "FILE")]
    homeserver_config: Option<PathBuf>,
    /// Print the findings as a JSON list
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ExplainArgs {
    /// Registrations, then ids: what starts with `@`, `#` or `!` is an id
    #[arg(required = true, value_name = "FILES… ID…")]
    arguments: Vec<String>,
}

#[derive(Args)]
struct MergeArgs {
    /// The registration whose id, secrets and bot are kept
    one: PathBuf,
    /// The registration whose namespaces are added
    two: PathBuf,
    /// Where to write the result
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the output if it exists
    #[arg(long)]
    force: bool,
}

/// Runs the program with the arguments of the process.
pub(crate) fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Generate(args) => generate::run(&args),
        Command::Check(args) => run_check(&args),
        Command::Explain(args) => run_explain(&args),
        Command::Merge(args) => run_merge(&args),
    };
    let code = outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        FAILED
    });
    ExitCode::from(code)
}

fn run_check(args: &CheckArgs) -> anyhow::Result<u8> {
    let context = Context::load(args.bridge_config.as_deref(), args.homeserver_config.as_deref())?;
    let files = read_all(&args.files)?;
    let report = check(&files, &context);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report.findings)?);
        for skipped in &report.skipped {
            eprintln!("{skipped}");
        }
    } else {
        output::report(&report, files.len());
    }
    Ok(if report.findings.is_empty() { CLEAN } else { FINDINGS })
}

fn run_explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    let is_id = |argument: &&String| argument.starts_with(['@', '#', '!']);
    let (ids, paths): (Vec<_>, Vec<_>) = args.arguments.iter().partition(is_id);
    anyhow::ensure!(!paths.is_empty(), "no registration named: give files, then ids");
    anyhow::ensure!(!ids.is_empty(), "no id named: give ids such as @alice:example.org");
    let files = read_all(&paths.into_iter().map(PathBuf::from).collect::<Vec<_>>())?;
    for file in &files {
        if let Err(problem) = file.registration() {
            eprintln!("warning: {}: {problem}", file.path.display());
        }
    }
    for id in ids {
        println!("{}", explain(&files, id)?);
    }
    Ok(CLEAN)
}

fn run_merge(args: &MergeArgs) -> anyhow::Result<u8> {
    let (one, two) = (File::read(&args.one)?, File::read(&args.two)?);
    match merge(&one, &two) {
        Ok(merged) => {
            for note in &merged.notes {
                eprintln!("note: {note}");
            }
            save(&merged.registration, &args.output, args.force)?;
            Ok(CLEAN)
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(FINDINGS)
        }
    }
}

fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<File>> {
    paths.iter().map(|path| File::read(path).map_err(Into::into)).collect()
}

fn save(registration: &Registration, path: &Path, force: bool) -> anyhow::Result<()> {
    let overwrite = if force { Overwrite::Replace } else { Overwrite::Refuse };
    write_private(path, &registration.to_yaml(), overwrite).with_context(|| {
        let hint = if path.exists() && !force { "; --force replaces it" } else { "" };
        format!("cannot write {}{hint}", path.display())
    })?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
