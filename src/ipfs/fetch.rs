//! Content from gateways, believed only when it is what its CID names.
//!
//! The link's own gateway is asked first, then the caller's in their order, or several at once; the first whose bytes are
//! proven is taken. One that lies, stalls, floods or fails is passed over. How one is asked is `delivery`'s business.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};

use super::delivery::{Delivery, Job, Miss, append};
use super::location::{Location, Place, check_gateway};
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpFailure, Io};
use crate::json::Json;

/// What to do about proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Content without proof is an error.
    Require,
    /// Content that cannot be checked is given, unproven: without a CID, of another hash function than SHA-256, or a file of
    /// an unknown layout or below a path from gateways that serve no blocks. Content against its CID is an error.
    Prefer,
    /// Nothing is checked.
    Never,
}

/// How content is fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchOptions {
    /// What to do about proof.
    pub verify: Verify,
    /// Seconds for each gateway: for all of [`fetch`], and for each proven piece of [`fetch_stream`].
    pub timeout: f64,
    /// Seconds for which a gateway may be silent in the middle of an answer.
    pub idle: f64,
    /// The most bytes of content.
    pub max_bytes: usize,
    /// Gateways in place of the network's.
    pub gateways: Option<Vec<String>>,
    /// How many are asked at once; 0 counts as 1.
    pub race: usize,
    /// On servers: whether a link may lead to this machine, its own network or a cloud's metadata service. Gateways are the caller's own and
    /// may be anywhere, and so may links that are there.
    pub allow_private_hosts: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            verify: Verify::Require,
            timeout: 30.0,
            idle: 10.0,
            max_bytes: 64 << 20,
            gateways: None,
            race: 1,
            allow_private_hosts: false,
        }
    }
}

/// Content, and how it is known to be what its CID names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The CID in the link.
    pub cid: Option<String>,
    /// Where the bytes came from: the file's own URL, also when its blocks were asked for.
    pub url: String,
    /// How they are proven: `raw-block`, `blocks`, or the layout under which they have the CID; `None` when they are not.
    pub layout: Option<&'static str>,
    /// What the gateway calls them. Its word alone, and missing where blocks were fetched.
    pub content_type: Option<String>,
}

impl Content {
    /// The bytes as text.
    ///
    /// # Errors
    /// [`Kind::IpfsFetch`] when they are not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.bytes).map_err(|_| self.unfit("expected UTF-8 text, but found other bytes"))
    }

    /// The bytes as JSON of at most [`MAX_DEPTH`](crate::json::MAX_DEPTH) levels.
    ///
    /// # Errors
    /// [`Kind::IpfsFetch`] when they are not.
    pub fn json(&self) -> Result<Json<'_>, Error> {
        Json::parse(self.text()?).ok_or_else(|| self.unfit("expected JSON of at most 128 levels, but found other text"))
    }

    fn unfit(&self, reason: &str) -> Error {
        Kind::IpfsFetch { url: public_url(&self.url), reason: reason.to_owned() }.into()
    }
}

/// Bytes in their order; an error is the last item.
pub type Pieces = LocalBoxStream<'static, Result<Vec<u8>, Error>>;

/// Content whose bytes are still coming.
pub struct ContentStream {
    /// The CID in the link.
    pub cid: Option<String>,
    /// Where the first bytes came from.
    pub url: String,
    /// As in [`Content`]: each piece is proven when it comes.
    pub layout: Option<&'static str>,
    /// As in [`Content`].
    pub content_type: Option<String>,
    /// How many bytes there are, where known.
    pub size: Option<u64>,
    /// The bytes. Dropping them aborts what is under way.
    pub pieces: Pieces,
}

/// Seconds as callers give them → milliseconds.
pub(crate) fn milliseconds(seconds: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 or more; saturates")]
    ((seconds * 1000.0) as u64)
}

/// Fetches what a link names, whole. A document of one block costs one HTTP request for each gateway asked, a larger file one
/// more where the gateway has CARs.
///
/// # Errors
/// [`Kind::InvalidInput`] for a link that is none; [`Kind::ContentUnverified`] when bytes came and none proved right;
/// [`Kind::IpfsGateway`] or [`Kind::IpfsFetch`] when none came, or when proven blocks show that the link leads to no file.
pub async fn fetch(io: &Io, gateways: &[String], link: &str, options: &FetchOptions) -> Result<Content, Error> {
    let (job, mut places) = prepare(io, gateways, link, options, false)?;
    let (delivery, bytes) = first_proven(&job, &mut places, link).await?;
    let url = delivery.source().to_owned();
    Ok(Content { bytes, cid: job.cid(), url, layout: delivery.layout, content_type: delivery.content_type })
}

/// Fetches what a link names, piece by piece, each proven before it is given. When a gateway fails on the way the next one
/// goes on where it stopped. Where gateways serve the plain file alone, that is read whole before its first piece.
///
/// # Errors
/// As [`fetch`], until the first piece is there; later ones are the stream's last item.
pub async fn fetch_stream(io: &Io, gateways: &[String], link: &str, options: &FetchOptions) -> Result<ContentStream, Error> {
    let (job, mut places) = prepare(io, gateways, link, options, true)?;
    let cid = job.cid();
    let (delivery, first) = first_proven(&job, &mut places, link).await?;
    let (url, layout, size) = (delivery.source().to_owned(), delivery.layout, delivery.size);
    let content_type = delivery.content_type.clone();
    let link = link.to_owned();
    let feed = Feed { job, link, places, delivery, first: Some(first), given: 0, skip: 0 };
    let pieces = stream::unfold(Some(feed), |feed| async move {
        let mut feed = feed?;
        match feed.next().await.transpose()? {
            Ok(piece) => Some((Ok(piece), Some(feed))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(ContentStream { cid, url, layout, content_type, size, pieces: pieces.boxed_local() })
}

fn prepare(
    io: &Io,
    gateways: &[String],
    link: &str,
    options: &FetchOptions,
    streaming: bool,
) -> Result<(Rc<Job>, Vec<Place>), Error> {
    let location = Location::parse(link).map_err(|error| error.at(link, None))?;
    let gateways = options.gateways.as_deref().unwrap_or(gateways);
    for gateway in gateways {
        check_gateway(gateway).map_err(|error| Error::input("gateways", error.to_string()))?;
    }
    let checkable = location.cid.filter(|cid| cid.identity().is_some() || cid.sha2_256().is_ok());
    if options.verify == Verify::Require && checkable.is_none() {
        let no_cid = "the link holds no CID to check against".to_owned();
        let cid = location.cid;
        let reason = cid.and_then(|cid| cid.sha2_256().err()).map_or(no_cid, |error| error.to_string());
        return Err(Kind::ContentUnverified { url: public_url(link), cid: cid.map(|cid| cid.to_string()), reason }.into());
    }
    let mut places = location.places(gateways);
    let stands_in_link = location.cid.is_some_and(|cid| cid.identity().is_some());
    if stands_in_link && places.is_empty() {
        places.push(Place::nowhere(link));
    }
    let checked = checkable.filter(|_| stands_in_link || options.verify != Verify::Never);
    Ok((Rc::new(Job { io: io.clone(), location, options: options.clone(), checked, streaming }), places))
}

type Attempt = LocalBoxFuture<'static, Result<(Delivery, Vec<u8>), Miss>>;

/// Opens a delivery and waits for its first piece, or for all of them.
fn attempt(job: &Rc<Job>, place: &Place) -> Attempt {
    let (job, place) = (Rc::clone(job), place.clone());
    async move {
        let work = async {
            let mut delivery = Delivery::open(Rc::clone(&job), place.clone()).await?;
            let mut bytes = Vec::new();
            while let Some(piece) = delivery.next().await? {
                append(&mut bytes, piece);
                if job.streaming {
                    break;
                }
            }
            Ok((delivery, bytes))
        };
        let done = job.io.within(milliseconds(job.options.timeout), work).await;
        done.unwrap_or_else(|| Err(Miss::Passed(late(&place.url))))
    }
    .boxed_local()
}

fn late(url: &str) -> Error {
    Kind::IpfsFetch { url: public_url(url), reason: HttpFailure::Timeout.to_string() }.into()
}

/// The first of several attempts at once that succeeds. The gateways that failed, and the one that is taken, leave `places`.
async fn first_proven(job: &Rc<Job>, places: &mut Vec<Place>, link: &str) -> Result<(Delivery, Vec<u8>), Error> {
    let mut failures = Failures::default();
    let mut waiting = std::mem::take(places).into_iter();
    // Those that are asked now; what comes of the others is not waited for.
    let mut asked: Vec<(Place, Attempt)> = Vec::new();
    loop {
        while asked.len() < job.options.race.max(1)
            && let Some(place) = waiting.next()
        {
            let attempt = attempt(job, &place);
            asked.push((place, attempt));
        }
        let first = poll_fn(|cx| {
            let ready = asked.iter_mut().enumerate().find_map(|(index, (_, attempt))| match attempt.poll_unpin(cx) {
                Poll::Ready(result) => Some((index, result)),
                Poll::Pending => None,
            });
            match ready {
                None if !asked.is_empty() => Poll::Pending,
                ready => Poll::Ready(ready),
            }
        });
        match first.await {
            None => break,
            Some((index, result)) => {
                drop(asked.remove(index));
                match result {
                    Ok(done) => {
                        places.extend(asked.into_iter().map(|(place, _)| place).chain(waiting));
                        return Ok(done);
                    }
                    Err(miss) => failures.add(miss, job)?,
                }
            }
        }
    }
    let mut delivery = failures.unproven(job, link)?;
    let bytes = delivery.drain();
    Ok((delivery, bytes))
}

/// What went wrong so far.
#[derive(Default)]
struct Failures {
    unproven: Option<Box<Delivery>>,
    told: Option<Error>,
}

impl Failures {
    fn add(&mut self, miss: Miss, job: &Job) -> Result<(), Error> {
        let error = match miss {
            Miss::Final(error) => return Err(error),
            Miss::Passed(error) => error,
            Miss::Unproven(delivery, error) => {
                if job.options.verify == Verify::Prefer {
                    self.unproven.get_or_insert(delivery);
                }
                error
            }
        };
        // A lie is told before any other failure: it is what the caller should know of.
        let lied = |error: &Error| matches!(**error, Kind::ContentUnverified { .. });
        if lied(&error) || !self.told.as_ref().is_some_and(lied) {
            self.told = Some(error);
        }
        Ok(())
    }

    fn unproven(self, job: &Job, link: &str) -> Result<Delivery, Error> {
        let Self { unproven, told } = self;
        let none = || job.unverified(link, "there is no gateway to ask");
        unproven.map(|delivery| *delivery).ok_or_else(|| told.unwrap_or_else(none))
    }
}

/// A stream under way.
struct Feed {
    job: Rc<Job>,
    link: String,
    /// Gateways that were not asked yet.
    places: Vec<Place>,
    delivery: Delivery,
    first: Option<Vec<u8>>,
    /// Bytes given to the caller.
    given: u64,
    /// Bytes still to be left out, because the caller has them from another gateway.
    skip: u64,
}

impl Feed {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let piece = match self.first.take() {
                Some(first) => Some(first),
                None => self.proven().await?,
            };
            let Some(mut piece) = piece else { return Ok(None) };
            let left_out = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
            self.skip -= left_out as u64;
            piece.drain(..left_out);
            if !piece.is_empty() {
                self.given += piece.len() as u64;
                return Ok(Some(piece));
            }
        }
    }

    async fn proven(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let limit = milliseconds(self.job.options.timeout);
        let error = match self.job.io.within(limit, self.delivery.next()).await {
            Some(Ok(piece)) => return Ok(piece),
            Some(Err(Miss::Final(error))) => return Err(error),
            Some(Err(Miss::Passed(error) | Miss::Unproven(_, error))) => error,
            None => late(self.delivery.source()),
        };
        // Bytes without proof cannot be joined with another gateway's.
        if self.delivery.layout.is_none() {
            return Err(error);
        }
        match first_proven(&self.job, &mut self.places, &self.link).await {
            Ok((delivery, first)) if delivery.layout.is_some() => {
                (self.delivery, self.skip) = (delivery, self.given);
                Ok(Some(first))
            }
            _ => Err(error),
        }
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
