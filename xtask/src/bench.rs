//! `cargo xtask bench`.

use anyhow::Result;

use crate::run::{cargo, run};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What the bench itself takes, such as `--quick` or `--only latency`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds all programs as they are released, and measures the bridge.
pub(crate) fn bench(args: &Args) -> Result<()> {
    // All of it, as a part alone would have some dependencies built with other features.
    run(cargo().args(["build", "--release", "--workspace", "--bins"]))?;
    let mut bench = cargo();
    bench.args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "bridge-tests",
        "--bin",
        "bench",
        "--",
    ]);
    run(bench.args(&args.args).env("RUST_LIB_BACKTRACE", "0"))
}
