//! Looking at an account's nonces and clearing what is stuck.

use alloy_primitives::Address;

use super::client::Client;
use super::types::NonceInfo;
use crate::error::Error;
use crate::eth::replies::{amount, hex_text};
use crate::eth::tx::{self, TxOptions};
use crate::json::Json;

/// How far an account's nonces have come. One request.
///
/// # Errors
/// Those of [`Rpc`](crate::eth::rpc::Rpc)'s reads.
pub async fn info(client: &Client, address: Address) -> Result<NonceInfo, Error> {
    let mut batch = client.rpc.batch().decides();
    let mined = batch.push("eth_getTransactionCount", format!(r#"["{address:?}","latest"]"#));
    let pending = batch.push("eth_getTransactionCount", format!(r#"["{address:?}","pending"]"#));
    let replies = batch.send().await?;
    let pending_nonce = replies.quantity(pending)?;
    let mined_nonce = replies.quantity(mined)?;
    let pending_count = pending_nonce.saturating_sub(mined_nonce);
    let cached = client.book.cached(client.network.chain_id, address);
    Ok(NonceInfo {
        address,
        mined_nonce,
        pending_nonce,
        cached_nonce: cached.filter(|next| *next > pending_nonce),
        has_pending: pending_count > 0,
        pending_count,
    })
}

/// Takes the place of every stuck transaction of the signer with a transfer of nothing to itself, one wallet window
/// each, for a fifth more than the highest price among them and the chain's; then forgets the book. Answers the next
/// nonce.
///
/// # Errors
/// [`Kind::Nonce`] with the hash when the wallet ignores the suggested nonce: then only the wallet itself can cancel.
pub async fn fix(client: &Client, options: &TxOptions) -> Result<u64, Error> {
    let signer = client.signer("client")?;
    let account = signer.account;
    let mut batch = client.rpc.batch().decides();
    let mined = batch.push("eth_getTransactionCount", format!(r#"["{account:?}","latest"]"#));
    let pending = batch.push("eth_getTransactionCount", format!(r#"["{account:?}","pending"]"#));
    let price = batch.push("eth_gasPrice", "[]");
    let head = batch.push("eth_blockNumber", "[]");
    let pool = batch.push("eth_getBlockByNumber", r#"["pending",true]"#);
    let replies = batch.send().await?;
    let (mined, pending) = (replies.quantity(mined)?, replies.quantity(pending)?);
    let mut highest = replies.amount(price)?;
    // A node without a pending block leaves the chain's price.
    let transactions = replies.json(pool).ok().and_then(|block| block.get("transactions"));
    for transaction in transactions.into_iter().flat_map(Json::elements) {
        let [from, price, most] = transaction.fields(["from", "gasPrice", "maxFeePerGas"]);
        if hex_text::<Address>(from, "an address")? == account {
            for price in [price, most].into_iter().flatten() {
                highest = highest.max(amount(Some(price))?);
            }
        }
    }
    let offered = u128::try_from(highest).unwrap_or(u128::MAX / 2);
    let offered = offered.saturating_add(offered / 5).saturating_add(1);
    for nonce in mined..pending {
        tx::cancel(&client.rpc, signer, nonce, offered, replies.quantity(head)?, options).await?;
    }
    client.book.reset(client.network.chain_id, account);
    Ok(info(client, account).await?.pending_nonce)
}
