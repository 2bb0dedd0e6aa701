//! The ledger as text: what tabs tell each other, and what a store keeps. JSON, one version.

use std::rc::Rc;

use alloy_primitives::{Address, B256, U256};

use super::{Entry, Fate, Ledger};
use crate::json::{Json, push_quoted};
use crate::x402::offer::{Method, Scheme, chain_of, parse_address, parse_amount};
use crate::x402::payment::PaymentRecord;
use crate::x402::wire::member;

/// A text of other tabs, or of a store, may have this many bytes.
const MAX_TEXT: usize = 4 << 20;
const VERSION: i64 = 1;

impl Fate {
    const ALL: [(Self, &'static str); 3] = [(Self::Open, "open"), (Self::Denied, "denied"), (Self::Settled, "settled")];
}

/// An object in the making.
struct Object(String);

impl Object {
    fn text(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        push_quoted(&mut self.0, key);
        self.0.push(':');
        push_quoted(&mut self.0, value);
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn write(entry: &Entry) -> String {
    let Entry { at, record, is_signed, amount, from_block, fate, transfer, in_hand: _ } = entry;
    let mut out = Object(String::new());
    out.text("nonce", &record.nonce.to_string());
    out.text("at", &at.to_string());
    out.text("network", &format!("eip155:{}", record.chain_id));
    out.text("asset", &record.asset.to_string());
    out.text("counted", &amount.to_string());
    out.text("signed", &record.amount.to_string());
    out.text("from", &record.from.to_string());
    out.text("payTo", &record.pay_to.to_string());
    out.text("origin", &record.origin);
    out.text("deadline", &record.deadline.to_string());
    out.text("method", if record.method == Method::Permit2 { "permit2" } else { "eip3009" });
    out.text("scheme", record.scheme.name());
    out.text("fate", Fate::ALL.iter().find(|(other, _)| other == fate).map_or("open", |(_, name)| name));
    out.text("state", if *is_signed { "signed" } else { "asked" });
    if let Some(block) = from_block {
        out.text("fromBlock", &block.to_string());
    }
    if let Some(charged) = record.charged.get() {
        out.text("charged", &charged.to_string());
    }
    if let Some((hash, index)) = transfer {
        out.text("transaction", &hash.to_string());
        out.text("logIndex", &index.to_string());
    }
    out.end()
}

fn read(json: Json<'_>) -> Option<Entry> {
    let text = |key: &str| member(json, key).and_then(Json::text);
    let number = |key: &str| text(key)?.parse::<u64>().ok();
    let address = |key: &str| parse_address(&text(key)?);
    let amount = |key: &str| parse_amount(&text(key)?);
    let network = text("network")?.into_owned();
    let record = PaymentRecord {
        scheme: [Scheme::Exact, Scheme::Upto].into_iter().find(|scheme| text("scheme").as_deref() == Some(scheme.name()))?,
        chain_id: chain_of(&network)?,
        network,
        asset: address("asset")?,
        amount: amount("signed")?,
        from: address("from")?,
        pay_to: address("payTo")?,
        origin: text("origin")?.into_owned(),
        deadline: number("deadline")?,
        nonce: text("nonce")?.parse().ok()?,
        method: if text("method")? == "permit2" { Method::Permit2 } else { Method::Eip3009 },
        reused: false,
        charged: Rc::new(std::cell::Cell::new(amount("charged"))),
    };
    let transfer = text("transaction").and_then(|hash| Some((hash.parse::<B256>().ok()?, number("logIndex")?)));
    let fate = Fate::ALL.iter().find(|(_, name)| text("fate").as_deref() == Some(name))?.0;
    let counted = amount("counted")?.min(record.amount);
    let is_signed = text("state").as_deref() != Some("asked");
    let (at, from_block) = (number("at")?, number("fromBlock"));
    Some(Entry { at, record, is_signed, amount: counted, from_block, fate, in_hand: false, transfer })
}

impl Ledger {
    /// All of it as text.
    pub(super) fn to_text(&self) -> String {
        let entries: Vec<String> = self.entries.iter().map(write).collect();
        let past = |(chain_id, asset, sum): &(u64, Address, U256)| {
            let mut out = Object(String::new());
            out.text("network", &format!("eip155:{chain_id}"));
            out.text("asset", &asset.to_string());
            out.text("counted", &sum.to_string());
            out.end()
        };
        let past: Vec<String> = self.past.iter().map(past).collect();
        format!(r#"{{"version":{VERSION},"past":[{}],"payments":[{}]}}"#, past.join(","), entries.join(","))
    }

    /// Takes over what such a text knows; `None` where it is none of ours, and nothing is taken over then.
    pub(super) fn learn(&mut self, text: &str) -> Option<()> {
        let json = Json::parse(text).filter(|_| text.len() <= MAX_TEXT)?;
        (member(json, "version").and_then(Json::integer) == Some(VERSION)).then_some(())?;
        let list = |key: &str| json.get(key).filter(|list| list.is_array()).map(Json::elements);
        let entries = list("payments")?.map(read).collect::<Option<Vec<_>>>()?;
        let past = |sum: Json<'_>| {
            let text = |key: &str| member(sum, key).and_then(Json::text);
            Some((chain_of(&text("network")?)?, parse_address(&text("asset")?)?, parse_amount(&text("counted")?)?))
        };
        let past = list("past")?.map(past).collect::<Option<Vec<_>>>()?;
        for entry in entries {
            match self.find(entry.record.nonce) {
                Some(own) => own.learn(entry),
                None => self.entries.push(entry),
            }
        }
        for (chain_id, asset, sum) in past {
            match self.past.iter_mut().find(|(chain, token, _)| *chain == chain_id && *token == asset) {
                Some((.., own)) => *own = (*own).max(sum),
                None => self.past.push((chain_id, asset, sum)),
            }
        }
        Some(())
    }
}
