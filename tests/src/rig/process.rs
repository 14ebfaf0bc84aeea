//! A server as a child process that cannot outlive this one.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::http_client;
use crate::{irc::IrcUser, wait};

/// Turns into the server after leaving a guard in its process group. The guard reads from a pipe
/// whose other end is ours: however this process ends, even killed, the pipe closes and the guard
/// ends the group.
const GUARDED: &str =
    "exec 3<&0; (cat <&3 >/dev/null 2>&1; kill -KILL 0) & exec \"$@\" </dev/null 3<&-";

/// How long one question whether a server is ready may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long a server may take to end when asked to.
const GRACE: Duration = Duration::from_secs(30);

/// What says that a server is ready.
#[derive(Clone, Debug)]
pub enum Ready {
    /// This URL answers with success.
    Http(String),
    /// The IRC server at this address welcomes a client: it may listen long before it can.
    Irc(String),
    /// Something listens at all of these addresses.
    Ports(Vec<String>),
    /// The MongoDB server at this address is the primary of its replica set.
    Mongo(String),
}

impl Ready {
    async fn ask(&self, http: &reqwest::Client) -> bool {
        match self {
            Self::Http(url) => {
                let answer = http.get(url).timeout(ATTEMPT).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            }
            Self::Irc(address) => {
                let welcome = IrcUser::connect(address, "readiness");
                matches!(tokio::time::timeout(ATTEMPT, welcome).await, Ok(Ok(_)))
            }
            Self::Ports(addresses) => {
                for address in addresses {
                    if tokio::net::TcpStream::connect(address).await.is_err() {
                        return false;
                    }
                }
                true
            }
            Self::Mongo(address) => {
                let primary = super::mongod::is_primary(address);
                matches!(tokio::time::timeout(ATTEMPT, primary).await, Ok(Ok(true)))
            }
        }
    }
}

/// A server, its log, and how to start it again. Dropping it kills the server; if a test panics or
/// has waited in vain, the end of the log is shown.
#[derive(Debug)]
pub struct Process {
    name: String,
    command: Command,
    log: PathBuf,
    ready: Ready,
    child: Child,
    /// Our end of the guard's pipe.
    guard: ChildStdin,
}

impl Process {
    /// Starts a server and waits until it is ready. Its output is appended to the file `log`,
    /// whatever `command` says of the standard streams.
    pub async fn start(name: &str, command: Command, log: PathBuf, ready: Ready) -> Result<Self> {
        let mut process = Self::spawn(name, command, log, ready)?;
        process.wait_ready().await?;
        Ok(process)
    }

    /// [`Process::start`] without waiting.
    pub fn spawn(name: &str, command: Command, log: PathBuf, ready: Ready) -> Result<Self> {
        let (child, guard) = spawn(name, &command, &log)?;
        Ok(Self { name: name.to_owned(), command, log, ready, child, guard })
    }

    /// Starts it with the same command after it has ended, and waits until it is ready.
    pub async fn start_again(&mut self) -> Result<()> {
        self.spawn_again()?;
        self.wait_ready().await
    }

    /// [`Process::start_again`] without waiting.
    pub fn spawn_again(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            bail!("{} runs still", self.name);
        }
        (self.child, self.guard) = spawn(&self.name, &self.command, &self.log)?;
        Ok(())
    }

    /// Ends it in order and starts it again.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// The command, to be changed before the next start.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// The server's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, or nothing if it runs.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Fails if it has ended, with the end of its log.
    pub fn ensure_running(&mut self) -> Result<()> {
        if let Some(status) = self.ended()? {
            bail!("{} ended, {status}:\n{}", self.name, self.log_end());
        }
        Ok(())
    }

    /// Waits until it is ready, and fails at once if it ends instead.
    pub async fn wait_ready(&mut self) -> Result<()> {
        let (ready, http) = (self.ready.clone(), http_client()?);
        let waited = wait::until("ready", wait::PATIENCE, async || {
            self.ensure_running()?;
            Ok(ready.ask(&http).await.then_some(()))
        });
        waited.await.with_context(|| format!("{} is not ready:\n{}", self.name, self.log_end()))
    }

    /// Asks it to end (SIGTERM) and waits until it has; fails if that takes longer than half a
    /// minute.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.end_by(Signal::TERM).await
    }

    /// Kills it (SIGKILL) and waits until it has ended.
    pub async fn kill_9(&mut self) -> Result<ExitStatus> {
        self.end_by(Signal::KILL).await
    }

    /// Halts it (SIGSTOP): its sockets stay open, and nothing answers.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after [`Process::freeze`].
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Waits until it ends by itself.
    pub async fn wait_end(&mut self, deadline: Duration) -> Result<ExitStatus> {
        let name = self.name.clone();
        wait::until(format_args!("{name} ends"), deadline, async || self.ended()).await
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB")).context("no VmRSS")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }

    /// Does nothing to a process that has ended: its id may be another's by now.
    async fn end_by(&mut self, signal: Signal) -> Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.signal(signal)?;
        self.wait_end(GRACE).await
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid()?, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// The process id, which is the id of its group too.
    fn pid(&self) -> Result<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("not a process id")
    }

    fn log_end(&self) -> String {
        const LINES: usize = 40;
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// Starts the command under its guard.
fn spawn(name: &str, command: &Command, log: &Path) -> Result<(Child, ChildStdin)> {
    let output = File::options().create(true).append(true).open(log)?;
    let mut guarded = Command::new("sh");
    guarded.args(["-c", GUARDED, name]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => guarded.env(key, value),
            None => guarded.env_remove(key),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        guarded.current_dir(dir);
    }
    guarded.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output).process_group(0);
    let mut child = guarded.spawn().with_context(|| format!("cannot start {name}"))?;
    let guard = child.stdin.take().context("the child has no standard input")?;
    Ok((child, guard))
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() || wait::has_failed() {
            eprintln!("--- the end of {}'s log\n{}\n---", self.name, self.log_end());
        }
        // The guard holds the group's id until the pipe closes, so it cannot be another's by now.
        if let Ok(group) = self.pid() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let end = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
    }
}
