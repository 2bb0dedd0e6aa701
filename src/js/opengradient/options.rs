//! Option objects → the core's options.

use std::borrow::Cow;
use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{budget, output};
use crate::error::Error;
use crate::eth::rpc::Rpc;
use crate::eth::wallet::ChainParams;
use crate::io::web;
use crate::js::input::Input;
use crate::js::options::{endpoints, member};
use crate::opengradient::llm::Verify;
use crate::opengradient::llm::client::{Enclaves, Options};
use crate::opengradient::llm::models::Settlement;
use crate::opengradient::tee::registry::Registry;
use crate::x402::client::{Chain, OnPayment, Proposal};
use crate::x402::ledger::Store;
use crate::x402::policy::{AssetRule, OPG, Policy, Token, USDC, USDC_SEPOLIA};

/// Tokens whose contracts were looked at: their EIP-712 domains are not taken from sellers.
const KNOWN: [Token; 3] = [OPG, USDC, USDC_SEPOLIA];

/// Where payments are made.
pub(super) struct Payments {
    pub(super) chain: ChainParams,
    pub(super) rpc: Rpc,
    /// The token that enclaves are paid in.
    pub(super) opg: Token,
}

/// A chain: what a wallet needs to be brought there, and where it is read. `name` is for one that has none of its own.
fn chain(input: &Input, name: Option<String>) -> Result<(ChainParams, Rpc), Error> {
    let (rpc_urls, quorum) = endpoints(input)?;
    let text = |key: &'static str| input.get(key)?.optional().map(|value| value.text()).transpose();
    let chain_id = input.get("chainId")?.whole()?;
    let params = ChainParams {
        chain_id,
        name: text("name")?.or(name).unwrap_or_else(|| format!("chain {chain_id}")),
        rpc_urls: rpc_urls.clone(),
        explorer_url: text("explorerUrl")?,
        currency: ("Ether".to_owned(), "ETH".to_owned()),
    };
    Ok((params, Rpc::new(web::io(), rpc_urls).of_chain(chain_id).with_quorum(quorum)))
}

/// A network, whose services are the package's TypeScript's affair.
pub(super) fn network(input: Input) -> Result<Input, Error> {
    let network = input.object(&["payments", "inference", "server", "hub", "twins", "name"])?;
    if let Some(hub) = network.get("hub")?.optional() {
        let hub = hub.object(&["url", "signInUrl", "tokenUrl"])?;
        hub.get("url")?.text()?;
        for url in ["signInUrl", "tokenUrl"] {
            member(Some(&hub), url, Input::text)?;
        }
    }
    member(Some(&network), "twins", Input::text)?;
    Ok(network)
}

/// The part of a network where payments are made.
pub(super) fn payments(network: &Input) -> Result<Payments, Error> {
    let input = network.get("payments")?.object(&["chainId", "name", "rpcUrl", "quorum", "explorerUrl", "opg"])?;
    let (chain, rpc) = chain(&input, Some(network.get("name")?.text()?))?;
    let opg = token(chain.chain_id, input.get("opg")?.address()?);
    Ok(Payments { chain, rpc, opg })
}

/// A token by its address. OPG on another chain than Base describes itself as there.
fn token(chain_id: u64, address: Address) -> Token {
    let known = KNOWN.into_iter().find(|token| token.chain_id == chain_id && token.address == address);
    known.unwrap_or(Token { chain_id, address, ..OPG })
}

/// Who answers, and how the answers are checked.
pub(super) fn enclaves(network: &Input, bag: &Input) -> Result<(Enclaves, Option<Registry>, Options), Error> {
    let inference = network.get("inference")?.object(&[
        "rpcUrl",
        "quorum",
        "registry",
        "chainId",
        "name",
        "hub",
        "scheduler",
        "nodeUrl",
        "explorerUrl",
    ])?;
    let registry = registry(&inference)?;
    let server = match bag.get("server")?.optional() {
        Some(server) => Some(server.text()?),
        None => network.get("server")?.optional().map(|server| server.text()).transpose()?,
    };
    let enclaves = match (server, &registry) {
        (Some(endpoint), keys) => Enclaves::Fixed { endpoint, keys: keys.clone() },
        (None, Some(registry)) => Enclaves::Registry(registry.clone()),
        (None, None) => return Err(Error::input("options.network.inference.registry", "expected a registry, or options.server")),
    };
    let defaults = Options::default();
    let checks = [("strict", Verify::Strict), ("final", Verify::Final), ("off", Verify::Off)];
    let bag = Some(bag);
    let ms = |key: &'static str, otherwise: u64| -> Result<u64, Error> {
        Ok(member(bag, key, Input::duration)?.map_or(otherwise, crate::ipfs::fetch::milliseconds))
    };
    let options = Options {
        verify: member(bag, "verify", |value| value.one_of(&checks))?.unwrap_or(defaults.verify),
        max_skew: ms("maxSkew", defaults.max_skew * 1000)? / 1000,
        settlement: member(bag, "settlement", settlement)?.unwrap_or(defaults.settlement),
        timeout_ms: ms("timeout", defaults.timeout_ms)?,
        stream_timeout_ms: ms("streamTimeout", defaults.stream_timeout_ms)?,
        strict_models: member(bag, "strictModels", Input::flag)?.unwrap_or(defaults.strict_models),
        failover: member(bag, "failover", Input::flag)?.unwrap_or(defaults.failover),
        inline_images: member(bag, "inlineImages", Input::flag)?.unwrap_or(defaults.inline_images),
        ..defaults
    };
    Ok((enclaves, registry, options))
}

/// The registry that a network names.
pub(super) fn registry(inference: &Input) -> Result<Option<Registry>, Error> {
    let Some(address) = inference.get("registry")?.optional() else { return Ok(None) };
    let (urls, quorum) = endpoints(inference)?;
    let rpc = Rpc::new(web::io(), urls).with_quorum(quorum);
    let rpc = match member(Some(inference), "chainId", Input::whole)? {
        Some(chain_id) => rpc.of_chain(chain_id),
        None => rpc,
    };
    Ok(Some(Registry::new(rpc, address.address()?)))
}

fn settlement(input: &Input) -> Result<Settlement, Error> {
    Settlement::parse(&input.text()?).ok_or_else(|| Error::input(input.path(), "expected a member of SettlementMode"))
}

const POLICY: &[&str] = &[
    "maxPerRequest",
    "maxPerSession",
    "maxPerWindow",
    "assets",
    "payees",
    "hosts",
    "allowUpfront",
    "allowPermits",
    "maxLife",
    "trustReceipts",
    "store",
];

/// The caller's limits, and what keeps them. Caps outside `assets` are for `token`; without one only `assets` may be paid.
pub(super) fn policy(input: Option<Input>, token: Option<&Token>) -> Result<(Policy, Option<Rc<dyn Store>>), Error> {
    let mut policy = Policy::default();
    let mut rule = policy.assets.pop();
    if let (Some(rule), Some(token)) = (&mut rule, token) {
        rule.token = token.clone();
    }
    let Some(bag) = input.map(|input| input.object(POLICY)).transpose()? else {
        policy.assets.extend(rule);
        return Ok((policy, None));
    };
    let bag = Some(&bag);
    if let Some(rule) = &mut rule {
        caps(bag, rule)?;
    }
    if let Some(assets) = member(bag, "assets", Input::list)? {
        for asset in assets {
            policy.assets.push(asset_rule(asset)?);
        }
        // A list that has the token again replaces its rule; a list alone leaves the default out where there is no network.
        rule =
            rule.filter(|rule| token.is_some() && !policy.assets.iter().any(|other| other.token.address == rule.token.address));
    }
    policy.assets.extend(rule);
    policy.payees =
        member(bag, "payees", Input::list)?.map(|list| list.iter().map(Input::address).collect::<Result<_, _>>()).transpose()?;
    policy.hosts = member(bag, "hosts", Input::texts)?;
    policy.allow_upfront = member(bag, "allowUpfront", Input::flag)?.unwrap_or(policy.allow_upfront);
    policy.allow_permits = member(bag, "allowPermits", Input::flag)?.unwrap_or(policy.allow_permits);
    policy.trust_receipts = member(bag, "trustReceipts", Input::flag)?.unwrap_or(policy.trust_receipts);
    policy.max_life = member(bag, "maxLife", Input::whole)?.unwrap_or(policy.max_life);
    Ok((policy, member(bag, "store", budget::store)?))
}

fn caps(bag: Option<&Input>, rule: &mut AssetRule) -> Result<(), Error> {
    if let Some(cap) = member(bag, "maxPerRequest", Input::amount)? {
        rule.per_request = cap;
    }
    if let Some(cap) = member(bag, "maxPerSession", Input::amount)? {
        rule.per_session = Some(cap);
    }
    if let Some(window) = bag.map(|bag| bag.get("maxPerWindow")).transpose()?.and_then(Input::optional) {
        let window = window.object(&["amount", "seconds"])?;
        rule.per_window = Some((window.get("amount")?.amount()?, window.get("seconds")?.whole()?));
    }
    Ok(())
}

fn asset_rule(input: Input) -> Result<AssetRule, Error> {
    let known = ["chainId", "address", "symbol", "decimals", "domain", "maxPerRequest", "maxPerSession", "maxPerWindow"];
    let input = input.object(&known)?;
    let (chain_id, address) = (input.get("chainId")?.whole()?, input.get("address")?.address()?);
    let bag = Some(&input);
    let mut token = match KNOWN.into_iter().find(|token| token.chain_id == chain_id && token.address == address) {
        Some(token) => token,
        None => Token { chain_id, address, symbol: Cow::Borrowed("?"), decimals: 0, domain: None },
    };
    if let Some(symbol) = member(bag, "symbol", Input::text)? {
        token.symbol = symbol.into();
    }
    if let Some(decimals) = member(bag, "decimals", Input::whole)? {
        token.decimals = u8::try_from(decimals).map_err(|_| Error::input(input.path(), "expected at most 255 decimals"))?;
    }
    if let Some(domain) = input.get("domain")?.optional() {
        let domain = domain.object(&["name", "version"])?;
        token.domain = Some((domain.get("name")?.text()?.into(), domain.get("version")?.text()?.into()));
    }
    let per_request = input.get("maxPerRequest")?.amount()?;
    let mut rule = AssetRule { token, per_request, per_session: None, per_window: None };
    caps(bag, &mut rule)?;
    Ok(rule)
}

/// The caller's look at each payment. `false` refuses it, and so does whatever is thrown.
pub(super) fn on_payment(callback: Option<Function>) -> Option<OnPayment> {
    let callback = callback?;
    Some(Rc::new(move |proposal: Proposal| {
        let callback = callback.clone();
        async move {
            let answer = match callback.call1(&JsValue::UNDEFINED, &output::proposal(&proposal)) {
                Ok(answer) => JsFuture::from(Promise::resolve(&answer)).await,
                Err(thrown) => Err(thrown),
            };
            // Nothing thrown by the caller is a yes.
            Ok(answer.is_ok_and(|answer| answer.as_bool() != Some(false)))
        }
        .boxed_local()
    }))
}

/// Further chains that may be paid on.
pub(super) fn chains(input: Input) -> Result<Vec<Chain>, Error> {
    let mut chains = vec![Chain::base(), Chain::base_sepolia()];
    for given in input.list()? {
        let given = given.object(&["chainId", "name", "rpcUrl", "quorum", "explorerUrl"])?;
        let (params, rpc) = chain(&given, None)?;
        chains.retain(|chain| chain.params.chain_id != params.chain_id);
        chains.push(Chain { params, rpc: Some(rpc) });
    }
    Ok(chains)
}
