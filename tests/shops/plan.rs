//! What a seed decides before its world begins: the limits, the sellers, the tabs, and what the caller wants to buy.

use alloy_primitives::{Address, address};

use crate::faults::Fault;
use crate::rng::Rng;
use crate::swarm::Faults;

/// What is taken out of a seed's world, to find the shortest history that still shows a violation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    /// Kinds of faults that stay off.
    pub(crate) faults: Vec<Fault>,
    /// Kinds of faults that strike only so often.
    pub(crate) limits: Vec<(Fault, u32)>,
    /// Intents that are left out, by their number.
    pub(crate) intents: Vec<usize>,
}

/// The accounts that pay: those of the private keys 1 and 3.
pub(crate) const ACCOUNTS: [Address; 2] =
    [address!("7E5F4552091A69125d5DfCb7b8C2659029395Bdf"), address!("6813Eb9362372EEF6200f3b1dbC3f819671cBA69")];

/// The tokens that the policy lists: OPG and USDC on Base.
pub(crate) const TOKENS: [Address; 2] =
    [address!("FbC2051AE2265686a469421b2C5A2D5462FbF5eB"), address!("833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")];

/// How a seller means its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trade {
    /// `exact` by EIP-3009.
    Authorization,
    /// `exact` by Permit2.
    Permit,
    /// `upto`, settled for each request.
    UpTo,
    /// `upto` in sessions, as OpenGradient's gateways have it.
    Gateway,
}

/// A seller.
#[derive(Clone, Debug)]
pub(crate) struct ShopPlan {
    pub(crate) trade: Trade,
    /// It does none of the things that only a liar does.
    pub(crate) is_honest: bool,
    /// What it asks, in the token's smallest unit; with `upto` the cap.
    pub(crate) price: u64,
    /// How long it wants signatures to live, in seconds.
    pub(crate) life: u64,
    /// It settles before it serves, and says so.
    pub(crate) is_upfront: bool,
    /// How far its clock is off, in seconds.
    pub(crate) skew: i64,
}

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Fetch,
    /// `llm.chat`.
    Chat,
    /// `llm.chat` with `stream`.
    Stream,
}

/// Something that is wanted once.
#[derive(Clone, Debug)]
pub(crate) struct IntentPlan {
    pub(crate) number: usize,
    pub(crate) shop: usize,
    pub(crate) via: Via,
    pub(crate) tab: usize,
    pub(crate) account: usize,
    pub(crate) client: usize,
    pub(crate) start_ms: u64,
    pub(crate) is_post: bool,
    pub(crate) pay_first: bool,
    pub(crate) timeout_ms: u64,
    /// The caller is shown each payment.
    pub(crate) is_shown: bool,
    /// The caller's own `Authorization` and API key go along.
    pub(crate) has_secrets: bool,
    pub(crate) tries: u32,
}

/// The caller's limits for each token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) per_request: u64,
    pub(crate) per_session: u64,
    /// And within how many seconds.
    pub(crate) per_window: Option<(u64, u64)>,
}

/// A seed's plan.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) tabs: usize,
    pub(crate) accounts: usize,
    /// The accounts are contracts.
    pub(crate) is_contract: bool,
    pub(crate) has_rpc: bool,
    pub(crate) endpoints: usize,
    pub(crate) hides_pending: bool,
    pub(crate) is_browser: bool,
    pub(crate) has_store: bool,
    /// How far the computer's clock is off, in milliseconds.
    pub(crate) skew_ms: i64,
    pub(crate) block_ms: u64,
    /// Those of each client.
    pub(crate) caps: [Caps; 2],
    pub(crate) max_life: u64,
    pub(crate) allow_permits: bool,
    pub(crate) allow_upfront: bool,
    pub(crate) names_payees: bool,
    pub(crate) lists_hosts: bool,
    pub(crate) trusts_receipts: bool,
    pub(crate) balance: u64,
    pub(crate) allowance: u64,
    pub(crate) shops: Vec<ShopPlan>,
    pub(crate) intents: Vec<IntentPlan>,
}

impl Plan {
    /// The plan of a seed, less what the mask takes out.
    pub(crate) fn new(seed: u64, mask: &Mask, faults: &mut Faults) -> Self {
        let mut rng = Rng::new(seed, 0x92);
        let tabs = rng.pick(&[1, 1, 1, 2, 2, 3]);
        let accounts = rng.pick(&[1, 1, 1, 2]);
        let count = rng.pick(&[1, 1, 2, 3]);
        let per_request = 1000;
        let shops: Vec<ShopPlan> = (0..count)
            .map(|_| ShopPlan {
                trade: rng.pick(&[Trade::Authorization, Trade::Permit, Trade::UpTo, Trade::UpTo, Trade::Gateway, Trade::Gateway]),
                is_honest: rng.chance(250),
                price: rng.pick(&[200, 500, 900, 1000]),
                life: rng.pick(&[30, 60, 120, 300, 600, 600]),
                is_upfront: rng.chance(80),
                skew: if faults.strikes(Fault::DateLies) {
                    let by = i64::try_from(rng.between(0, 400)).unwrap_or_default();
                    if rng.chance(500) { by } else { -by }
                } else {
                    0
                },
            })
            .collect();
        let first = Caps {
            per_request,
            per_session: per_request * rng.pick(&[1, 2, 3, 5, 12, 12]),
            per_window: rng.chance(500).then(|| (per_request * rng.pick(&[1, 2, 3]), rng.pick(&[120, 600, 3600]))),
        };
        let second = if rng.chance(700) { first } else { Caps { per_session: first.per_session / 2, per_request: 500, ..first } };
        let count = rng.pick(&[1, 3, 6, 8, 12, 16]);
        let hurry = rng.pick(&[300, 3000, 60_000, 200_000]);
        let mut intents: Vec<IntentPlan> = (0..count)
            .map(|number| {
                let mut rng = Rng::new(seed, 0x9200 + number as u64);
                let shop = rng.index(shops.len());
                let via = match (shops[shop].trade, rng.below(10)) {
                    (Trade::Gateway, 0..4) => Via::Chat,
                    (Trade::Gateway, 4..6) => Via::Stream,
                    _ => Via::Fetch,
                };
                IntentPlan {
                    number,
                    shop,
                    via,
                    tab: rng.index(tabs),
                    account: rng.index(accounts),
                    client: rng.index(2),
                    start_ms: rng.below(hurry),
                    is_post: rng.chance(600),
                    pay_first: rng.chance(150),
                    timeout_ms: rng.pick(&[3000, 10_000, 60_000]),
                    is_shown: rng.chance(500),
                    has_secrets: rng.chance(500),
                    tries: u32::try_from(rng.between(1, 4)).unwrap_or(1),
                }
            })
            .collect();
        intents.retain(|intent| !mask.intents.contains(&intent.number));
        let skew_ms = if faults.strikes(Fault::ClockHours) {
            i64::try_from(rng.between(3_600_000, 20_000_000)).unwrap_or_default()
        } else if faults.strikes(Fault::ClockSkew) {
            i64::try_from(rng.between(0, 900_000)).unwrap_or_default()
        } else {
            0
        };
        let skew_ms = if rng.chance(500) { skew_ms } else { -skew_ms };
        Self {
            tabs,
            accounts,
            is_contract: rng.chance(800),
            has_rpc: !faults.strikes(Fault::RpcAbsent),
            endpoints: rng.pick(&[1, 1, 2]),
            hides_pending: faults.strikes(Fault::RpcNoPendingBlock),
            is_browser: faults.strikes(Fault::PlatformFollows),
            has_store: rng.chance(500),
            skew_ms,
            block_ms: rng.pick(&[2000, 2000, 2000, 12_000]),
            caps: [first, second],
            max_life: rng.pick(&[600, 600, 300, 60, 30]),
            allow_permits: rng.chance(300),
            allow_upfront: rng.chance(500),
            names_payees: rng.chance(200),
            lists_hosts: rng.chance(250),
            trusts_receipts: rng.chance(50),
            balance: if faults.strikes(Fault::BalanceShort) { rng.between(0, 3000) } else { 1_000_000 },
            allowance: if faults.strikes(Fault::AllowanceShort) { rng.between(0, 2000) } else { u64::MAX },
            shops,
            intents,
        }
    }
}
