//! What one gateway delivers: asked in the form that costs the fewest requests, proven before it is handed on.
//!
//! ```text
//! a block   ?format=raw   the hash of the bytes is the CID's                         one request for a small document
//! a CAR     ?format=car   block by block, as they come (walk)                        large files, paths, streams
//! blocks    ?format=raw   each by itself, in the walk's order                        where there is no CAR
//! the file                built into a tree again under the known layouts (verify)   where there are no blocks
//! ```
//!
//! A gateway that does not know `format` answers with the file, which is then checked as such: still one request. What a
//! gateway turned out to know is remembered in memory for the next time.

use std::rc::Rc;

use super::ask::{Body, CAR_TYPE, RAW_TYPE, ask};
use super::blocks::Blocks;
use super::car;
use super::cid::{Cid, DAG_PB};
use super::error::Error as IpfsError;
use super::fetch::{FetchOptions, Verify};
use super::location::{Location, Place};
use super::source::{Memory, prove};
use super::support::Support;
use super::verify::{Block, MAX_BLOCK, Proof};
use super::walk::{Walker, wire_limit};
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpHead, Io};

const CAR_ACCEPT: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
/// The parameters say the same as the header: which of both counts depends on a gateway's age.
const CAR_QUERY: &str = "format=car&dag-scope=entity&car-version=1&car-order=dfs&car-dups=y";

/// Files of up to this size are one block under every layout in use, so that a mismatch is a lie and no unknown layout.
const ONE_BLOCK: usize = 256 << 10;

/// What is to be fetched.
pub(super) struct Job {
    pub(super) io: Io,
    pub(super) location: Location,
    pub(super) options: FetchOptions,
    /// The CID to check against; `None` when nothing can or shall be checked.
    pub(super) checked: Option<Cid>,
    /// Whether the pieces are wanted as they come.
    pub(super) streaming: bool,
}

impl Job {
    pub(super) fn cid(&self) -> Option<String> {
        self.location.cid.map(|cid| cid.to_string())
    }

    /// The URL at which a gateway has content in a form.
    pub(super) fn form(&self, place: &Place, cid: &Cid, path: &str, format: &str) -> Result<String, Miss> {
        let url = place.form(cid, path, format);
        url.ok_or_else(|| Miss::Passed(self.unverified(&place.url, "there is no gateway to ask")))
    }

    pub(super) fn unverified(&self, url: &str, reason: &str) -> Error {
        Kind::ContentUnverified { url: public_url(url), cid: self.cid(), reason: reason.to_owned() }.into()
    }
}

/// Why a gateway's delivery is of no use.
pub(super) enum Miss {
    /// Another one may do better.
    Passed(Error),
    /// The content itself is at fault, as proven blocks show: none can do better.
    Final(Error),
    /// Bytes that nothing proves or disproves.
    Unproven(Box<Delivery>, Error),
}

/// One gateway's delivery.
pub(super) struct Delivery {
    job: Rc<Job>,
    place: Place,
    state: State,
    /// Bytes that are there without asking further.
    ready: Vec<u8>,
    /// The URL that was asked last.
    url: String,
    /// How the bytes are proven; `None` when they are not.
    pub(super) layout: Option<&'static str>,
    /// The gateway's word for the file.
    pub(super) content_type: Option<String>,
    /// The file's bytes, where known before they are there.
    pub(super) size: Option<u64>,
}

enum State {
    Car(Body, car::Reader, Walker),
    Blocks(Blocks, Walker),
    Plain(Body),
    Over,
}

impl Delivery {
    /// Asks a gateway until it is clear in which form it delivers.
    pub(super) async fn open(job: Rc<Job>, place: Place) -> Result<Self, Miss> {
        let url = place.url.clone();
        let ready = Vec::new();
        let mut this = Self { job, place, state: State::Over, ready, url, layout: None, content_type: None, size: None };
        let Some(cid) = this.job.checked else {
            this.state = State::Plain(this.ask_plain().await?);
            return Ok(this);
        };
        let job = Rc::clone(&this.job);
        let has_path = !job.location.path.is_empty();
        let mut walker = this.walker(&cid)?;
        if cid.identity().is_some() {
            this.layout = Some("identity");
            this.size = walker.size();
            this.ready = walker.piece();
            this.state = State::Blocks(Blocks::default(), walker);
            return Ok(this);
        }
        let known = Support::of(&this.place);
        let mut car = cid.codec() == DAG_PB && known.car != Some(false);
        if car && (has_path || job.streaming) {
            if this.open_car(&cid, None).await? {
                return Ok(this);
            }
            car = false;
        }
        if known.raw != Some(false) && this.open_block(&cid, &mut walker).await? {
            return Ok(this);
        }
        if walker.blocks() > 0 {
            if !(car && this.open_car(&cid, walker.size()).await?) {
                this.layout = Some("blocks");
                this.size = walker.size();
                this.state = State::Blocks(Blocks::default(), walker);
            }
            return Ok(this);
        }
        // Blocks that are refused one by one may be had in a CAR.
        if car && this.open_car(&cid, None).await? {
            return Ok(this);
        }
        if has_path && job.options.verify == Verify::Require {
            let reason = "the gateway serves no blocks, and a path below a directory cannot be checked without them";
            return Err(Miss::Passed(job.unverified(&this.place.url, reason)));
        }
        let body = this.ask_plain().await?;
        let bytes = body.whole().await?;
        this.check(&cid, bytes).await?;
        Ok(this)
    }

    /// The next bytes, proven unless `layout` is `None`; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Miss> {
        loop {
            if !self.ready.is_empty() {
                return Ok(Some(self.drain()));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(None),
                State::Plain(mut body) => {
                    let piece = body.piece().await?;
                    if piece.is_some() {
                        self.state = State::Plain(body);
                    }
                    return Ok(piece);
                }
                State::Car(body, reader, walker) => self.read_car(body, reader, walker).await?,
                State::Blocks(mut blocks, mut walker) => {
                    let wanted = Blocks::ahead(walker.upcoming());
                    let Some((cid, block)) = blocks.first(&self.job, &self.place, wanted).await? else { return Ok(None) };
                    walker.take_block(&cid, block).map_err(|error| self.miss(error))?;
                    self.ready = walker.piece();
                    self.state = State::Blocks(blocks, walker);
                }
            }
        }
    }

    /// The file's own URL at this gateway.
    pub(super) fn source(&self) -> &str {
        &self.place.url
    }

    /// Everything that is there without asking further.
    pub(super) fn drain(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ready)
    }

    fn walker(&self, cid: &Cid) -> Result<Walker, Miss> {
        let limit = self.job.options.max_bytes as u64;
        Walker::new(*cid, &self.job.location.path, limit).map_err(|error| self.miss(error))
    }

    /// Asks for the root's block. Whether it is all that is needed; otherwise the walker may have taken it.
    async fn open_block(&mut self, cid: &Cid, walker: &mut Walker) -> Result<bool, Miss> {
        let is_node = cid.codec() == DAG_PB;
        let url = self.job.form(&self.place, cid, "", "format=raw")?;
        // The answer may be the file itself.
        let limit = self.job.options.max_bytes.saturating_add(if is_node { MAX_BLOCK } else { 0 });
        let Some((head, body)) = self.ask(url, Some(RAW_TYPE), limit).await? else { return Ok(false) };
        let says_raw = is_type(&head, RAW_TYPE);
        let block = Block::hash(&self.job.io, body.whole().await?).await;
        match block.verify(cid) {
            Ok(()) => {
                if is_node {
                    Support::remember(&self.place, |known| known.raw = Some(true));
                }
                walker.take_block(cid, block).map_err(|error| self.miss(error))?;
                if walker.wanted().is_some() {
                    return Ok(false);
                }
                self.ready = walker.piece();
                self.size = walker.size();
                // A file of one node is named as the plain file would be.
                let own = prove(&Memory { io: &self.job.io, bytes: &self.ready }, cid).await;
                self.layout = Some(own.unwrap_or(Proof::Leaf).name());
                Ok(true)
            }
            Err(error) if says_raw || !is_node => Err(self.miss(error)),
            Err(_) if self.job.location.path.is_empty() => {
                self.check(cid, block.into_bytes()).await?;
                Support::remember(&self.place, |known| known.raw = Some(false));
                Ok(true)
            }
            Err(_) => {
                Support::remember(&self.place, |known| known.raw = Some(false));
                Ok(false)
            }
        }
    }

    /// Asks for a CAR. Whether the delivery is on its way; `root_size` is the file's, when its blocks can be had too.
    async fn open_car(&mut self, cid: &Cid, root_size: Option<u64>) -> Result<bool, Miss> {
        let job = Rc::clone(&self.job);
        let path = &job.location.path;
        let url = job.form(&self.place, cid, path, CAR_QUERY)?;
        let limit = wire_limit(job.options.max_bytes, path);
        let Some((head, body)) = self.ask(url, Some(CAR_ACCEPT), limit).await? else { return Ok(false) };
        if is_type(&head, CAR_TYPE) {
            Support::remember(&self.place, |known| known.car = Some(true));
            self.state = State::Car(body, car::Reader::default(), self.walker(cid)?);
            self.layout = Some("blocks");
            self.size = root_size;
            return Ok(true);
        }
        Support::remember(&self.place, |known| known.car = Some(false));
        // The file itself is on its way. It costs no further request, but it is proven at its end only.
        if !path.is_empty() || (root_size.is_some() && job.streaming) {
            return Ok(false);
        }
        let bytes = body.whole().await?;
        match self.check(cid, bytes).await {
            Err(_) if root_size.is_some() => Ok(false),
            checked => checked.map(|()| true),
        }
    }

    /// Reads a CAR up to the next proven bytes. One that has not every block in its place may still come from a gateway that
    /// serves each by itself: some leave out what they have sent before.
    async fn read_car(&mut self, mut body: Body, mut reader: car::Reader, mut walker: Walker) -> Result<(), Miss> {
        let fault = loop {
            match reader.next_block() {
                Ok(Some((cid, block))) => match walker.take_block(&cid, Block::hash(&self.job.io, block).await) {
                    Ok(()) => {
                        self.size = walker.size();
                        self.ready = walker.piece();
                        // What follows a complete file is not read.
                        if walker.wanted().is_none() {
                            return Ok(());
                        }
                        if !self.ready.is_empty() {
                            self.state = State::Car(body, reader, walker);
                            return Ok(());
                        }
                    }
                    Err(fault @ IpfsError::Block { .. }) => break fault,
                    Err(error) => return Err(self.miss(error)),
                },
                Ok(None) => match body.piece().await? {
                    Some(piece) => reader.push(&piece),
                    None => {
                        break reader.finish().and_then(|()| walker.finish()).err().unwrap_or(IpfsError::BadCar { reason: "" });
                    }
                },
                Err(fault) => break fault,
            }
        };
        if Support::of(&self.place).raw == Some(false) {
            return Err(self.miss(fault));
        }
        self.state = State::Blocks(Blocks::default(), walker);
        Ok(())
    }

    /// Checks a whole file by building its tree again.
    async fn check(&mut self, cid: &Cid, bytes: Vec<u8>) -> Result<(), Miss> {
        let proof = if self.job.location.path.is_empty() {
            prove(&Memory { io: &self.job.io, bytes: &bytes }, cid).await.map(|proof| proof.name())
        } else {
            Ok("")
        };
        match proof {
            Ok("") => Err(self.unproven(bytes, self.job.unverified(&self.url, "a path cannot be checked without its blocks"))),
            Ok(name) => {
                self.layout = Some(name);
                self.size = Some(bytes.len() as u64);
                self.ready = bytes;
                Ok(())
            }
            Err(error) if bytes.len() > ONE_BLOCK && cid.codec() == DAG_PB => {
                let error = error.at(&self.url, self.job.cid());
                Err(self.unproven(bytes, error))
            }
            Err(error) => Err(self.miss(error)),
        }
    }

    fn unproven(&self, bytes: Vec<u8>, error: Error) -> Miss {
        let delivery = Self {
            job: Rc::clone(&self.job),
            place: self.place.clone(),
            state: State::Over,
            size: Some(bytes.len() as u64),
            ready: bytes,
            url: self.url.clone(),
            layout: None,
            content_type: self.content_type.clone(),
        };
        Miss::Unproven(Box::new(delivery), error)
    }

    async fn ask_plain(&mut self) -> Result<Body, Miss> {
        let (url, limit) = (self.place.url.clone(), self.job.options.max_bytes);
        let answer = self.ask(url, None, limit).await?;
        answer.map(|(_, body)| body).ok_or_else(|| Miss::Passed(self.job.unverified(&self.url, "the gateway refused")))
    }

    async fn ask(&mut self, url: String, accept: Option<&'static str>, limit: usize) -> Result<Option<(HttpHead, Body)>, Miss> {
        self.url = url;
        let answer = ask(&self.job, &self.place, &self.url, accept, limit).await?;
        if let Some((head, _)) = &answer {
            let content_type = head.header("content-type").filter(|found| !found.starts_with("application/vnd.ipld."));
            self.content_type = content_type.map(str::to_owned);
        }
        Ok(answer)
    }

    fn miss(&self, error: IpfsError) -> Miss {
        let is_final = error.is_final();
        let error = error.at(&self.url, self.job.cid());
        if is_final { Miss::Final(error) } else { Miss::Passed(error) }
    }
}

/// Appends without copying what comes first.
pub(super) fn append(whole: &mut Vec<u8>, piece: Vec<u8>) {
    if whole.is_empty() {
        *whole = piece;
    } else {
        whole.extend_from_slice(&piece);
    }
}

fn is_type(head: &HttpHead, wanted: &str) -> bool {
    let found = head.header("content-type").and_then(|found| found.split(';').next()).unwrap_or_default();
    found.trim().eq_ignore_ascii_case(wanted)
}
