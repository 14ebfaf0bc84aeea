//! The task of a session.

use std::{io, pin::pin, time::SystemTime};

use bytes::{Bytes, BytesMut};
use irc::proto::Command;
use tokio::{
    io::AsyncReadExt,
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Arrival, CloseReason, Closed, EventKind, SendError, SessionConfig, SessionEvent,
    event::Feed,
    handle::{Request, Write},
    keepalive::{Keepalive, Silence},
    output::Output,
    socket::{self, Socket},
    turnstile::Turnstile,
};
use crate::{
    address::ServerAddress,
    caps::{self, CapChange},
    codec::{Codec, Frame, Limits},
    flood::Rate,
    message::{Head, Message, clean},
    registration::{Registration, Step},
    state::{Change, State},
};

/// How much is read at once.
const CHUNK: usize = 4096;

/// A session at work.
#[derive(Debug)]
pub(super) struct Actor {
    config: SessionConfig,
    feed: Feed,
    requests: mpsc::Receiver<Request>,
    state: watch::Sender<State>,
    shutdown: CancellationToken,

    input: BytesMut,
    codec: Codec,
    output: Output,
    turnstile: Turnstile,
    keepalive: Keepalive,
    phase: Phase,

    /// The consumer is a whole [`OUTSTANDING`](super::OUTSTANDING) behind.
    stalled: bool,
    /// Nothing more goes out, but the server's last words may still come in.
    write_failure: Option<CloseReason>,
    /// Nothing more comes in.
    ended: Option<CloseReason>,
    /// What the server said before it hung up.
    last_words: Option<CloseReason>,
    /// We said `QUIT`, or the server said `ERROR` or takes nothing more: when we hang up.
    hang_up: Option<Instant>,
    quitting: bool,
}

#[derive(Debug)]
enum Phase {
    /// Until the time given.
    Registering(Box<Registration>, Instant),
    Registered,
}

impl Actor {
    pub(super) fn new(
        config: SessionConfig,
        events: mpsc::Sender<SessionEvent>,
        requests: mpsc::Receiver<Request>,
        state: watch::Sender<State>,
        shutdown: CancellationToken,
    ) -> Self {
        let now = Instant::now();
        Self {
            feed: Feed::new(config.id, events),
            requests,
            state,
            shutdown,
            input: BytesMut::new(),
            codec: Codec::new(limits(&State::default())),
            output: Output::default(),
            turnstile: Turnstile::new(config.flood, config.queue, now),
            keepalive: Keepalive::new(now),
            phase: Phase::Registered,
            stalled: false,
            write_failure: None,
            ended: None,
            last_words: None,
            hang_up: None,
            quitting: false,
            config,
        }
    }

    #[tracing::instrument(name = "irc.session", skip_all, fields(session = self.config.id.0))]
    pub(super) async fn run(mut self) -> Closed {
        let (reason, server) = match self.open().await {
            Ok((socket, server)) => (self.converse(socket).await, Some(server)),
            Err(reason) => (reason, None),
        };
        let registered = matches!(self.phase, Phase::Registered) && server.is_some();
        tracing::debug!(%reason, registered, "session closed");
        self.output.fail();
        self.state.send_modify(|state| state.registered = false);

        let closed = Closed { reason, server, registered };
        // Requests and permits are answered by being dropped.
        let Self { feed, shutdown, config, .. } = self;
        let finish = feed.finish(closed.clone());
        if shutdown.is_cancelled() {
            // A consumer that stopped first must not hold up the end.
            let _ = timeout(config.timing.linger, finish).await;
        } else {
            finish.await;
        }
        closed
    }

    async fn open(&mut self) -> Result<(Socket, ServerAddress), CloseReason> {
        let feed = &mut self.feed;
        let opened = |server: &ServerAddress, local, remote| {
            feed.push(EventKind::Opened { server: server.clone(), local, remote });
        };
        tokio::select! {
            () = self.shutdown.cancelled() => Err(CloseReason::Quit),
            opened = socket::open(&self.config, opened) => opened,
        }
    }

    async fn converse(&mut self, socket: Socket) -> CloseReason {
        let (mut reader, mut writer) = tokio::io::split(socket);
        self.begin(Instant::now());
        let shutdown = self.shutdown.clone();
        let mut stop = pin!(shutdown.cancelled());
        let mut timer = pin!(sleep_until(self.next_deadline()));

        loop {
            if let Some(reason) = self.check(Instant::now()) {
                return reason;
            }
            let deadline = self.next_deadline();
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            let (room, slots) = (self.feed.room(), self.turnstile.slots());
            let waits = slots.is_some();
            tokio::select! {
                () = &mut stop, if !self.is_leaving() => self.leave(),
                read = read(&mut reader, &mut self.input), if !self.stalled && self.ended.is_none() => {
                    self.on_read(read);
                }
                written = self.output.drive(&mut writer), if self.writes() => self.on_written(written),
                request = self.requests.recv(), if !self.requests.is_closed() => self.on_request(request),
                () = self.feed.deliver(), if self.feed.is_behind() => {}
                () = room, if self.stalled => {
                    self.keepalive.heard(Instant::now());
                    self.on_input();
                }
                () = async { if let Some(slots) = slots { slots.await } }, if waits => {}
                () = &mut timer => {}
            }
        }
    }

    /// Begins to register.
    fn begin(&mut self, now: Instant) {
        let (registration, greeting) = Registration::begin(self.config.registrant.clone());
        self.phase = Phase::Registering(registration.into(), now + self.config.timing.register);
        self.keepalive.heard(now);
        self.write(&greeting);
    }

    /// Does what is due; the reason if the session is over.
    fn check(&mut self, now: Instant) -> Option<CloseReason> {
        if self.feed.is_abandoned() && !self.is_leaving() {
            self.leave();
        }
        if !self.stalled
            && let Some(ended) = self.ended.take()
        {
            return Some(self.last_reason(ended));
        }
        if self.hang_up.is_some_and(|at| at <= now) {
            let failure = self.write_failure.take();
            return Some(self.last_reason(failure.unwrap_or(CloseReason::Silent)));
        }
        match self.phase {
            Phase::Registering(_, until) if until <= now => {
                return Some(self.last_reason(CloseReason::RegistrationTimeout));
            }
            Phase::Registered if !self.is_leaving() => self.turnstile.advance(now),
            _ => {}
        }
        if self.stalled {
            return None;
        }
        match self.keepalive.check(now, &self.config.timing) {
            Silence::Short => None,
            Silence::Ask => {
                let token =
                    self.state.borrow().server.clone().unwrap_or_else(|| "alive".to_owned());
                self.write(&[Command::PING(token, None).into()]);
                None
            }
            Silence::Dead => Some(self.last_reason(CloseReason::Silent)),
        }
    }

    /// What the server said, or that we left, says more than how the socket ended.
    fn last_reason(&mut self, otherwise: CloseReason) -> CloseReason {
        let quit = self.quitting.then_some(CloseReason::Quit);
        quit.or_else(|| self.last_words.take()).unwrap_or(otherwise)
    }

    fn next_deadline(&self) -> Instant {
        let mut next = self.keepalive.next(&self.config.timing);
        if let Phase::Registering(_, until) = self.phase {
            next = next.min(until);
        }
        let others = [self.hang_up, self.turnstile.token_at()];
        others.into_iter().flatten().fold(next, Instant::min)
    }

    fn writes(&self) -> bool {
        self.output.has_work() && self.write_failure.is_none()
    }

    fn on_written(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.write_failure = Some(lost(&error));
            self.hang_up.get_or_insert(Instant::now() + self.config.timing.linger);
        }
    }

    fn is_leaving(&self) -> bool {
        self.hang_up.is_some()
    }

    /// Says `QUIT` and waits a little for the server to hang up: a socket closed with unread bytes in it
    /// could take what was written just before with it.
    fn leave(&mut self) {
        if !self.quitting {
            let reason = Some(self.config.quit_message.clone()).filter(|reason| !reason.is_empty());
            self.write(&[Command::QUIT(reason).into()]);
        }
        self.quitting = true;
        self.hang_up = Some(Instant::now() + self.config.timing.linger);
    }

    fn on_request(&mut self, request: Option<Request>) {
        match request {
            // The last handle is gone.
            None => {
                self.requests.close();
                if !self.is_leaving() {
                    self.leave();
                }
            }
            Some(Request::Permit { priority, lane, grant }) => {
                if !self.is_leaving() {
                    self.turnstile.request(priority, lane, grant);
                }
            }
            Some(Request::Write(write)) => self.on_write(write),
        }
    }

    fn on_write(&mut self, write: Write) {
        if self.is_leaving() || self.ended.is_some() {
            let _ = write.done.send(Err(SendError::NotWritten));
            return;
        }
        self.output.push(write.bytes.as_bytes(), write.done);
        self.turnstile.charge(write.lines.saturating_sub(1));
        if write.quits {
            self.quitting = true;
            self.leave();
        }
        // The order is settled: the next may have its turn.
        drop(write.slot);
    }

    fn on_read(&mut self, read: io::Result<usize>) {
        match read {
            Ok(0) => {
                self.ended = Some(CloseReason::Lost { why: "the server hung up".to_owned() });
            }
            Ok(_) => self.keepalive.heard(Instant::now()),
            Err(error) => self.ended = Some(lost(&error)),
        }
        self.on_input();
    }

    /// Takes in the lines that are there, as far as the consumer has room.
    fn on_input(&mut self) {
        self.stalled = false;
        loop {
            if !self.feed.has_room() {
                self.stalled = true;
                return;
            }
            match self.codec.decode(&mut self.input) {
                Some(Frame::Line(line)) => self.on_line(&line),
                Some(Frame::Overlong { bytes }) => self.on_overlong(bytes),
                None => break,
            }
        }
        if self.ended.is_some()
            && let Some(Frame::Overlong { bytes }) = self.codec.finish(&mut self.input)
        {
            self.on_overlong(bytes);
        }
    }

    fn on_overlong(&mut self, bytes: usize) {
        tracing::warn!(bytes, "the server sent a line that is too long; it is lost");
        self.feed.push(EventKind::Overlong { bytes });
    }

    fn on_line(&mut self, line: &Bytes) {
        let text = self.config.charset.decode(line);
        let text = clean(&text);
        let Ok(head) = Head::split(&text) else {
            tracing::debug!(bytes = line.len(), "a line without a command");
            return;
        };
        match head.command {
            "PING" => {
                let params = head.params().map(str::to_owned).collect();
                return self.write(&[Command::Raw("PONG".to_owned(), params).into()]);
            }
            "PONG" => return,
            _ => {}
        }
        let own = {
            let state = self.state.borrow();
            if state.registered && !self.config.interest.covers(&head, &state) {
                return;
            }
            state.is_own(&head)
        };
        if std::str::from_utf8(line).is_err() {
            metrics::counter!("bridge_irc_invalid_utf8_lines_total").increment(1);
            tracing::info!(bytes = line.len(), charset = ?self.config.charset, "a line is not UTF-8");
        }
        let message = Message::from(head);
        let mut change = Change::None;
        self.state.send_if_modified(|state| {
            change = state.observe(&message);
            change != Change::None
        });
        let follow = self.follow(&message, &change);
        if self.state.borrow().server.is_some() {
            let arrival = Arrival::new(message, SystemTime::now(), own);
            self.feed.message(arrival, line.len());
        }
        self.conclude(follow);
    }

    /// What follows from a message for the session itself.
    fn follow(&mut self, message: &Message, change: &Change) -> Step {
        if message.command == "ERROR" {
            self.last_words.get_or_insert_with(|| CloseReason::of_error(message.text()));
            self.hang_up.get_or_insert(Instant::now() + self.config.timing.linger);
        }
        if *change == Change::Isupport {
            let state = self.state.borrow();
            self.codec.set_limits(limits(&state));
            if state.isupport.safe_rate() {
                self.turnstile.set_rate(Rate::Unlimited, Instant::now());
            }
        }
        match &mut self.phase {
            Phase::Registering(registration, _) => {
                if let Some(refusal) = CloseReason::of_numeric(message) {
                    self.last_words = Some(refusal);
                }
                registration.on_message(message, change, &self.state.borrow())
            }
            Phase::Registered => match change {
                Change::Caps(CapChange::Offered(_)) => {
                    let missing = self.state.borrow().caps.missing(&self.config.registrant.caps);
                    Step::Send(caps::requests(&missing).into_iter().map(|(_, line)| line).collect())
                }
                _ => Step::Send(Vec::new()),
            },
        }
    }

    fn conclude(&mut self, step: Step) {
        match step {
            Step::Send(messages) => self.write(&messages),
            Step::Registered => {
                self.phase = Phase::Registered;
                self.state.send_modify(|state| state.registered = true);
                tracing::debug!("registered");
                self.feed.push(EventKind::Registered);
            }
            Step::Failed(error) => self.ended = Some(error.into()),
        }
    }

    /// Writes messages of the session's own, past the queue.
    fn write(&mut self, messages: &[Message]) {
        for message in messages {
            match message.to_line() {
                Ok(line) => self.output.push_line(&line),
                Err(error) => tracing::warn!(%error, "cannot write a message of our own"),
            }
        }
    }
}

async fn read(reader: &mut (impl AsyncReadExt + Unpin), input: &mut BytesMut) -> io::Result<usize> {
    if input.capacity() - input.len() < CHUNK / 4 {
        input.reserve(CHUNK);
    }
    reader.read_buf(input).await
}

/// Twice what the server announces: bouncers put longer masks into lines than the server counted on.
fn limits(state: &State) -> Limits {
    Limits::with_linelen(2 * state.isupport.line_length())
}

fn lost(error: &io::Error) -> CloseReason {
    CloseReason::Lost { why: error.to_string() }
}
