//! The wallet and its user: chains, accounts, and windows for typed data, which it hashes by the standard's text alone.

use std::rc::Rc;

use alloy_primitives::{Address, B256, U256, hex, keccak256, uint};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use ogkit::error::Said;
use ogkit::io::{Wallet, WalletFailure};
use serde_json::Value;

use crate::chain::{CHAIN_ID, Grant};
use crate::facts::Payment;
use crate::faults::Fault;
use crate::oracle;
use crate::plan::ACCOUNTS;
use crate::world::Shared;

/// secp256k1's order.
const N: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
/// The x of twice the generator; its y is even.
const R: U256 = uint!(0xc6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5_U256);
/// The keys of [`ACCOUNTS`], and one of nobody here.
const KEYS: [u64; 3] = [1, 3, 2];

/// A signature with the nonce 2: nobody's money hangs on these keys, and a nonce that is known saves a multiplication on the curve.
fn sign(key: u64, digest: B256) -> [u8; 65] {
    let z = U256::from_be_bytes(digest.0) % N;
    let half = (N + U256::ONE) >> 1;
    let s = R.mul_mod(U256::from(key), N).add_mod(z, N).mul_mod(half, N);
    let (s, v) = if s > N >> 1 { (N - s, 28) } else { (s, 27) };
    let mut out = [v; 65];
    out[..32].copy_from_slice(&R.to_be_bytes::<32>());
    out[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    out
}

/// The digest of `eth_signTypedData_v4`.
fn digest(typed: &Value) -> B256 {
    fn encode_type(types: &Value, name: &str) -> String {
        let members = types[name].as_array().into_iter().flatten();
        let pairs: Vec<(&str, &str)> =
            members.map(|m| (m["name"].as_str().unwrap_or_default(), m["type"].as_str().unwrap_or_default())).collect();
        let mut parts: Vec<String> =
            pairs.iter().filter(|(_, kind)| types.get(kind).is_some()).map(|(_, kind)| encode_type(types, kind)).collect();
        parts.sort();
        let list: Vec<String> = pairs.iter().map(|(member, kind)| format!("{kind} {member}")).collect();
        format!("{name}({}){}", list.join(","), parts.concat())
    }
    fn hash(types: &Value, name: &str, value: &Value) -> B256 {
        let mut bytes = keccak256(encode_type(types, name)).to_vec();
        for member in types[name].as_array().into_iter().flatten() {
            let value = &value[member["name"].as_str().unwrap_or_default()];
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let word = match member["type"].as_str().unwrap_or_default() {
                "string" => keccak256(&text),
                "address" => text.parse::<Address>().unwrap_or_default().into_word(),
                "bytes32" => text.parse().unwrap_or_default(),
                "uint256" => U256::from_str_radix(&text, 10).unwrap_or_default().into(),
                other => hash(types, other, value),
            };
            bytes.extend_from_slice(word.as_slice());
        }
        keccak256(bytes)
    }
    let types = &typed["types"];
    let domain = hash(types, "EIP712Domain", &typed["domain"]);
    let message = hash(types, typed["primaryType"].as_str().unwrap_or_default(), &typed["message"]);
    keccak256([b"\x19\x01", domain.as_slice(), message.as_slice()].concat())
}

/// What typed data allows; `None` where it is a permit.
pub(crate) fn grant(typed: &Value, from: Address) -> Option<Grant> {
    let message = &typed["message"];
    let address = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
    let wide = |value: &Value| value.as_str().and_then(|text| U256::from_str_radix(text, 10).ok()).unwrap_or(U256::MAX);
    let number = |value: &Value| u64::try_from(wide(value)).unwrap_or(u64::MAX);
    match typed["primaryType"].as_str()? {
        "TransferWithAuthorization" => Some(Grant {
            is_permit2: false,
            is_upto: false,
            token: address(&typed["domain"]["verifyingContract"]),
            amount: number(&message["value"]),
            from,
            to: address(&message["to"]),
            nonce: message["nonce"].as_str()?.parse().ok()?,
            after: number(&message["validAfter"]),
            deadline: number(&message["validBefore"]),
            facilitator: None,
        }),
        "PermitWitnessTransferFrom" => {
            let (permitted, witness) = (&message["permitted"], &message["witness"]);
            let facilitator = witness["facilitator"].as_str().map(|text| text.parse().unwrap_or_default());
            Some(Grant {
                is_permit2: true,
                is_upto: facilitator.is_some(),
                token: address(&permitted["token"]),
                amount: number(&permitted["amount"]),
                from,
                to: address(&witness["to"]),
                nonce: B256::from(wide(&message["nonce"])),
                after: number(&witness["validAfter"]),
                deadline: number(&message["deadline"]),
                facilitator,
            })
        }
        _ => None,
    }
}

/// The wallet as one page has it.
pub(crate) struct Provider {
    pub(crate) world: Shared,
    pub(crate) page: u32,
}

impl Wallet for Provider {
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let (world, page, call) = (Rc::clone(&self.world), self.page, self.world.exec.current().call);
        async move {
            let wait = world.between(0, 4);
            world.exec.sleep(wait).await;
            match method {
                "eth_chainId" => {
                    if world.strikes(Fault::ChainOther) {
                        world.wallet_chain.set(1);
                    }
                    Ok(format!("\"0x{:x}\"", world.wallet_chain.get()))
                }
                "eth_accounts" => {
                    let is_gone = world.strikes(Fault::AccountGone);
                    let accounts = if is_gone { vec![Address::repeat_byte(0xaa)] } else { ACCOUNTS.to_vec() };
                    let accounts: Vec<String> = accounts.iter().map(|account| format!("\"{account:?}\"")).collect();
                    Ok(format!("[{}]", accounts.join(",")))
                }
                "wallet_addEthereumChain" => {
                    user(&world).await?;
                    Ok("null".to_owned())
                }
                "wallet_switchEthereumChain" => {
                    user(&world).await?;
                    world.wallet_chain.set(CHAIN_ID);
                    Ok("null".to_owned())
                }
                "eth_signTypedData_v4" => typed_data(&world, page, call, &params).await,
                other => panic!("the simulator's wallet lacks the method {other}"),
            }
        }
        .boxed_local()
    }
}

fn failure(code: i64, message: &str) -> WalletFailure {
    WalletFailure { said: Said { code: Some(code), message: message.to_owned(), ..Said::default() }, data: None }
}

/// The user looks at a window.
async fn user(world: &Shared) -> Result<(), WalletFailure> {
    let settles = world.settling.wait();
    let thinks = if world.strikes(Fault::UserAway) {
        world.between(600_000, 9_000_000)
    } else if world.strikes(Fault::UserSlow) {
        world.between(10_000, 150_000)
    } else {
        world.between(300, 6000)
    };
    // When the world settles, users come back to their windows.
    futures_util::future::select(world.exec.sleep(thinks), Box::pin(settles)).await;
    if world.strikes(Fault::UserRejects) {
        return Err(failure(4001, "User rejected the request."));
    }
    if world.strikes(Fault::WalletFails) {
        return Err(failure(-32603, "Internal error"));
    }
    Ok(())
}

async fn typed_data(world: &Shared, page: u32, call: u32, params: &str) -> Result<String, WalletFailure> {
    let (account, text): (Address, String) =
        serde_json::from_str(params).unwrap_or_else(|error| panic!("eth_signTypedData_v4 {params}: {error}"));
    let typed: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("typed data {text}: {error}"));
    if typed["domain"]["chainId"].as_u64() != Some(world.wallet_chain.get()) {
        return Err(failure(-32603, "Provided chainId must match the active chainId"));
    }
    oracle::window(world, page, call, account, &typed);
    world.say(|| format!("call {call}: the wallet shows {} {}", typed["primaryType"], typed["message"]));
    user(world).await?;
    if world.strikes(Fault::WalletGarbage) {
        return Ok(world.pick(&["null", "\"0x\"", "\"nothing\"", "{}"]).to_owned());
    }
    let own = ACCOUNTS.iter().position(|other| *other == account).unwrap_or_else(|| panic!("a stranger's account {account}"));
    let is_other = world.strikes(Fault::WalletOtherAccount) && !world.plan.is_contract;
    let signature = if world.plan.is_contract {
        let number = world.facts.borrow().payments.len() as u64 + 1;
        let mut bytes = [0x1c; 80];
        bytes[..32].copy_from_slice(crate::rng::digest(&[0x51, number, world.exec.now()]).as_slice());
        hex::encode_prefixed(bytes)
    } else {
        hex::encode_prefixed(sign(KEYS[if is_other { 2 } else { own }], digest(&typed)))
    };
    world.say(|| format!("call {call}: signed"));
    if !is_other {
        let at_ms = world.exec.now();
        let mut facts = world.facts.borrow_mut();
        match grant(&typed, account) {
            Some(grant) => {
                let Some(caps) = facts.call(call).map(|call| call.caps) else { panic!("a window of no call") };
                let payment = Payment { grant, call, page, signature: signature.clone(), at_ms, is_sent: false, caps };
                facts.payments.push(payment);
            }
            None => {
                let deadline = typed["message"]["deadline"].as_str().and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
                facts.permits.insert(signature.clone(), deadline);
            }
        }
    }
    Ok(format!("\"{signature}\""))
}
