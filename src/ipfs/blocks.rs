//! Blocks, each by its own request, some ahead of their turn: a gateway without CARs would else cost a round trip for each.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::ask::{RAW_TYPE, ask};
use super::cid::Cid;
use super::delivery::{Job, Miss};
use super::location::Place;
use super::verify::{Block, MAX_BLOCK};

/// How many are asked for at once; so many are in memory.
const AHEAD: usize = 6;

type Answer = Result<Block, Miss>;

/// The blocks that were asked for and not taken yet.
#[derive(Default)]
pub(super) struct Blocks(Vec<Asked>);

struct Asked {
    cid: Cid,
    answer: Option<Answer>,
    request: LocalBoxFuture<'static, Answer>,
}

impl Blocks {
    /// The first of the `wanted` blocks, unchecked; the next ones are on their way meanwhile.
    pub(super) async fn first(&mut self, job: &Rc<Job>, place: &Place, wanted: Vec<Cid>) -> Result<Option<(Cid, Block)>, Miss> {
        let Some(first) = wanted.first().copied() else { return Ok(None) };
        for cid in wanted {
            if self.0.len() < AHEAD && self.0.iter().all(|asked| asked.cid != cid) {
                let request = request(Rc::clone(job), place.clone(), cid).boxed_local();
                self.0.push(Asked { cid, answer: None, request });
            }
        }
        let answer = poll_fn(|cx| {
            for asked in &mut self.0 {
                if asked.answer.is_none()
                    && let Poll::Ready(answer) = asked.request.poll_unpin(cx)
                {
                    asked.answer = Some(answer);
                }
            }
            let ready = self.0.iter().position(|asked| asked.cid == first && asked.answer.is_some());
            ready.map_or(Poll::Pending, |at| Poll::Ready(self.0.remove(at).answer))
        });
        answer.await.transpose().map(|block| block.map(|block| (first, block)))
    }

    /// What may be asked for ahead.
    pub(super) fn ahead<'a>(upcoming: impl Iterator<Item = &'a Cid>) -> Vec<Cid> {
        upcoming.take(AHEAD).copied().collect()
    }
}

async fn request(job: Rc<Job>, place: Place, cid: Cid) -> Answer {
    let url = job.form(&place, &cid, "", "format=raw")?;
    let Some((_, body)) = ask(&job, &place, &url, Some(RAW_TYPE), MAX_BLOCK).await? else {
        return Err(Miss::Passed(job.unverified(&url, "the gateway serves no blocks")));
    };
    Ok(Block::hash(&job.io, body.whole().await?).await)
}
