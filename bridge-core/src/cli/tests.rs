//! What the commands do, with files in scratch folders.

use std::{
    collections::VecDeque, fs, io, os::unix::fs::PermissionsExt, path::Path, process::ExitCode,
};

use ::registration::Registration;
use tempfile::TempDir;

use super::*;
use crate::{
    bridge::RunError,
    config::tests::{Toy, facts},
};

/// A command that has ended.
struct Ended {
    code: ExitCode,
    out: String,
}

/// Answers that were thought of before.
struct Answers(VecDeque<&'static str>);

impl Questions for Answers {
    fn ask(&mut self, _question: &str, default: &str) -> io::Result<String> {
        let answer = self.0.pop_front().ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(if answer.is_empty() { default } else { answer }.to_owned())
    }
}

fn program() -> Program {
    Program {
        facts: facts(),
        parse: parse::<Toy>,
        run: |_, _| Ok(()),
        examine: |_, _, _| Ok(Vec::new()),
        variables: Vec::new(),
    }
}

fn execute(program: &Program, args: &[&str], questions: Option<&mut dyn Questions>) -> Ended {
    let args = ["bridge-toy"].iter().chain(args).map(OsString::from);
    let mut out = Vec::new();
    let code = program.main(args, &mut out, questions);
    Ended { code, out: String::from_utf8(out).unwrap() }
}

/// Runs a command that must have this exit code.
fn expect(code: u8, args: &[&str]) -> String {
    let ended = execute(&program(), args, None);
    assert_eq!(ended.code, ExitCode::from(code), "{args:?}");
    ended.out
}

/// A folder with the files of a bridge.
struct Folder(TempDir);

impl Folder {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with_bridge() -> Self {
        let folder = Self::empty();
        expect(0, &["init", "--defaults", "--out", &folder.path("")]);
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn registration(&self) -> Registration {
        Registration::from_yaml(&self.read("registration.yaml")).unwrap()
    }
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_writes_three_files_and_says_what_to_do_with_them() {
    let folder = Folder::empty();
    let out = folder.path("new/folder");
    let said = expect(
        0,
        &[
            "init",
            "--homeserver-url",
            "https://matrix.example.org",
            "--domain",
            "example.org",
            "--toy-server",
            "toy://there",
            "--out",
            &out,
        ],
    );

    let folder = Path::new(&out);
    let config = fs::read_to_string(folder.join("config.yaml")).unwrap();
    assert!(config.contains("url: \"https://matrix.example.org\""), "{config}");
    assert!(config.contains("servers: [\"toy://there\"]"), "{config}");
    let registration = folder.join("registration.yaml");
    assert_eq!(mode(&registration), 0o600);
    assert_eq!(mode(folder.join("admin.token")), 0o600);
    assert!(fs::read_to_string(folder.join("admin.token")).unwrap().trim().len() >= 32);

    let made = Registration::from_yaml(&fs::read_to_string(&registration).unwrap()).unwrap();
    assert_eq!(made.id, "toy");
    assert_eq!(made.sender_localpart, "_toybot");
    assert_eq!(made.url.as_deref(), Some("http://127.0.0.1:29331"));
    assert!(made.namespaces.users.iter().any(|entry| entry.regex.contains("example")));

    let registration = registration.display();
    for line in [
        "app_service_config_files:".to_owned(),
        format!("  - {registration}"),
        "app_service_api:".to_owned(),
        format!("    - {registration}"),
        "!admin appservices register".to_owned(),
        format!("bridge-toy run -c {}", folder.join("config.yaml").display()),
    ] {
        assert!(said.lines().any(|said| said == line), "{line} is not in\n{said}");
    }
    assert!(!said.contains(made.hs_token.expose()), "tokens stay in their file");
}

#[test]
fn init_asks_what_no_flag_answers() {
    let folder = Folder::empty();
    let mut answers = Answers(["https://m.example.org", "toy://asked"].into());
    let path = folder.path("toy.yaml");
    let args = ["init", "--domain", "example.org", "-c", &path];
    let ended = execute(&program(), &args, Some(&mut answers));
    assert_eq!(ended.code, ExitCode::SUCCESS);
    assert!(answers.0.is_empty());
    let config = folder.read("toy.yaml");
    assert!(config.contains("domain: \"example.org\"") && config.contains("toy://asked"));
}

#[test]
fn init_asks_nothing_with_defaults() {
    let folder = Folder::empty();
    let mut answers = Answers(VecDeque::new());
    let args = ["init", "--defaults", "--out", &folder.path("")];
    assert_eq!(execute(&program(), &args, Some(&mut answers)).code, ExitCode::SUCCESS);
    assert!(folder.read("config.yaml").contains("toy://127.0.0.1:7"));
}

#[test]
fn init_replaces_nothing_unless_forced() {
    for name in ["config.yaml", "registration.yaml", "admin.token"] {
        let folder = Folder::empty();
        fs::write(folder.path(name), "mine").unwrap();
        expect(1, &["init", "--defaults", "--out", &folder.path("")]);
        assert_eq!(folder.read(name), "mine");
        assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1, "nothing else is written");
    }
}

#[test]
fn force_keeps_the_tokens_unless_new_ones_are_asked_for() {
    let folder = Folder::with_bridge();
    let (before, admin) = (folder.registration(), folder.read("admin.token"));
    let out = folder.path("");
    expect(0, &["init", "--defaults", "--force", "--domain", "example.org", "--out", &out]);
    let kept = folder.registration();
    assert_eq!((&kept.hs_token, &kept.as_token), (&before.hs_token, &before.as_token));
    assert_ne!(kept.namespaces, before.namespaces);
    assert_eq!(folder.read("admin.token"), admin);
    assert!(folder.read("config.yaml").contains("example.org"));

    expect(0, &["init", "--defaults", "--force", "--new-tokens", "--out", &out]);
    let renewed = folder.registration();
    assert_ne!(renewed.hs_token, before.hs_token);
    assert_ne!(renewed.as_token, before.as_token);
    assert_ne!(folder.read("admin.token"), admin);
}

#[test]
fn init_refuses_answers_that_make_no_configuration() {
    let folder = Folder::empty();
    let out = folder.path("");
    for args in [
        ["--homeserver-url", "localhost"],
        ["--domain", "not a domain"],
        ["--domain", "a\"b"],
        ["--toy-server", "a\nb"],
        ["--new-tokens", "--defaults"],
    ] {
        let mut line = vec!["init", "--out", &out];
        line.extend(args);
        expect(2, &line);
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn registration_keeps_the_tokens_and_follows_the_configuration() {
    let folder = Folder::with_bridge();
    let config = folder.path("config.yaml");
    let changed = folder.read("config.yaml").replace("http://127.0.0.1:29331", "http://there:1");
    fs::write(&config, changed).unwrap();
    let printed = expect(0, &["registration", "-c", &config]);
    let printed = Registration::from_yaml(&printed).unwrap();
    let old = folder.registration();
    assert_eq!(printed.url.as_deref(), Some("http://there:1"));
    assert_eq!((&printed.hs_token, &printed.as_token), (&old.hs_token, &old.as_token));
    assert_eq!(old.url.as_deref(), Some("http://127.0.0.1:29331"), "printing changes nothing");

    let file = folder.path("registration.yaml");
    expect(0, &["registration", "-c", &config, "-o", &file]);
    assert_eq!(folder.registration(), printed);
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_registration_that_cannot_be_read_is_not_replaced() {
    let folder = Folder::with_bridge();
    fs::write(folder.path("registration.yaml"), "id: [").unwrap();
    let config = folder.path("config.yaml");
    expect(2, &["registration", "-c", &config, "-o", &folder.path("registration.yaml")]);
    assert_eq!(folder.read("registration.yaml"), "id: [");
}

#[test]
fn config_example_is_a_configuration_and_dump_shows_the_effective_one() {
    let folder = Folder::empty();
    let path = folder.path("config.yaml");
    fs::write(&path, expect(0, &["config", "example"])).unwrap();
    let mut program = program();
    program.variables.push(("BRIDGE_HOMESERVER__URL".to_owned(), "http://there:2".to_owned()));
    let dump = execute(&program, &["config", "dump", "--config", &path], None).out;
    assert!(dump.contains("http://there:2"), "{dump}");
    fs::write(&path, &dump).unwrap();
    expect(0, &["config", "dump", "-c", &path]);
}

#[test]
fn exit_codes_say_whose_fault_it_is() {
    let folder = Folder::with_bridge();
    let config = folder.path("config.yaml");
    expect(0, &["run", "-c", &config]);
    expect(0, &["--help"]);
    expect(0, &["--version"]);
    expect(2, &["unknown"]);
    expect(2, &["run", "--nope"]);
    expect(2, &["config", "dump", "-c", &folder.path("absent.yaml")]);

    let listen = || RunError::Listen {
        key: "admin.listen",
        address: "127.0.0.1:1".to_owned(),
        source: io::ErrorKind::AddrInUse.into(),
    };
    for (error, code) in [
        (RunError::Config(ConfigError::new("a", "b", "c")), 2),
        (RunError::HomeserverRefused("a".to_owned(), "b".to_owned()), 3),
        (RunError::Network(crate::network::NetworkError::Refused("a".to_owned())), 4),
        (listen(), 1),
    ] {
        assert_eq!(Failure::Run(error).exit_code(), code);
    }
}

#[test]
fn help_names_the_program_and_the_network_s_own_flags() {
    let help = |args: &[&str]| {
        let args = ["bridge-toy"].iter().chain(args).map(OsString::from);
        args::parse(args, &facts()).unwrap_err().to_string()
    };
    assert!(help(&["--help"]).contains("Usage: bridge-toy"), "{}", help(&["--help"]));
    assert!(help(&["--help"]).contains("A bridge between Matrix and Toy"));
    let init = help(&["init", "--help"]);
    assert!(init.contains("--toy-server <VALUE>") && init.contains("Which server?"), "{init}");
}
