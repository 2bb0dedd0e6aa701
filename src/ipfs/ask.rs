//! One request to a gateway, and its body piece by piece within every limit.

use std::rc::Rc;

use futures_util::stream::StreamExt as _;

use super::delivery::{Job, Miss, append};
use super::fetch::milliseconds;
use super::location::{Place, check_web};
use super::support::Support;
use crate::error::{Error, Kind, public_url};
use crate::io::http::Traced;
use crate::io::{HttpBody, HttpFailure, HttpHead, HttpRequest, HttpStream, Reach};

/// A block as it is.
pub(super) const RAW_TYPE: &str = "application/vnd.ipld.raw";
/// Many of them.
pub(super) const CAR_TYPE: &str = "application/vnd.ipld.car";

/// Milliseconds after which a body that is there at once makes room for others, pages above all.
const TURN: u64 = 16;

/// A body, and how many bytes more it may have.
pub(super) struct Body {
    job: Rc<Job>,
    url: String,
    /// The request, in the trace.
    id: u32,
    pieces: HttpBody,
    left: usize,
    limit: usize,
    since: u64,
}

/// Sends one request; `None` when the gateway does not serve the form that `accept` asks for.
pub(super) async fn ask(
    job: &Rc<Job>,
    place: &Place,
    url: &str,
    accept: Option<&'static str>,
    limit: usize,
) -> Result<Option<(HttpHead, Body)>, Miss> {
    let headers = accept.map(|accept| ("accept".into(), accept.to_owned())).into_iter().collect();
    let timeout_ms = milliseconds(job.options.timeout);
    let is_free = !place.is_strange || job.options.allow_private_hosts;
    let reach = if is_free { Reach::Anywhere } else { Reach::PublicFromServers };
    let request = HttpRequest { headers, timeout_ms, max_bytes: limit, reach, ..HttpRequest::get(url) };
    let (io, id) = (&job.io, request.id);
    let traced = Traced::new(io, &request);
    let answer = io.within(timeout_ms, io.http.open(request)).await.unwrap_or(Err(HttpFailure::Timeout));
    traced.tell(io, answer.as_ref().map(|stream| (stream.head.status, None)));
    let HttpStream { head, body, .. } = answer.map_err(|failure| failed(url, id, &failure))?;
    // Where redirects led.
    if !head.url.is_empty() && check_web(&head.url).is_err() {
        let reason = "the gateway led to something other than http or https".to_owned();
        return Err(passed(Kind::IpfsFetch { url: public_url(url), reason }, id));
    }
    match head.status {
        200 => {
            let (job, url) = (Rc::clone(job), url.to_owned());
            let since = job.io.clock.now_ms();
            Ok(Some((head, Body { job, url, id, pieces: body, left: limit, limit, since })))
        }
        // What gateways say to a format that they do not know, or do not give to everyone.
        status @ (400 | 403 | 405 | 406 | 415 | 501) if accept.is_some() => {
            // These two may be meant for this content alone.
            if !matches!(status, 400 | 403) {
                let is_raw = accept == Some(RAW_TYPE);
                Support::remember(place, |known| *if is_raw { &mut known.raw } else { &mut known.car } = Some(false));
            }
            Ok(None)
        }
        status => Err(passed(Kind::IpfsGateway { gateway: public_url(url), status }, id)),
    }
}

impl Body {
    /// The next bytes; `None` at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<Vec<u8>>, Miss> {
        let io = &self.job.io;
        if io.clock.now_ms().saturating_sub(self.since) >= TURN {
            io.clock.sleep(0).await;
            self.since = io.clock.now_ms();
        }
        let idle = milliseconds(self.job.options.idle);
        let failure = match io.within(idle, self.pieces.next()).await {
            None => HttpFailure::Timeout,
            Some(Some(Err(failure))) => failure,
            Some(None) => return Ok(None),
            Some(Some(Ok(piece))) => match self.left.checked_sub(piece.len()) {
                None => HttpFailure::TooLarge(self.limit),
                Some(left) => {
                    self.left = left;
                    return Ok(Some(piece));
                }
            },
        };
        Err(failed(&self.url, self.id, &failure))
    }

    /// All of it.
    pub(super) async fn whole(mut self) -> Result<Vec<u8>, Miss> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            append(&mut whole, piece);
        }
        Ok(whole)
    }
}

fn failed(url: &str, id: u32, failure: &HttpFailure) -> Miss {
    let mut reason = failure.to_string();
    if matches!(failure, HttpFailure::NotPublic(_)) {
        reason.push_str("; allowPrivateHosts takes such links");
    }
    passed(Kind::IpfsFetch { url: public_url(url), reason }, id)
}

/// What became of the request with this number in the trace.
fn passed(kind: Kind, id: u32) -> Miss {
    Miss::Passed(Error::from(kind).of_request(id))
}
