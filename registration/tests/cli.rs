//! The program as an admin runs it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn registration(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_registration"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn generate(folder: &Path, id: &str, more: &[&str]) -> Output {
    let bot = format!("_{id}bot");
    let ghosts = format!("_{id}_{{network}}_{{nick}}");
    let aliases = format!("_{id}_{{network}}_{{channel}}");
    let file = format!("{id}.yaml");
    let mut arguments = vec![
        "generate",
        "--id",
        id,
        "--url",
        "http://127.0.0.1:29331",
        "--domain",
        "example.org",
        "--bot",
        &bot,
        "--ghosts",
        &ghosts,
        "--aliases",
        &aliases,
        "-o",
        &file,
    ];
    arguments.extend(more);
    registration(folder, &arguments)
}

#[test]
fn what_is_generated_is_private_and_clean() {
    let folder = tempfile::tempdir().unwrap();
    let output = generate(folder.path(), "irc", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join("irc.yaml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let output = registration(folder.path(), &["check", "irc.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("skipped: E16 needs --bridge-config"));
    assert!(text(&output.stdout).ends_with("1 file: 0 errors, 0 warnings\n"));
}

#[test]
fn secrets_are_kept_and_files_are_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "irc", &[]);
    let before = fs::read_to_string(folder.path().join("irc.yaml")).unwrap();
    let output = generate(folder.path(), "irc", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--force"), "{}", text(&output.stderr));
    let output = generate(folder.path(), "irc", &["--force", "--tokens-from", "irc.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("irc.yaml")).unwrap(), before);
}

#[test]
fn findings_are_a_json_list_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "irc", &[]);
    generate(folder.path(), "irc2", &[]);
    let path = folder.path().join("irc.yaml");
    let broken =
        fs::read_to_string(&path).unwrap().replace("rate_limited: false", "rate_limited: 0");
    fs::write(&path, broken).unwrap();
    let output = registration(folder.path(), &["check", "--json", "irc.yaml", "irc2.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &findings[0];
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings}");
    assert_eq!(finding["code"], "E11");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["file"], "irc.yaml");
    assert_eq!(finding["key"], "rate_limited");
    assert!(finding["line"].as_u64().unwrap() > 10);
    assert!(finding["what"].is_string() && finding["fix"].is_string());

    let output = registration(folder.path(), &["check", "--json", "irc2.yaml"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "[]\n"));
}

#[test]
fn what_cannot_run_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "irc", &[]);
    for arguments in [
        &["check", "gone.yaml"][..],
        &["check"],
        &["check", "irc.yaml", "--homeserver-config", "gone.yaml"],
        &["explain", "irc.yaml"],
        &["explain", "@a:example.org"],
        &["explain", "irc.yaml", "@a"],
        &["merge", "irc.yaml", "gone.yaml", "-o", "out.yaml"],
        &["frobnicate"],
    ] {
        let output = registration(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn owners_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "irc", &[]);
    generate(folder.path(), "xmpp", &[]);
    let output = registration(
        folder.path(),
        &["explain", "irc.yaml", "xmpp.yaml", "@_irc_a_b:example.org", "#_xmpp_a_b:example.org"],
    );
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    assert!(shown.contains("@_irc_a_b:example.org belongs to irc\n  irc.yaml:"), "{shown}");
    assert!(shown.contains("#_xmpp_a_b:example.org belongs to xmpp\n  xmpp.yaml:"), "{shown}");
}

#[test]
fn merging_keeps_the_first_and_refuses_overlaps() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "irc", &[]);
    generate(folder.path(), "xmpp", &[]);
    let output = registration(folder.path(), &["merge", "irc.yaml", "xmpp.yaml", "-o", "all.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = registration(folder.path(), &["check", "all.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let output = registration(folder.path(), &["merge", "all.yaml", "irc.yaml", "-o", "more.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("both claim `@_irc"), "{}", text(&output.stderr));
    assert!(!folder.path().join("more.yaml").exists());
}
