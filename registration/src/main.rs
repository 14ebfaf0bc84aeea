//! `registration`: make, check, explain and merge registrations of application services.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
