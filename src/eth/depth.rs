//! How deep a block lies in the chain.
//!
//! A receipt and the newest block's number may come from two moments, and from two branches: a number alone proves no confirmation.
//! So the blocks on top of a transaction's are read, and each must name the one below it as its parent.

use alloy_primitives::B256;

use super::replies::{hex_text, quantity};
use super::rpc::Rpc;
use crate::error::Error;

/// Blocks that are asked for in one request.
const STEP: u64 = 16;
/// The most blocks whose parents are looked at: no reorganisation goes deeper.
const MAX_LINKS: u64 = 64;

/// Whether a block, by its number and its hash, has at least `confirmations` on one branch; the block itself is the first of them. `head` is
/// the newest block's number as it was read. One HTTP request for sixteen blocks where more than one confirmation is wanted, else none.
///
/// # Errors
/// Those of [`Rpc`]'s reads.
pub(super) async fn is_deep(rpc: &Rpc, (block, hash): (u64, B256), head: u64, confirmations: u64) -> Result<bool, Error> {
    // The block is as new as the head, or newer.
    if head.max(block).saturating_sub(block).saturating_add(1) < confirmations {
        return Ok(false);
    }
    let last = block.saturating_add(confirmations.min(MAX_LINKS).saturating_sub(1));
    let (mut next, mut below) = (block.saturating_add(1), hash);
    while next <= last {
        let end = last.min(next.saturating_add(STEP - 1));
        let mut batch = rpc.batch().decides();
        for number in next..=end {
            batch.push("eth_getBlockByNumber", format!(r#"["0x{number:x}",false]"#));
        }
        let replies = batch.send().await?;
        for (at, number) in (next..=end).enumerate() {
            let Some(block) = replies.json(at)?.present() else { return Ok(false) };
            let [found, hash, parent] = block.fields(["number", "hash", "parentHash"]);
            let parent: B256 = hex_text(parent, "a block hash")?;
            if quantity(found)? != number || parent != below {
                return Ok(false);
            }
            below = hex_text(hash, "a block hash")?;
        }
        // The last number of all has none after it.
        let Some(after) = end.checked_add(1) else { break };
        next = after;
    }
    Ok(true)
}
