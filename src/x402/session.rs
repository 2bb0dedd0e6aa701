//! Sessions, a dialect of OpenGradient's gateways: one signed cap pays for several requests of one method and path.

use std::rc::Rc;

use futures_util::lock::Mutex;

use super::origin::Target;
use super::payment::PaymentRecord;
use crate::io::HttpRequest;

/// The header that names a session, in requests and answers.
pub(super) const HEADER: &str = "x-upto-session";
/// A session is left so many seconds before its signature ends.
const MARGIN: u64 = 10;
/// So many sessions are kept.
const MAX_SESSIONS: usize = 32;
/// Gateways end a session that is idle for so many seconds; one that ends sooner ends for another reason.
const IDLE: u64 = 90;
/// So many sessions in a row that end at once are no chance.
const MANY_CUT: u32 = 2;

/// What is shown again instead of paying again: both are bearer secrets, so there is no `Debug`.
#[derive(Clone)]
pub(super) struct Session {
    /// The id that the server gave, where it could be read.
    pub(super) id: Option<String>,
    /// The header that paid.
    pub(super) payment: (&'static str, String),
    pub(super) record: PaymentRecord,
    /// When its signature ends by our own clock.
    pub(super) until: u64,
    /// When it was opened, in unix seconds.
    pub(super) since: u64,
    /// Whether it has paid for a further request.
    pub(super) went_on: bool,
}

impl Session {
    /// The request with the session's proof.
    pub(super) fn apply(&self, mut request: HttpRequest) -> HttpRequest {
        let (name, value) = &self.payment;
        request.headers.push(match &self.id {
            Some(id) => ("X-Upto-Session".into(), id.clone()),
            None => ((*name).into(), value.clone()),
        });
        request
    }
}

/// An id is short and plain; anything else would not survive as a header.
pub(super) fn valid_id(id: &str) -> Option<String> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    ((1..=128).contains(&id.len()) && plain).then(|| id.to_owned())
}

/// Where a session is good.
type Place = (String, &'static str, String);

fn place(target: &Target, method: &'static str) -> Place {
    (target.origin.clone(), method, target.path.clone())
}

/// Lets one request at a time open a session of a place; the others wait for it.
pub(super) type Gate = Rc<Mutex<()>>;

/// The sessions that go on.
#[derive(Default)]
pub(super) struct Sessions {
    open: Vec<(Place, Session)>,
    gates: Vec<(Place, Gate)>,
    /// How many sessions in a row a place ended at once.
    cut: Vec<(Place, u32)>,
}

impl Sessions {
    /// The session for a place that is good at `now`.
    pub(super) fn find(&mut self, target: &Target, method: &'static str, now: u64) -> Option<Session> {
        self.open.retain(|(_, session)| session.until > now.saturating_add(MARGIN));
        let place = place(target, method);
        self.open.iter().find(|(at, _)| *at == place).map(|(_, session)| session.clone())
    }

    /// Opens a session, or replaces the one of its place.
    pub(super) fn open(&mut self, target: &Target, method: &'static str, session: Session) {
        self.close(target, method);
        if self.open.len() >= MAX_SESSIONS {
            self.open.remove(0);
        }
        self.open.push((place(target, method), session));
    }

    /// Forgets a session.
    pub(super) fn close(&mut self, target: &Target, method: &'static str) {
        let place = place(target, method);
        self.open.retain(|(at, _)| *at != place);
    }

    /// The gate of a place.
    pub(super) fn gate(&mut self, target: &Target, method: &'static str) -> Gate {
        self.gates.retain(|(_, gate)| Rc::strong_count(gate) > 1);
        let place = place(target, method);
        if let Some((_, gate)) = self.gates.iter().find(|(at, _)| *at == place) {
            return Rc::clone(gate);
        }
        let gate = Gate::default();
        self.gates.push((place, Rc::clone(&gate)));
        gate
    }

    /// The session paid for a further request.
    pub(super) fn goes_on(&mut self, target: &Target, method: &'static str) {
        let place = place(target, method);
        self.cut.retain(|(at, _)| *at != place);
        if let Some((_, session)) = self.open.iter_mut().find(|(at, _)| *at == place) {
            session.went_on = true;
        }
    }

    /// The server ended a session.
    pub(super) fn ended(&mut self, target: &Target, method: &'static str, session: &Session, now: u64) {
        self.close(target, method);
        let place = place(target, method);
        let at_once = !session.went_on && now.saturating_sub(session.since) < IDLE;
        let before = self.cut.iter().find(|(at, _)| *at == place).map_or(0, |(_, count)| *count);
        self.cut.retain(|(at, _)| *at != place);
        if at_once && self.cut.len() < MAX_SESSIONS {
            self.cut.push((place, before.saturating_add(1)));
        }
    }

    /// Whether a place ends each session at once: gateways stop serving one some minutes before its signature ends.
    pub(super) fn ends_at_once(&self, target: &Target, method: &'static str) -> bool {
        let place = place(target, method);
        self.cut.iter().any(|(at, count)| *at == place && *count >= MANY_CUT)
    }
}
