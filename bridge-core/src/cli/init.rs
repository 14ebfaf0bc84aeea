//! `init`: a bridge's files, from a few answers.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use registration::{Overwrite, Registration, Token, write_private};

use super::{
    Failure, Program,
    args::{InitArgs, InitFlags},
    install::instructions,
    question::Questions,
    registration::{make, read_existing},
};
use crate::config::{Config, ExampleValues, example};

/// Writes `config.yaml`, `registration.yaml` and `admin.token`, and says what to do with them.
pub(super) fn init(
    program: &Program,
    args: &InitArgs,
    out: &mut dyn Write,
    questions: Option<&mut dyn Questions>,
) -> Result<(), Failure> {
    if args.flags.new_tokens && !args.flags.force {
        return Err(Failure::Usage("--new-tokens replaces files; add --force".to_owned()));
    }
    let path = config_path(args)?;
    refuse_to_replace(&[&path], &args.flags)?;
    let questions = questions.filter(|_| !args.flags.defaults);
    let values = values(program, args, questions)?;
    let text = example(&program.facts, &values);
    let loaded = (program.parse)(&text, &path, program.variables.clone(), &program.facts).map_err(
        |error| Failure::Usage(format!("these answers make no configuration:\n{error}")),
    )?;
    let config = loaded.config;
    let files = [&config.appservice.registration, &config.admin.token_file];
    refuse_to_replace(&files, &args.flags)?;

    let keep = !args.flags.new_tokens;
    let old = if keep { read_existing(&config.appservice.registration)? } else { None };
    write_secrets(program, &config, old.as_ref(), keep)?;
    write_config(&path, &text)?;
    writeln!(
        out,
        "Wrote {}, {} and {}.",
        path.display(),
        config.appservice.registration.display(),
        config.admin.token_file.display()
    )?;
    let next = instructions(&program.name(), &path, &config.appservice.registration);
    Ok(out.write_all(next.as_bytes())?)
}

/// Where the configuration goes, as a path that means the same everywhere.
fn config_path(args: &InitArgs) -> Result<PathBuf, Failure> {
    let path = match (&args.flags.out, args.config.file_name()) {
        (_, None) => {
            let what = format!("{} names no file; give one with --config", args.config.display());
            return Err(Failure::Usage(what));
        }
        (Some(folder), Some(name)) => folder.join(name),
        (None, Some(_)) => args.config.clone(),
    };
    Ok(std::path::absolute(&path).unwrap_or(path))
}

fn refuse_to_replace(files: &[&PathBuf], flags: &InitFlags) -> Result<(), Failure> {
    let found = files.iter().find(|file| !flags.force && file.exists());
    match found {
        None => Ok(()),
        Some(file) => Err(anyhow::anyhow!(
            "{} is there already; --force replaces it and keeps the tokens",
            file.display()
        )
        .into()),
    }
}

/// Flags first, then answers, then defaults.
fn values(
    program: &Program,
    args: &InitArgs,
    mut questions: Option<&mut dyn Questions>,
) -> Result<ExampleValues, Failure> {
    let mut value = |flag: &str, given: Option<&String>, question: &str, default: &str| {
        let value = match (given, questions.as_mut()) {
            (Some(value), _) => value.clone(),
            (None, Some(questions)) => questions.ask(question, default)?,
            (None, None) => default.to_owned(),
        };
        // The value goes into quotes in the file.
        if value.chars().any(|c| c == '"' || c == '\\' || c.is_control()) {
            let what = format!("--{flag} must be free of quotes, backslashes and line breaks");
            return Err(Failure::Usage(what));
        }
        Ok(value)
    };
    let flags = &args.flags;
    let defaults = ExampleValues::default();
    let homeserver_url = value(
        "homeserver-url",
        flags.homeserver_url.as_ref(),
        "How does the bridge reach the homeserver?",
        &defaults.homeserver_url,
    )?;
    let domain = value(
        "domain",
        flags.domain.as_ref(),
        "Which server name stands in Matrix ids, behind the colon?",
        &defaults.domain,
    )?;
    let mut answers = Vec::new();
    for answer in program.facts.descriptor.answers {
        let given = args.answers.iter().find(|(flag, _)| flag == answer.flag);
        let value =
            value(answer.flag, given.map(|(_, value)| value), answer.question, answer.default)?;
        answers.push((answer.flag.to_owned(), value));
    }
    Ok(ExampleValues { homeserver_url, domain, answers })
}

fn write_secrets(
    program: &Program,
    config: &Config,
    old: Option<&Registration>,
    keep_token: bool,
) -> Result<(), Failure> {
    let file = &config.appservice.registration;
    make_folder_of(file)?;
    write_private(file, &make(config, &program.facts, old).to_yaml(), Overwrite::Replace)
        .with_context(|| format!("cannot write {}", file.display()))?;

    let file = &config.admin.token_file;
    make_folder_of(file)?;
    let kept = if keep_token { fs::read_to_string(file).ok() } else { None };
    let token = match kept.as_deref().map(str::trim) {
        Some(token) if !token.is_empty() => token.to_owned(),
        _ => Token::random(&mut rand::rng()).expose().to_owned(),
    };
    write_private(file, &format!("{token}\n"), Overwrite::Replace)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

fn write_config(path: &Path, text: &str) -> Result<(), Failure> {
    make_folder_of(path)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

fn make_folder_of(path: &Path) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    Ok(())
}
