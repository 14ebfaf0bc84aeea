//! Python's own opinion, for tests: Synapse reads regexes with its `re` module.

use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Whether `re.match` finds each regex in the text beside it.
pub(crate) fn all_match(pairs: &[(String, String)]) -> Vec<bool> {
    run(
        "import json,re,sys;print(json.dumps([bool(re.match(a,b)) for a,b in json.load(sys.stdin)]))",
        pairs,
    )
}

/// Whether `re.compile` takes each regex.
pub(crate) fn compiles(regexes: &[&str]) -> Vec<bool> {
    const SCRIPT: &str = "
import json, re, sys, warnings
warnings.simplefilter('ignore')
def good(regex):
    try:
        re.compile(regex)
        return True
    except (re.error, OverflowError):
        return False
print(json.dumps([good(regex) for regex in json.load(sys.stdin)]))
";
    run(SCRIPT, regexes)
}

fn run(script: &str, input: &(impl serde::Serialize + ?Sized)) -> Vec<bool> {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let input = serde_json::to_vec(input).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
