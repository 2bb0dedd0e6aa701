//! The demand: a 402 with offers, in which each field may lie.

use alloy_primitives::{Address, U256};
use ogkit::x402::wire::encode_header;
use serde_json::{Value, json};

use super::{Seller, facilitator, number_text, payee};
use crate::faults::Fault;
use crate::net::Answer;
use crate::plan::{ACCOUNTS, Trade};

/// A demand. `error` is why the seller makes it once more, for a higher price.
pub(super) fn answer(seller: Seller<'_>, status: u16, error: Option<&str>) -> Answer {
    let Seller { world, plan, .. } = seller;
    let is_v1 = plan.trade == Trade::Authorization && seller.suffers(Fault::OfferVersion1);
    let offer = offer(seller, is_v1, error.is_some());
    let mut offers = vec![offer];
    if seller.suffers(Fault::OfferMany) {
        let stranger = json!({ "scheme": "exact", "network": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "amount": "1", "asset": "x", "payTo": "y" });
        offers.insert(0, stranger);
    }
    let error = error.unwrap_or("payment required");
    if seller.lies(Fault::OfferGarbage) {
        let text = world.pick(&["%%%", "e30=", "W10=", "eyJ4NDAyVmVyc2lvbiI6Mn0="]);
        return Answer::new(status, "{}").with("payment-required", text);
    }
    if is_v1 {
        let text = json!({ "x402Version": 1, "error": error, "accepts": offers });
        return Answer::new(402, text.to_string());
    }
    let mut required = json!({ "x402Version": 2, "error": error, "resource": { "url": "https://shop.test" }, "accepts": offers });
    let is_sponsor = world.plan.allow_permits && world.chance(500);
    if is_sponsor {
        required["extensions"]["eip2612GasSponsoring"] = json!({ "info": {}, "schema": {} });
    }
    if seller.suffers(Fault::OfferExtensions) {
        let filler = if seller.plan.is_honest || world.chance(600) { "x".to_owned() } else { "x".repeat(14_000) };
        required["extensions"]["payment-identifier"] = json!({ "info": { "required": true }, "schema": {} });
        required["extensions"]["other"] = json!({ "info": filler });
    }
    Answer::new(status, "{}").with("payment-required", encode_header(&required.to_string()))
}

fn offer(seller: Seller<'_>, is_v1: bool, is_dearer: bool) -> Value {
    let Seller { world, number, plan } = seller;
    let caps = world.plan.caps[0];
    let token = seller.token();
    let price = if is_dearer { plan.price + world.between(0, 300) } else { plan.price };
    let mut amount = json!(number_text(U256::from(price)));
    if seller.lies(Fault::OfferAmount) {
        let over = json!((caps.per_request + world.pick(&[1, 1000, 1_000_000])).to_string());
        let max = json!(U256::MAX.to_string());
        let odd = [over, max, json!(price), json!("0"), json!("1e3"), json!("-5"), json!(null)];
        amount = odd[world.between(0, odd.len() as u64 - 1) as usize].clone();
    }
    let mut pay_to = payee(number).to_string();
    if seller.lies(Fault::OfferPayTo) {
        let others = [ACCOUNTS[0].to_string(), token.to_string(), Address::ZERO.to_string(), payee(number + 20).to_string()];
        pay_to = others[world.between(0, others.len() as u64 - 1) as usize].clone();
    }
    let mut asset = token.to_string();
    if seller.lies(Fault::OfferAsset) {
        asset = world.pick(&[Address::repeat_byte(0x11), ACCOUNTS[0]]).to_string();
    }
    let mut network = if is_v1 { "base" } else { "eip155:8453" };
    if seller.lies(Fault::OfferNetwork) {
        network = world.pick(&["eip155:1", "eip155:84532", "base", "eip155:08453", "eip155:8453 ", ""]);
    }
    let mut scheme = if seller.is_upto() { "upto" } else { "exact" };
    if seller.lies(Fault::OfferScheme) {
        scheme = world.pick(&["lottery", "upto", "exact", ""]);
    }
    let mut life = json!(plan.life);
    if seller.lies(Fault::OfferTimeout) {
        let odd = [json!(86_400), json!(1_000_000_000_000_u64), json!(3), json!("60"), json!(null), json!(900)];
        life = odd[world.between(0, odd.len() as u64 - 1) as usize].clone();
    }
    let mut extra = match plan.trade {
        Trade::Authorization => json!({ "name": "USD Coin", "version": "2" }),
        Trade::Permit => json!({ "name": "USD Coin", "version": "2", "assetTransferMethod": "permit2" }),
        Trade::UpTo | Trade::Gateway => {
            let facilitator = facilitator(number).to_string();
            json!({ "name": "OpenGradient", "version": "1", "assetTransferMethod": "permit2", "facilitatorAddress": facilitator })
        }
    };
    if plan.is_upfront {
        extra["paymentFlow"] = json!(world.pick(&["upfront", "escrow"]));
    }
    if seller.lies(Fault::OfferExtra) {
        let (key, value) = world.pick(&[
            ("name", "OpenGradlent"),
            ("version", "7"),
            ("facilitatorAddress", "0x0000000000000000000000000000000000000000"),
            ("assetTransferMethod", "erc7710"),
            ("assetTransferMethod", "eip3009"),
            ("paymentFlow", "later"),
        ]);
        extra[key] = json!(value);
    }
    let price = if is_v1 { "maxAmountRequired" } else { "amount" };
    json!({ "scheme": scheme, "network": network, price: amount, "asset": asset, "payTo": pay_to, "maxTimeoutSeconds": life, "extra": extra })
}
