//! Sessions, a dialect of OpenGradient's gateways: one signed cap pays for several requests of one method and path.

use super::origin::Target;
use super::payment::PaymentRecord;
use crate::io::HttpRequest;

/// The header that names a session, in requests and answers.
pub(super) const HEADER: &str = "x-upto-session";
/// A session is left so many seconds before its signature ends.
const MARGIN: u64 = 10;
/// So many sessions are kept.
const MAX_SESSIONS: usize = 32;

/// What is shown again instead of paying again: both are bearer secrets, so there is no `Debug`.
#[derive(Clone)]
pub(super) struct Session {
    /// The id that the server gave, where it could be read.
    pub(super) id: Option<String>,
    /// The header that paid.
    pub(super) payment: (&'static str, String),
    pub(super) record: PaymentRecord,
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

/// The sessions that go on.
#[derive(Default)]
pub(super) struct Sessions(Vec<(Place, Session)>);

impl Sessions {
    /// The session for a place that is good at `now`.
    pub(super) fn find(&mut self, target: &Target, method: &'static str, now: u64) -> Option<Session> {
        self.0.retain(|(_, session)| session.record.deadline > now.saturating_add(MARGIN));
        let place = place(target, method);
        self.0.iter().find(|(at, _)| *at == place).map(|(_, session)| session.clone())
    }

    /// Opens a session, or replaces the one of its place.
    pub(super) fn open(&mut self, target: &Target, method: &'static str, session: Session) {
        self.close(target, method);
        if self.0.len() >= MAX_SESSIONS {
            self.0.remove(0);
        }
        self.0.push((place(target, method), session));
    }

    /// Forgets a session.
    pub(super) fn close(&mut self, target: &Target, method: &'static str) {
        let place = place(target, method);
        self.0.retain(|(at, _)| *at != place);
    }
}
