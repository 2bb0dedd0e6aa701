//! What was meant, what was asked of the wallet, what went out, and what the caller was told: the facts that the oracle compares.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use ogkit::error::Kind;
use ogkit::eth::follow::Receipt;
use ogkit::io::Progress;
use ogkit::ogpu::protocol::abi::{Controller, Nexus, Vault};

use crate::contracts::CONTRACTS;
use crate::plan::{IntentPlan, Op};

/// What a call does to the world, told apart from every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    Deposit {
        by: Address,
        account: Address,
        amount: U256,
    },
    Withdraw {
        by: Address,
        amount: U256,
    },
    Task {
        by: Address,
        url: String,
        payment: U256,
    },
    Source {
        by: Address,
        url: String,
    },
    Cancel {
        by: Address,
        task: Address,
    },
    Confirm {
        by: Address,
        response: Address,
    },
    /// A transfer of nothing to oneself.
    Nothing {
        by: Address,
    },
    /// Anything else.
    Other {
        by: Address,
        to: Option<Address>,
        value: U256,
        data: Bytes,
    },
}

impl Effect {
    /// Reads a call of an account.
    pub(crate) fn read(by: Address, to: Option<Address>, value: U256, data: &Bytes) -> Self {
        let is = |contract: Address| to == Some(contract);
        if is(CONTRACTS.vault) {
            if let Ok(call) = Vault::depositCall::abi_decode(data) {
                return Self::Deposit { by, account: call.account, amount: value };
            }
            if let Ok(call) = Vault::withdrawCall::abi_decode(data) {
                return Self::Withdraw { by, amount: call.amount };
            }
        }
        if is(CONTRACTS.controller) {
            if let Ok(Controller::publishTaskCall { _taskParams: params }) = Controller::publishTaskCall::abi_decode(data) {
                return Self::Task { by, url: params.config, payment: params.payment };
            }
            if let Ok(call) = Controller::cancelTaskCall::abi_decode(data) {
                return Self::Cancel { by, task: call.task };
            }
            if let Ok(call) = Controller::confirmResponseCall::abi_decode(data) {
                return Self::Confirm { by, response: call.response };
            }
        }
        if is(CONTRACTS.nexus)
            && let Ok(Nexus::publishSourceCall { _sourceParams: params }) = Nexus::publishSourceCall::abi_decode(data)
        {
            return Self::Source { by, url: params.imageMetadataUrl };
        }
        if is(by) && value.is_zero() && data.is_empty() {
            return Self::Nothing { by };
        }
        Self::Other { by, to, value, data: data.clone() }
    }
}

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// It succeeded: its receipts, and what it made.
    Success { receipts: Vec<Receipt>, made: Option<Address> },
    /// It failed.
    Failure(Kind),
}

/// What a failure tells the caller about what went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing, in so many words or because it says nothing else: a caller calls again.
    Nothing,
    /// It may be out, under this nonce where there are nonces.
    Unknown(Option<u64>),
    /// This is out, and may still be mined.
    Out(B256),
    /// This was mined and failed.
    Failed(B256),
    /// This took its place, and does something else.
    Replaced { by: B256, is_cancel: bool },
    /// This was sent in its place.
    Edited(B256),
    /// A smart account holds it.
    Held(B256),
    /// This was mined, and what it made cannot be told.
    Mined(B256),
    /// A part of it was executed.
    Partly(Vec<B256>),
}

impl Meaning {
    /// What a failure means to a caller who believes it.
    pub(crate) fn of(kind: &Kind) -> Self {
        match kind {
            Kind::TxUncertain { nonce, .. } => Self::Unknown(*nonce),
            Kind::TxReceiptTimeout { hash, .. } => Self::Out(*hash),
            Kind::Nonce { hash: Some(hash), .. } | Kind::RpcDisagreement { hash: Some(hash), .. } => Self::Out(*hash),
            Kind::TxRevert { hash: Some(hash), .. } | Kind::ContractPanic { hash: Some(hash), .. } => Self::Failed(*hash),
            Kind::TxReplaced { replacement, cancelled, .. } => Self::Replaced { by: *replacement, is_cancel: *cancelled },
            Kind::TxMismatch { hash, .. } => Self::Edited(*hash),
            Kind::TxAwaitingApproval { id, .. } => Self::Held(*id),
            Kind::TxPartial { hashes, .. } => Self::Partly(hashes.clone()),
            Kind::Protocol { found, .. } if found.contains("which was mined") => {
                let hash = found.split([' ', ',']).find_map(|word| word.parse().ok());
                hash.map_or(Self::Nothing, Self::Mined)
            }
            _ => Self::Nothing,
        }
    }
}

/// What a caller keeps where a crash does not reach it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The nonce that the wallet was last asked to use.
    pub(crate) asked: Option<u64>,
    /// The hash that was last told.
    pub(crate) hash: Option<B256>,
    /// Something may be out under this nonce: whatever comes next must use it.
    pub(crate) uncertain: Option<u64>,
    /// The wallet was asked, and what became of it is not known.
    pub(crate) is_open: bool,
}

/// Something that a user wants once.
pub(crate) struct Intent {
    pub(crate) plan: IntentPlan,
    /// What it does to the world.
    pub(crate) effects: Vec<Effect>,
    /// How often its effects may happen.
    pub(crate) allowance: usize,
    pub(crate) memory: Memory,
    pub(crate) is_over: bool,
}

/// One call of the package.
pub(crate) struct Call {
    pub(crate) id: u32,
    pub(crate) intent: usize,
    pub(crate) page: u32,
    pub(crate) began: u64,
    pub(crate) ended: Option<u64>,
    pub(crate) told: Option<Told>,
    /// Aborted by its caller, or gone with its page.
    pub(crate) is_dropped: bool,
    /// Its page is gone, whether or not it had ended.
    pub(crate) is_lost: bool,
    /// Its task in the executor.
    pub(crate) task: usize,
    /// The nonce that the caller gave.
    pub(crate) nonce: Option<u64>,
    pub(crate) confirmations: u64,
    /// So many of the ledger's requests are behind it: their transactions were told as mined.
    pub(crate) settled: usize,
    /// The last step that it told, and when.
    pub(crate) step: Option<(u64, Progress)>,
    /// How many requests of it are under way: to the wallet, to servers.
    pub(crate) outside: u32,
    /// When there was last one, or the page stood still.
    pub(crate) active: u64,
}

/// One request to the wallet to send.
pub(crate) struct Ask {
    pub(crate) call: u32,
    /// Whether the user, or what comes after him, may still send something.
    pub(crate) is_open: bool,
    /// The user said no, in words that are known.
    pub(crate) is_refused: bool,
    /// The wallet took a lower nonce than the suggested one.
    pub(crate) is_below: bool,
    /// The wallet has failed, and will send all the same.
    pub(crate) is_late: bool,
    pub(crate) broadcasts: Vec<Broadcast>,
}

/// What was sent for a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broadcast {
    pub(crate) hash: B256,
    /// The user made something else of it.
    pub(crate) is_edited: bool,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which promise is broken: stable, so that a shortened history can be compared.
    pub(crate) kind: &'static str,
    /// In this world.
    pub(crate) detail: String,
}

/// All of it.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) pages: u32,
    pub(crate) intents: BTreeMap<usize, Intent>,
    pub(crate) calls: Vec<Call>,
    pub(crate) asks: Vec<Ask>,
    /// Transactions that were told as mined, on the way by a call, or when they were looked up (call 0).
    pub(crate) told_mined: Vec<(u32, B256)>,
    /// Transactions that the network lost.
    pub(crate) dropped: Vec<B256>,
    pub(crate) violations: Vec<Violation>,
    /// How calls ended, by code.
    pub(crate) outcomes: BTreeMap<&'static str, u32>,
    /// What was told on the way.
    pub(crate) steps: BTreeMap<&'static str, u32>,
}

impl Ledger {
    /// A call by its number, which begins with 1.
    pub(crate) fn call(&mut self, id: u32) -> Option<&mut Call> {
        self.calls.get_mut(usize::try_from(id).unwrap_or_default().checked_sub(1)?)
    }

    /// The requests of a call that are not settled.
    pub(crate) fn asks_of(&self, call: u32) -> impl Iterator<Item = &Ask> {
        let settled = self.calls.iter().find(|other| other.id == call).map_or(0, |call| call.settled);
        self.asks.iter().skip(settled).filter(move |ask| ask.call == call)
    }

    /// Whether another intent is, in part or as a whole, about the same.
    pub(crate) fn is_twin(&self, call: u32) -> bool {
        let intent = self.calls.iter().find(|other| other.id == call).and_then(|call| self.intents.get(&call.intent));
        intent.is_some_and(|intent| {
            let shares = |other: &Intent| other.effects.iter().any(|effect| intent.effects.contains(effect));
            self.intents.values().any(|other| other.plan.number != intent.plan.number && shares(other))
        })
    }

    /// Whether a transaction was told as another call's: as its success, its failure, or a part of it. That call may repeat this one.
    pub(crate) fn is_told_as_anothers(&self, hash: B256, than: u32) -> bool {
        let told = |call: &Call| match &call.told {
            Some(Told::Success { receipts, .. }) => receipts.iter().any(|receipt| receipt.hash == hash),
            Some(Told::Failure(kind)) => match Meaning::of(kind) {
                Meaning::Failed(failed) => failed == hash,
                Meaning::Partly(hashes) => hashes.contains(&hash),
                _ => false,
            },
            None => false,
        };
        self.told_mined.iter().any(|(of, found)| *of != than && *found == hash)
            || self.calls.iter().any(|call| call.id != than && told(call))
    }

    /// Something that must not be, once for each kind and world.
    pub(crate) fn violated(&mut self, kind: &'static str, detail: String) {
        if !self.violations.iter().any(|violation| violation.kind == kind) {
            self.violations.push(Violation { kind, detail });
        }
    }

    /// A request of a call to its wallet. Answers its number.
    ///
    /// Where nothing but the user keeps two transactions apart (the wallet numbers by itself, or the account has no nonce of its own that
    /// a page could suggest), a user who says yes to two windows of one intent that are open at the same time gets two. So does a caller
    /// who repeats a call with other calldata, which nobody can tell to be the same; and one whose page died when the wallet had taken
    /// a lower nonce than it was suggested, or had failed and was to send all the same.
    pub(crate) fn ask(&mut self, call: u32, nonce: Option<u64>, is_loose: bool) -> usize {
        // Of several writes in a row the first alone has the caller's nonce, or one that is done and left out has it.
        let asking = self.call(call).filter(|asking| asking.settled == 0).map(|asking| (asking.intent, asking.nonce));
        let is_single = |intent: usize| self.intents.get(&intent).is_some_and(|intent| intent.effects.len() == 1);
        let wanted = asking.filter(|(intent, _)| is_single(*intent)).and_then(|(_, nonce)| nonce);
        if let (Some(wanted), Some(nonce)) = (wanted, nonce)
            && wanted != nonce
        {
            self.violated("other nonce", format!("call {call} was to use nonce {wanted}, and asks for {nonce}"));
        }
        if self.asks_of(call).any(|ask| ask.is_refused) {
            self.violated("unheard no", format!("call {call} asks again after a no"));
        }
        if is_loose {
            let intent = self.call(call).map(|call| call.intent);
            let effects = |number: &usize| self.intents.get(number).map(|intent| &intent.effects);
            // A window of an equal intent's may as well be this one's.
            let of_intent = |ask: &Ask| {
                let other = self.calls.get(ask.call as usize - 1).map(|call| call.intent);
                other == intent || other.as_ref().and_then(effects) == intent.as_ref().and_then(effects)
            };
            // A source carries the time of its publication.
            let is_other = |plan: &IntentPlan| !plan.is_stable || plan.op == Op::PublishSource;
            let is_changed = |number: &usize| self.intents.get(number).is_some_and(|intent| is_other(&intent.plan));
            let is_changed = intent.as_ref().is_some_and(is_changed);
            let is_lost = |ask: &Ask| {
                let call = self.calls.get(ask.call as usize - 1);
                let is_unknown = |call: &Call| ask.is_below && call.is_dropped || ask.is_late && call.is_lost;
                ask.is_open || is_changed || call.is_some_and(is_unknown)
            };
            let open = self.asks.iter().any(|ask| ask.call != 0 && is_lost(ask) && of_intent(ask));
            if open && let Some(intent) = intent.and_then(|number| self.intents.get_mut(&number)) {
                intent.allowance += 1;
            }
        }
        self.asks.push(Ask { call, is_open: true, is_refused: false, is_below: false, is_late: false, broadcasts: Vec::new() });
        self.asks.len() - 1
    }
}
