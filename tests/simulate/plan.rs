//! What a seed decides before its world begins: the wallet, the tabs, the endpoints, and what the caller wants to do.

use alloy_primitives::U256;

use crate::faults::Fault;
use crate::net::Endpoint;
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

/// After which models of the field the wallet is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WalletKind {
    /// A browser extension as MetaMask is, with a node of its own.
    Extension,
    /// A device that must be found, opened and read: long windows.
    Hardware,
    /// A plain account that its wallet upgrades for batches (EIP-7702, EIP-5792).
    Delegated,
    /// A Safe.
    Safe,
    /// An ERC-4337 account.
    Smart,
}

/// Something that a user wants once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Money into the vault. The same amount twice may be meant.
    Deposit(U256),
    /// Money out of the vault.
    Withdraw(U256),
    /// A task of a source, for a payment.
    PublishTask(U256),
    /// A source.
    PublishSource,
    /// The end of a task, by its number among the account's.
    Cancel(usize),
    /// The payment for responses, by their numbers among the account's; several go in one batch where the wallet can.
    Confirm(Vec<usize>),
    /// The way of `nonces.fix`: what is stuck is replaced by nothing.
    FixNonces,
}

/// An intent, and how its calls are made.
#[derive(Clone, Debug)]
pub(crate) struct IntentPlan {
    /// Its number.
    pub(crate) number: usize,
    pub(crate) op: Op,
    pub(crate) tab: usize,
    pub(crate) account: usize,
    pub(crate) start_ms: u64,
    pub(crate) auto_fix_nonce: bool,
    pub(crate) max_retries: u32,
    /// Seconds.
    pub(crate) receipt_timeout: u64,
    pub(crate) confirmations: u64,
    pub(crate) wallet_timeout_ms: Option<u64>,
    /// Seconds.
    pub(crate) total_timeout: Option<u32>,
    /// A call that is repeated has the same arguments.
    pub(crate) is_stable: bool,
}

/// A seed's plan.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) wallet: WalletKind,
    pub(crate) honours_nonce: bool,
    pub(crate) tabs: usize,
    pub(crate) accounts: usize,
    /// How many transactions each account has sent before.
    pub(crate) first_nonce: u64,
    pub(crate) block_ms: u64,
    pub(crate) endpoints: Vec<Endpoint>,
    /// So many endpoints must agree.
    pub(crate) quorum: usize,
    pub(crate) intents: Vec<IntentPlan>,
}

impl Plan {
    /// The plan of a seed, less what the mask takes out.
    pub(crate) fn new(seed: u64, mask: &Mask, faults: &mut Faults) -> Self {
        let mut rng = Rng::new(seed, 0x91);
        let wallet = match rng.below(100) {
            0..45 => WalletKind::Extension,
            45..55 => WalletKind::Hardware,
            55..70 => WalletKind::Delegated,
            70..86 => WalletKind::Safe,
            _ => WalletKind::Smart,
        };
        // A wallet that numbers by itself, and transactions that no node shows: nobody can tell what it sent. No promise is made
        // there.
        if faults.has(Fault::WalletIgnoresNonce) || faults.has(Fault::UserNumbers) {
            faults.forbid(Fault::RpcHidesPool);
            faults.forbid(Fault::RpcNoPendingBlock);
            faults.forbid(Fault::WalletPrivateRelay);
        }
        let ignores = matches!(wallet, WalletKind::Extension | WalletKind::Hardware) && faults.strikes(Fault::WalletIgnoresNonce);
        let mut endpoints: Vec<Endpoint> = (0..rng.between(1, 3)).map(|_| Endpoint::default()).collect();
        let at = rng.index(endpoints.len());
        endpoints[at].hides_pool = faults.has(Fault::RpcHidesPool);
        let at = rng.index(endpoints.len());
        endpoints[at].hides_block = faults.has(Fault::RpcNoPendingBlock);
        let at = rng.index(endpoints.len());
        endpoints[at].forgets = faults.has(Fault::RpcNoHistory);
        let at = rng.index(endpoints.len());
        endpoints[at].is_other_chain = endpoints.len() > 1 && faults.has(Fault::RpcWrongChain);
        // A stream of its own: it came later than the seeds that are kept.
        let logless = Rng::new(seed, 0x92).index(endpoints.len());
        let is_smart = matches!(wallet, WalletKind::Safe | WalletKind::Smart);
        // What one endpoint says is believed, unless the caller wants several.
        let quorum = if endpoints.len() > 1 && rng.chance(250) { 2 } else { 1 };
        let at = rng.index(endpoints.len());
        endpoints[at].lies = quorum > 1;
        // Without logs nobody can tell what a contract account did.
        let others = endpoints.iter().enumerate().filter(|(at, endpoint)| *at != logless && !endpoint.is_other_chain).count();
        endpoints[logless].refuses_logs = faults.has(Fault::RpcNoLogs) && (!is_smart || others >= quorum);
        let tabs = rng.pick(&[1, 1, 2, 2, 3]);
        let accounts = rng.pick(&[1, 1, 2]);
        let (first_nonce, block_ms) = (rng.between(0, 4), rng.pick(&[1000, 2000, 2000, 3000, 12_000]));
        let count = rng.between(1, 5);
        let mut intents: Vec<IntentPlan> = Vec::new();
        for number in 0..usize::try_from(count).unwrap_or(1) {
            // Each intent draws from a stream of its own, so that one that is taken out changes nothing for the others.
            let mut rng = Rng::new(seed, 0x9100 + number as u64);
            let account = rng.index(accounts);
            let twin =
                intents.iter().find(|intent| intent.account == account && matches!(intent.op, Op::Deposit(_) | Op::Withdraw(_)));
            let op = match twin {
                Some(twin) if rng.chance(350) => twin.op.clone(),
                _ => op(&mut rng, number, wallet),
            };
            // A task's deadline may be as it was, or later.
            let is_stable = !matches!(op, Op::PublishTask(_)) || rng.chance(700);
            intents.push(IntentPlan {
                number,
                is_stable,
                op,
                tab: rng.index(tabs),
                account,
                start_ms: rng.pick(&[0, 0, 500, 3000, 10_000]) + rng.below(3000),
                auto_fix_nonce: rng.chance(800),
                max_retries: u32::try_from(rng.between(1, 3)).unwrap_or(1),
                receipt_timeout: rng.pick(&[20, 40, 60, 120]),
                confirmations: rng.pick(&[1, 1, 1, 1, 2, 4]),
                wallet_timeout_ms: rng.chance(200).then(|| rng.between(3, 60) * 1000),
                total_timeout: rng.chance(100).then(|| u32::try_from(rng.between(1, 30)).unwrap_or(30)),
            });
        }
        intents.retain(|intent| !mask.intents.contains(&intent.number));
        Self { seed, wallet, honours_nonce: !ignores, tabs, accounts, first_nonce, block_ms, endpoints, quorum, intents }
    }
}

fn op(rng: &mut Rng, number: usize, wallet: WalletKind) -> Op {
    // Amounts are unique but for twins, so that what happened can be told apart.
    let amount = U256::from(1_000_000_000_000_u64) * U256::from(1 + rng.below(1000)) + U256::from(number + 1);
    match rng.below(100) {
        0..28 => Op::Deposit(amount),
        28..36 => Op::Withdraw(amount),
        36..62 => Op::PublishTask(amount),
        62..72 => Op::PublishSource,
        72..80 => Op::Cancel(rng.index(2)),
        80..86 => Op::Confirm(vec![rng.index(4)]),
        // A smart account has no nonces to mend.
        96.. if matches!(wallet, WalletKind::Extension | WalletKind::Hardware) => Op::FixNonces,
        _ => Op::Confirm((0..4).filter(|_| rng.chance(700)).collect()),
    }
}
