//! What a wallet answers to each method.

use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};
use futures_util::FutureExt as _;
use futures_util::future::pending;
use ogkit::io::WalletFailure;
use serde::Deserialize;

use super::user::{Decision, decide};
use super::{Stage, batch, send, smart, words};
use crate::accounts::Asked;
use crate::chain::CHAIN_ID;
use crate::executor::Owner;
use crate::faults::Fault;
use crate::node::Backend;
use crate::plan::WalletKind;
use crate::world::Shared;

/// A request of a page.
pub(crate) struct Request {
    pub(crate) page: u32,
    pub(crate) epoch: u32,
    pub(crate) call: u32,
    pub(crate) method: &'static str,
    pub(crate) params: String,
}

/// `eth_sendTransaction`'s object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Transaction {
    pub(crate) from: Address,
    pub(crate) to: Option<Address>,
    #[serde(default)]
    pub(crate) value: U256,
    #[serde(default)]
    pub(crate) data: Bytes,
    pub(crate) gas: Option<U256>,
    pub(crate) gas_price: Option<U256>,
    pub(crate) max_fee_per_gas: Option<U256>,
    #[serde(rename = "maxPriorityFeePerGas")]
    _tip: Option<U256>,
    pub(crate) nonce: Option<U256>,
    pub(crate) chain_id: Option<U256>,
    #[serde(rename = "type")]
    _kind: Option<String>,
}

pub(crate) type Answer = Result<String, WalletFailure>;

/// Answers a request, sooner or later or not at all.
pub(crate) async fn serve(world: &Shared, request: Request) -> Answer {
    let wait = world.between(1, 25);
    world.exec.sleep(wait).await;
    if world.wallet.borrow().epoch() != request.epoch {
        // The stream to the extension is broken.
        if world.chance(500) {
            pending::<()>().await;
        }
        return Err(words::failure(Some(4900), "The provider is disconnected from all chains."));
    }
    whims(world);
    let answer = dispatch(world, &request).await;
    world.say(|| {
        let from = if request.call == 0 { format!("page {}", request.page) } else { format!("call {}", request.call) };
        match &answer {
            Ok(answer) => format!("wallet answers {} of {from}: {answer}", request.method),
            Err(failure) => {
                format!("wallet fails {} of {from}: {:?} {}", request.method, failure.said.code, failure.said.message)
            }
        }
    });
    answer
}

async fn dispatch(world: &Shared, request: &Request) -> Answer {
    match request.method {
        "eth_requestAccounts" => connect(world).await,
        "eth_accounts" => Ok(shown(world)),
        "eth_chainId" => Ok(format!("\"0x{:x}\"", world.wallet.borrow().chain_id)),
        "wallet_switchEthereumChain" => switch(world).await,
        "wallet_addEthereumChain" => add(world).await,
        "eth_sendTransaction" => transaction(world, request).await,
        "wallet_getCapabilities" => batch::capabilities(world),
        "wallet_sendCalls" => batch::send_calls(world, request).await,
        "wallet_getCallsStatus" => batch::status(world, &request.params),
        "eth_getUserOperationReceipt" if world.plan.wallet == WalletKind::Smart => {
            smart::operation_receipt(world, &request.params)
        }
        "eth_getTransactionReceipt" | "eth_getTransactionByHash" if world.plan.wallet == WalletKind::Safe => {
            smart::safe_lookup(world, request.method, &request.params)
        }
        "eth_blockNumber"
        | "eth_call"
        | "eth_getBlockByNumber"
        | "eth_getCode"
        | "eth_getTransactionByHash"
        | "eth_getTransactionCount"
        | "eth_getTransactionReceipt" => node(world, request.method, &request.params),
        other => Err(words::failure(Some(-32601), &format!("the method {other} does not exist / is not available"))),
    }
}

/// The wallet's own node, which is up to date.
pub(crate) fn node(world: &Shared, method: &str, params: &str) -> Answer {
    let chain = world.chain.borrow();
    let view = chain.view(world.exec.now());
    let backend = Backend { view, delay: 0, hides_pool: false, hides_block: false, forgets: false, chain_id: CHAIN_ID };
    backend.answer(&chain, method, params).map_err(|(code, message, _)| words::failure(Some(code), &message))
}

/// What users do with a wallet while pages ask: at any await.
fn whims(world: &Shared) {
    if world.strikes(Fault::AccountSwitch) {
        after(world, world.between(0, 3000), |world| {
            let shown = if world.chance(300) { Vec::new() } else { vec![super::STRANGER] };
            world.say(|| format!("the user selects other accounts: {shown:?}"));
            world.wallet.borrow_mut().shown = shown;
            after(world, world.between(2000, 30_000), |world| {
                let mut wallet = world.wallet.borrow_mut();
                wallet.shown = wallet.accounts.clone();
            });
        });
    }
    if world.strikes(Fault::ChainSwitch) {
        after(world, world.between(0, 3000), |world| {
            world.say(|| "the user selects another chain".to_owned());
            let knows = !world.strikes(Fault::ChainUnknown);
            let mut wallet = world.wallet.borrow_mut();
            wallet.chain_id = 1;
            wallet.knows_chain = knows;
        });
    }
}

/// Something that the world does later.
pub(crate) fn after(world: &Shared, ms: u64, what: impl FnOnce(&Shared) + 'static) {
    let later = Rc::clone(world);
    let task = async move {
        later.exec.sleep(ms).await;
        what(&later);
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

fn shown(world: &Shared) -> String {
    let wallet = world.wallet.borrow();
    let shown = if world.settling.is_set() { &wallet.accounts } else { &wallet.shown };
    let list: Vec<String> = shown.iter().map(|account| format!("\"{account:?}\"")).collect();
    format!("[{}]", list.join(","))
}

async fn connect(world: &Shared) -> Answer {
    if world.plan.wallet == WalletKind::Safe {
        return Err(words::failure(world.pick(&[None, Some(-32601)]), "\"eth_requestAccounts\" not implemented"));
    }
    // Most users have connected before: no window.
    if world.chance(700) {
        return Ok(shown(world));
    }
    match decide(world, None).await {
        Decision::Yes(_) => Ok(shown(world)),
        Decision::No(failure, _) => Err(failure),
    }
}

async fn switch(world: &Shared) -> Answer {
    let null = || Ok("null".to_owned());
    {
        let wallet = world.wallet.borrow();
        if wallet.chain_id == CHAIN_ID {
            return null();
        }
        if !wallet.knows_chain {
            drop(wallet);
            let code = world.pick(&[Some(4902), Some(4902), Some(-32603), Some(-32601), None]);
            return Err(words::failure(
                code,
                "Unrecognized chain ID \"0x42f\". Try adding the chain using wallet_addEthereumChain first.",
            ));
        }
    }
    let wait = world.between(200, 3000);
    world.exec.sleep(wait).await;
    if world.strikes(Fault::ChainSwitchRefused) {
        return Err(if world.chance(500) { words::rejected(world) } else { words::rejected_in_words(world) });
    }
    if world.strikes(Fault::ChainSwitchLate) {
        let late = world.between(200, 1500);
        after(world, late, |world| world.wallet.borrow_mut().chain_id = CHAIN_ID);
        return null();
    }
    world.wallet.borrow_mut().chain_id = CHAIN_ID;
    null()
}

async fn add(world: &Shared) -> Answer {
    let wait = world.between(200, 3000);
    world.exec.sleep(wait).await;
    if world.strikes(Fault::ChainSwitchRefused) {
        return Err(words::rejected(world));
    }
    world.wallet.borrow_mut().knows_chain = true;
    // Most wallets switch to what they have added.
    if world.chance(600) {
        world.wallet.borrow_mut().chain_id = CHAIN_ID;
    }
    Ok("null".to_owned())
}

async fn transaction(world: &Shared, request: &Request) -> Answer {
    let (transaction,): (Transaction,) =
        serde_json::from_str(&request.params).unwrap_or_else(|error| panic!("eth_sendTransaction {}: {error}", request.params));
    if world.strikes(Fault::WalletRefusesToAsk) {
        return Err(words::refused_to_ask(world));
    }
    if !world.wallet.borrow().accounts.contains(&transaction.from) {
        return Err(words::failure(Some(4100), "The requested account has not been authorized by the user."));
    }
    let is_elsewhere = {
        let wallet = world.wallet.borrow();
        transaction.chain_id.is_none_or(|chain| chain != U256::from(wallet.chain_id))
    };
    let is_lenient = world.strikes(Fault::WalletWrongChain);
    if is_elsewhere && !is_lenient {
        return Err(words::failure(Some(-32602), "Invalid transaction: chainId does not match the active chain."));
    }
    let asked = Asked { to: transaction.to, value: transaction.value, data: transaction.data.clone() };
    let nonce = transaction.nonce.and_then(|nonce| u64::try_from(nonce).ok());
    let is_loose = world.wallet.borrow().is_loose() || world.has(Fault::UserNumbers);
    let ask = world.ledger.borrow_mut().ask(request.call, nonce, is_loose);
    note(world, Some(ask), Stage::Window);
    if world.strikes(Fault::WalletDisconnects) {
        after(world, world.between(0, 9000), super::reload);
    }
    world.say(|| format!("a window opens for call {}: nonce {nonce:?}", request.call));
    let decision = decide(world, Some(&asked)).await;
    let edited = match decision {
        Decision::No(failure, is_known) => {
            refuse(world, ask, is_known);
            return Err(failure);
        }
        Decision::Yes(edited) => edited,
    };
    world.say(|| {
        format!("the user says yes to call {}{}", request.call, if edited.is_some() { ", to something else" } else { "" })
    });
    note(world, Some(ask), Stage::Sending);
    if world.is_smart() {
        return smart::send(world, ask, transaction.from, vec![edited.clone().unwrap_or(asked)], edited.is_some()).await;
    }
    let is_elsewhere = is_elsewhere || (is_lenient && world.wallet.borrow().chain_id != CHAIN_ID);
    send::send(world, ask, &transaction, edited, is_elsewhere).await
}

/// Notes how far the request has come that is being served.
pub(crate) fn note(world: &Shared, ask: Option<usize>, stage: Stage) {
    let task = world.exec.current_task();
    let mut wallet = world.wallet.borrow_mut();
    if let Some(serving) = wallet.serving.iter_mut().find(|serving| serving.task == task) {
        serving.stage = stage;
        serving.ask = ask.or(serving.ask);
    }
}

/// Nothing more comes of a request.
pub(crate) fn close(world: &Shared, ask: usize) {
    if let Some(ask) = world.ledger.borrow_mut().asks.get_mut(ask) {
        ask.is_open = false;
    }
}

/// The user said no; in known words, or not.
pub(crate) fn refuse(world: &Shared, ask: usize, is_known: bool) {
    close(world, ask);
    if let Some(ask) = world.ledger.borrow_mut().asks.get_mut(ask) {
        ask.is_refused = is_known;
    }
}

/// The one hash among the parameters.
pub(crate) fn hash_of(params: &str) -> Option<B256> {
    serde_json::from_str::<(B256,)>(params).ok().map(|(hash,)| hash)
}
