//! Blocks, transactions and receipts as nodes write them (execution-apis).

use std::fmt::Write as _;

use alloy_primitives::{Address, B256};

use crate::chain::{CHAIN_ID, Chain, Executed, GAS_USED, Tx};
use crate::contracts::RawLog;

fn to_text(to: Option<Address>) -> String {
    to.map_or_else(|| "null".to_owned(), |to| format!("\"{to:?}\""))
}

/// A transaction; its block and place there, where it is mined.
pub(crate) fn transaction(out: &mut String, chain: &Chain, tx: &Tx, place: Option<(usize, usize)>) {
    let (block_hash, number, index) = match place {
        Some((block, at)) => {
            let block = &chain.blocks[block];
            (format!("\"{}\"", block.hash), format!("\"0x{:x}\"", block.number), format!("\"0x{at:x}\""))
        }
        None => ("null".to_owned(), "null".to_owned(), "null".to_owned()),
    };
    let Tx { hash, from, nonce, to, value, input, gas, price } = tx;
    let to = to_text(*to);
    let _ = write!(
        out,
        r#"{{"hash":"{hash}","type":"0x2","chainId":"0x{CHAIN_ID:x}","from":"{from:?}","to":{to},"nonce":"0x{nonce:x}","value":"0x{value:x}","input":"{input}","gas":"0x{gas:x}","gasPrice":"0x{price:x}","maxFeePerGas":"0x{price:x}","maxPriorityFeePerGas":"0x0","blockHash":{block_hash},"blockNumber":{number},"transactionIndex":{index}}}"#
    );
}

/// A log in its place.
pub(crate) fn log(out: &mut String, chain: &Chain, raw: &RawLog, hash: B256, place: (usize, usize), index: usize) {
    let block = &chain.blocks[place.0];
    let RawLog { address, topics, data } = raw;
    let topics: Vec<String> = topics.iter().map(|topic| format!("\"{topic}\"")).collect();
    let _ = write!(
        out,
        r#"{{"address":"{address:?}","topics":[{}],"data":"{data}","blockHash":"{}","blockNumber":"0x{:x}","transactionHash":"{hash}","transactionIndex":"0x{:x}","logIndex":"0x{index:x}","removed":false}}"#,
        topics.join(","),
        block.hash,
        block.number,
        place.1
    );
}

/// The receipt of a mined transaction; under another hash, as a Safe's provider gives it.
pub(crate) fn receipt(out: &mut String, chain: &Chain, place: (usize, usize), shown: Option<B256>) {
    let block = &chain.blocks[place.0];
    let Executed { tx, succeeded, logs, .. } = &block.txs[place.1];
    let before: usize = block.txs[..place.1].iter().map(|executed| executed.logs.len()).sum();
    let _ = write!(
        out,
        r#"{{"transactionHash":"{}","transactionIndex":"0x{:x}","blockHash":"{}","blockNumber":"0x{:x}","from":"{:?}","to":{},"contractAddress":null,"status":"0x{}","type":"0x2","gasUsed":"0x{GAS_USED:x}","cumulativeGasUsed":"0x{GAS_USED:x}","effectiveGasPrice":"0x{:x}","logsBloom":"0x","logs":["#,
        shown.unwrap_or(tx.hash),
        place.1,
        block.hash,
        block.number,
        tx.from,
        to_text(tx.to),
        u8::from(*succeeded),
        tx.price
    );
    for (at, raw) in logs.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        log(out, chain, raw, tx.hash, place, before + at);
    }
    out.push_str("]}");
}

/// A block with its transactions in full, or their hashes alone.
pub(crate) fn block(out: &mut String, chain: &Chain, index: usize, is_full: bool) {
    let block = &chain.blocks[index];
    let parent = chain.blocks[block.parent].hash;
    let _ = write!(
        out,
        r#"{{"number":"0x{:x}","hash":"{}","parentHash":"{parent}","timestamp":"0x{:x}","gasLimit":"0x1c9c380","gasUsed":"0x0","baseFeePerGas":"0x{:x}","transactions":["#,
        block.number,
        block.hash,
        block.time,
        crate::chain::BASE_FEE
    );
    for (at, executed) in block.txs.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        if is_full {
            transaction(out, chain, &executed.tx, Some((index, at)));
        } else {
            let _ = write!(out, "\"{}\"", executed.tx.hash);
        }
    }
    out.push_str("]}");
}
