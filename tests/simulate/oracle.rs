//! The oracle: the world's truth against what the caller was told.
//!
//! Some of it is judged when it is told (a success must have been one at some moment since the call began), the rest when the world has
//! come to rest.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use ogkit::error::Kind;
use ogkit::eth::follow::Receipt;

use crate::chain::Chain;
use crate::contracts::Inner;
use crate::faults::Fault;
use crate::ledger::{Effect, Intent, Ledger, Meaning, Told};
use crate::plan::{Op, WalletKind};
use crate::wallet::account;
use crate::world::{Shared, World};

/// Longer than any pause that the core makes by itself.
const SILENCE_MS: u64 = 11_000;

fn effect(inner: &Inner) -> Effect {
    Effect::read(inner.account, inner.to, inner.value, &inner.data)
}

/// Whether all effects are on the branch that counts.
pub(crate) fn has_happened(world: &Shared, effects: &[Effect]) -> bool {
    let chain = world.chain.borrow();
    let mut found = BTreeSet::new();
    for (block, at) in chain.executed() {
        found.extend(chain.blocks[block].txs[at].inner.iter().filter(|inner| inner.succeeded).map(effect));
    }
    effects.iter().all(|effect| found.contains(effect))
}

/// A call ends.
pub(crate) fn told(world: &Shared, id: u32, told: &Told) {
    let now = world.exec.now();
    let mut ledger = world.ledger.borrow_mut();
    let Some(call) = ledger.call(id) else { return };
    call.ended = Some(now);
    call.told = Some(told.clone());
    let (number, began, confirmations) = (call.intent, call.began, call.confirmations);
    let code = match told {
        Told::Success { .. } => "success",
        Told::Failure(kind) => kind.code(),
    };
    *ledger.outcomes.entry(code).or_default() += 1;
    let Some(intent) = ledger.intents.get(&number) else { return };
    let (effects, is_fix) = (intent.effects.clone(), intent.plan.op == Op::FixNonces);
    let is_stable = intent.plan.is_stable && intent.plan.op != Op::PublishSource;
    let is_hurried = intent.plan.wallet_timeout_ms.is_some();
    let chain = world.chain.borrow();
    let since = Since { chain: &chain, began, now, confirmations, is_hurried, is_stable };
    let found = match told {
        Told::Success { .. } if is_fix => None,
        Told::Success { receipts, made } => since.success(&effects, receipts, *made),
        Told::Failure(kind) => failure(world, &since, &ledger, id, kind, &effects),
    };
    if let Some((kind, detail)) = found {
        ledger.violated(kind, format!("call {id}: {detail}"));
    }
}

/// A caller who looked a hash up was told that it is mined.
pub(crate) fn looked_up(world: &Shared, receipt: &Receipt) {
    world.ledger.borrow_mut().told_mined.push((0, receipt.hash));
    let chain = world.chain.borrow();
    let block = chain.by_hash(receipt.block_hash);
    let is_there = block.is_some_and(|block| {
        chain.blocks[block].txs.iter().any(|executed| executed.tx.hash == receipt.hash && executed.succeeded)
    });
    if !is_there {
        let detail = format!("{} was looked up, and its receipt is none of this chain's", receipt.hash);
        world.ledger.borrow_mut().violated("false success", detail);
    }
}

/// What was true at some moment since a call began.
struct Since<'a> {
    chain: &'a Chain,
    began: u64,
    now: u64,
    confirmations: u64,
    /// The caller does not wait for the wallet for ever.
    is_hurried: bool,
    /// The caller repeats his calls as they were.
    is_stable: bool,
}

type Found = Option<(&'static str, String)>;

impl Since<'_> {
    /// Where a transaction was, in a block that counted.
    fn place(&self, hash: B256) -> Option<(usize, usize)> {
        let first = self.chain.heads.partition_point(|(at, _)| *at <= self.began).saturating_sub(1);
        let heads = self.chain.heads.get(first..).unwrap_or_default();
        heads.iter().rev().find_map(|(_, head)| self.chain.find(*head, hash))
    }

    fn success(&self, effects: &[Effect], receipts: &[Receipt], made: Option<Address>) -> Found {
        let mut inner = Vec::new();
        for receipt in receipts {
            let hash = receipt.hash;
            let Some(block) = self.chain.by_hash(receipt.block_hash) else {
                return Some(("false success", format!("the receipt of {hash} names a block that never was")));
            };
            let Some(executed) = self.chain.blocks[block].txs.iter().find(|executed| executed.tx.hash == hash) else {
                return Some(("false success", format!("{hash} is not in the block that its receipt names")));
            };
            if !self.was_deep(block) {
                let depth = self.confirmations;
                return Some(("false success", format!("the block of {hash} never counted with {depth} confirmations")));
            }
            inner.extend(executed.inner.iter().filter(|inner| inner.succeeded));
        }
        for wanted in effects {
            let own: Vec<&&Inner> = inner.iter().filter(|inner| effect(inner) == *wanted).collect();
            // A list that is repeated leaves out what is confirmed.
            if own.is_empty() && matches!(wanted, Effect::Confirm { .. }) && self.is_done(wanted) {
                continue;
            }
            if own.is_empty() {
                return Some(("false success", format!("no receipt's transaction did {wanted:?}")));
            }
            if made.is_some() && !own.iter().any(|inner| inner.made == made) {
                return Some(("false success", format!("{made:?} was not made by {wanted:?}")));
            }
        }
        None
    }

    /// Whether an effect is on the branch that counts.
    fn is_done(&self, wanted: &Effect) -> bool {
        let inner = |(block, at): (usize, usize)| self.chain.blocks[block].txs[at].inner.iter();
        self.chain.executed().into_iter().flat_map(inner).any(|inner| inner.succeeded && effect(inner) == *wanted)
    }

    /// Whether a block counted, and had so many blocks on it.
    fn was_deep(&self, block: usize) -> bool {
        let first = self.chain.heads.partition_point(|(at, _)| *at <= self.began).saturating_sub(1);
        let needed = self.chain.blocks[block].number + self.confirmations.max(1) - 1;
        let heads = self.chain.heads.get(first..).unwrap_or_default();
        heads
            .iter()
            .take_while(|(at, _)| *at <= self.now)
            .any(|(_, head)| self.chain.blocks[*head].number >= needed && self.chain.is_on(*head, block))
    }

    /// What a transaction did for an account's effects.
    fn own(&self, hash: B256, effects: &[Effect]) -> Option<Vec<bool>> {
        let (block, at) = self.place(hash)?;
        let inner = &self.chain.blocks[block].txs[at].inner;
        Some(inner.iter().filter(|inner| effects.contains(&effect(inner))).map(|inner| inner.succeeded).collect())
    }
}

fn failure(world: &Shared, since: &Since<'_>, ledger: &Ledger, id: u32, kind: &Kind, effects: &[Effect]) -> Found {
    let was_refused = ledger.asks_of(id).last().is_some_and(|ask| ask.is_refused);
    // A page that stood still may find its time up, or the wallet gone, and the answer at once.
    let is_late = since.is_hurried || world.counted()[Fault::WalletDisconnects as usize] > 0;
    // Of several writes in a row some may have gone out before the no.
    let is_told = matches!(kind, Kind::WalletRejected { .. } | Kind::TxPartial { .. });
    if was_refused && !is_late && !is_told {
        return Some(("unheard no", format!("the user said no, and {} was told", kind.code())));
    }
    match Meaning::of(kind) {
        // Which of two equal calls a transaction belongs to shows in the end.
        Meaning::Nothing | Meaning::Unknown(_) | Meaning::Out(_) | Meaning::Replaced { .. } if ledger.is_twin(id) => None,
        Meaning::Nothing if matches!(kind, Kind::Nonce { .. }) => {
            let Kind::Nonce { tried, .. } = kind else { return None };
            let found = nothing(since.chain, ledger, id).or_else(|| has_nonce(since.chain, ledger, id, *tried));
            found.map(|detail| ("false nothing", format!("nonce: {detail}")))
        }
        Meaning::Nothing => {
            nothing(since.chain, ledger, id).map(|detail| ("false nothing", format!("{}: {detail}", kind.code())))
        }
        Meaning::Failed(hash) => match since.own(hash, effects) {
            None => Some(("false failure", format!("{hash} was told as failed, and was never mined"))),
            Some(own) if own.contains(&true) => {
                Some(("false failure", format!("{hash} was told as failed, and did what was asked")))
            }
            Some(_) => None,
        },
        Meaning::Replaced { by, .. } => match since.own(by, effects) {
            None => Some(("false replacement", format!("{by} was told as the replacement, and was never mined"))),
            // A call that is repeated with other calldata is not what was sent before.
            Some(own) if own.contains(&true) && since.is_stable => {
                Some(("false replacement", format!("{by} did what was asked")))
            }
            Some(_) => None,
        },
        Meaning::Mined(hash) => {
            let is_own = since.own(hash, effects).is_some_and(|own| own.contains(&true));
            is_own.then(|| ("lost address", kind.to_string()))
        }
        // Who cannot ask the chain cannot know.
        Meaning::Held(_) if world.is_blind() => None,
        Meaning::Held(held) => {
            let counts = |at: usize| since.chain.is_on(since.chain.head(), at);
            let is_done = since.chain.blocks.iter().enumerate().any(|(at, block)| {
                block.time + 20 < crate::chain::EPOCH + since.now / 1000
                    && counts(at)
                    && block.txs.iter().flat_map(|executed| &executed.inner).any(|inner| inner.id == Some(held))
            });
            is_done.then(|| ("false waiting", format!("{held} was told as waiting, and was executed long before")))
        }
        Meaning::Edited(hash) => {
            let is_edited = ledger.asks.iter().flat_map(|ask| &ask.broadcasts).any(|sent| sent.hash == hash && sent.is_edited);
            let is_own = since.own(hash, effects).is_some_and(|own| own.contains(&true));
            // A call that is repeated with other calldata is not what was sent before.
            (is_own && !is_edited && since.is_stable).then(|| ("false mismatch", format!("{hash} is what was asked")))
        }
        // It tells which nonce the wallet used, not whether that is mined.
        Meaning::Out(_) if matches!(kind, Kind::Nonce { .. }) => None,
        // Who is not believed says nothing.
        Meaning::Out(_) if matches!(kind, Kind::RpcDisagreement { .. }) => None,
        Meaning::Unknown(_) | Meaning::Out(_) => {
            let sent = ledger.asks_of(id).flat_map(|ask| &ask.broadcasts).filter(|sent| !sent.is_edited);
            let found = sent.map(|sent| sent.hash).find(|hash| world.could_see(since.chain, *hash, since.confirmations))?;
            Some(("false doubt", format!("{found} is mined for long, and was told as unknown: {}", kind.code())))
        }
        Meaning::Partly(_) => None,
    }
}

/// Whether a call's own transaction has the nonce with which it was told to be impossible: its own, or that of an earlier call that
/// it repeats.
fn has_nonce(chain: &Chain, ledger: &Ledger, id: u32, nonce: u64) -> Option<String> {
    let call = ledger.calls.iter().find(|call| call.id == id)?;
    // With other arguments it is another call.
    ledger.intents.get(&call.intent).filter(|intent| intent.plan.is_stable)?;
    let calls: Vec<u32> = ledger.calls.iter().filter(|other| other.intent == call.intent).map(|call| call.id).collect();
    let asks = ledger.asks.iter().skip(call.settled).filter(|ask| calls.contains(&ask.call));
    let sent = asks.flat_map(|ask| &ask.broadcasts).filter(|sent| !sent.is_edited).map(|sent| sent.hash);
    let has = |hash: &B256| chain.pool.iter().any(|pooled| pooled.tx.hash == *hash && pooled.tx.nonce == nonce);
    let alive = sent.filter(has).find(|hash| chain.is_alive(*hash))?;
    Some(format!("{alive} has the nonce {nonce}"))
}

/// Whether something of a call is out that was told as not sent.
fn nothing(chain: &Chain, ledger: &Ledger, id: u32) -> Option<String> {
    // What the user made of it is not told apart from what another page sent.
    let sent = ledger.asks_of(id).flat_map(|ask| &ask.broadcasts).filter(|sent| !sent.is_edited);
    let is_others = |hash: &B256| ledger.is_told_as_anothers(*hash, id);
    let alive = sent.map(|broadcast| broadcast.hash).find(|hash| chain.is_alive(*hash) && !is_others(hash))?;
    Some(format!("{alive} is out"))
}

/// Looks for calls that wait without a word: no request of theirs is under way, and the last that they told is not that they wait.
pub(crate) fn listen(world: &Shared) {
    let now = world.exec.now();
    let mut silent = Vec::new();
    {
        let mut ledger = world.ledger.borrow_mut();
        for call in ledger.calls.iter_mut().filter(|call| call.ended.is_none()) {
            if call.outside > 0 || world.exec.is_frozen(call.page) {
                call.active = now;
            }
            let is_told = matches!(call.step, Some((_, ogkit::io::Progress::WaitingForWindow)));
            if now.saturating_sub(call.active) > SILENCE_MS && !is_told {
                silent.push((call.id, call.step.clone()));
            }
        }
    }
    for (id, step) in silent {
        world.ledger.borrow_mut().violated("silence", format!("call {id} waits without a word; its last step was {step:?}"));
    }
}

/// When the world has come to rest, before it is probed: calls that never ended, locks, gaps.
pub(crate) fn at_rest(world: &World) {
    let mut ledger = world.ledger.borrow_mut();
    if world.is_livelocked() {
        ledger.violated("livelock", "tasks wake each other for ever".to_owned());
        return;
    }
    let open = ledger.calls.iter().find(|call| call.ended.is_none()).map(|call| (call.id, call.step.clone()));
    if let Some((id, step)) = open {
        ledger.violated("never ends", format!("call {id} has not ended; its last step was {step:?}"));
    } else {
        claims(world, &mut ledger);
    }
    if matches!(world.plan.wallet, WalletKind::Extension | WalletKind::Hardware) && world.plan.honours_nonce {
        gaps(world, &mut ledger);
    }
}

/// Names that are held though nobody does anything: a window's lock, or a nonce that nothing was sent with.
fn claims(world: &World, ledger: &mut Ledger) {
    let chain = world.chain.borrow();
    for name in world.origin.held() {
        if name.contains(":window:") {
            ledger.violated("lock", format!("{name} is held, and no call is under way"));
        }
        let Some((rest, nonce)) = name.rsplit_once(':') else { continue };
        let (Some((_, account)), Ok(nonce)) = (rest.rsplit_once(':'), nonce.parse::<u64>()) else { continue };
        let Ok(account) = account.parse::<Address>() else { continue };
        let was_used = chain.pool.iter().any(|pooled| pooled.tx.from == account && pooled.tx.nonce == nonce);
        if name.contains(":nonce:") && !was_used && !world.is_smart() && !wallet_lied(world) {
            ledger.violated("claim", format!("{name} is held, and nothing was sent with it"));
        }
    }
}

/// A wallet that answers with a hash, and sent on another chain or from another account, says that a nonce is used which is not.
fn wallet_lied(world: &World) -> bool {
    [Fault::WalletWrongChain, Fault::WalletWrongSender].iter().any(|fault| world.counted()[*fault as usize] > 0)
}

/// Transactions that wait behind a nonce that nobody ever used.
fn gaps(world: &World, ledger: &mut Ledger) {
    let chain = world.chain.borrow();
    for number in 0..world.plan.accounts {
        let account = account(&world.plan, number);
        let next = chain.state().account(account).nonce;
        let of_account = || chain.pool.iter().filter(|pooled| pooled.tx.from == account);
        let waits = of_account().find(|pooled| pooled.until.is_none() && pooled.tx.nonce > next);
        let was_used = of_account().any(|pooled| pooled.tx.nonce == next);
        let was_used = was_used || wallet_lied(world) || world.counted()[Fault::UserNumbers as usize] > 0;
        if let (Some(waits), false) = (waits, was_used) {
            let detail = format!("{} waits with nonce {}, and nonce {next} was never used", waits.tx.hash, waits.tx.nonce);
            ledger.violated("gap", detail);
        }
    }
}

/// When all is over: effects against intents, and what was told against both.
pub(crate) fn judge(world: &World) {
    let chain = world.chain.borrow();
    let mut ledger = world.ledger.borrow_mut();
    let own: Vec<Address> = (0..world.plan.accounts).map(|number| account(&world.plan, number)).collect();
    let edited: BTreeSet<B256> =
        ledger.asks.iter().flat_map(|ask| &ask.broadcasts).filter(|sent| sent.is_edited).map(|sent| sent.hash).collect();
    let mut happened: BTreeMap<Effect, Vec<B256>> = BTreeMap::new();
    for (block, at) in chain.executed() {
        let executed = &chain.blocks[block].txs[at];
        let done = executed.inner.iter().filter(|inner| inner.succeeded && own.contains(&inner.account));
        for inner in done {
            if !edited.contains(&executed.tx.hash) {
                happened.entry(effect(inner)).or_default().push(executed.tx.hash);
            }
        }
    }
    for (effect, hashes) in &happened {
        let wanting = ledger.intents.values().filter(|intent| intent.effects.contains(effect));
        let meant: usize = wanting.map(|intent| intent.allowance + reorganised(&chain, &ledger, intent)).sum();
        if meant == 0 && !matches!(effect, Effect::Nothing { .. }) {
            ledger.violated("stray effect", format!("{effect:?} was never meant: {hashes:?}"));
        } else if hashes.len() > meant && !matches!(effect, Effect::Nothing { .. }) {
            ledger.violated(
                "twice",
                format!("{effect:?} happened {} times, and was meant {meant} times: {hashes:?}", hashes.len()),
            );
        }
    }
    lies(&chain, &mut ledger);
    shared(&mut ledger);
    needless(world, &mut ledger);
}

/// How many of an intent's failures on chain a later reorganisation has taken back: nobody can know that of them.
fn reorganised(chain: &Chain, ledger: &Ledger, intent: &Intent) -> usize {
    let has_failed = |hash: B256| {
        chain.find(chain.head(), hash).is_some_and(|(block, at)| {
            let inner = &chain.blocks[block].txs[at].inner;
            inner.iter().all(|inner| !inner.succeeded || !intent.effects.contains(&effect(inner)))
        })
    };
    let calls = ledger.calls.iter().filter(|call| call.intent == intent.plan.number);
    let failed = calls.filter_map(|call| match &call.told {
        Some(Told::Failure(kind)) => match Meaning::of(kind) {
            Meaning::Failed(hash) => Some(hash),
            _ => None,
        },
        _ => None,
    });
    failed.filter(|hash| !has_failed(*hash)).count()
}

/// What was told as not sent and came all the same.
fn lies(chain: &Chain, ledger: &mut Ledger) {
    let told: Vec<(u32, &'static str)> = ledger
        .calls
        .iter()
        .filter_map(|call| match &call.told {
            Some(Told::Failure(kind)) if Meaning::of(kind) == Meaning::Nothing => Some((call.id, kind.code())),
            _ => None,
        })
        .collect();
    for (id, code) in told {
        if let Some(detail) = nothing(chain, ledger, id) {
            ledger.violated("false nothing", format!("call {id}: {code}: {detail}"));
        }
    }
}

/// One transaction that was told as the success of two intents.
fn shared(ledger: &mut Ledger) {
    // A bundle does several things: the success is of one of them.
    let mut told: BTreeMap<(B256, &Effect), BTreeSet<usize>> = BTreeMap::new();
    for call in &ledger.calls {
        let Some(intent) = ledger.intents.get(&call.intent) else { continue };
        let is_unique = matches!(intent.plan.op, Op::Deposit(_) | Op::Withdraw(_));
        if let (Some(Told::Success { receipts, .. }), true, Some(effect)) = (&call.told, is_unique, intent.effects.first()) {
            for receipt in receipts {
                told.entry((receipt.hash, effect)).or_default().insert(call.intent);
            }
        }
    }
    // A page that died took with it what it knew of equal calls.
    let lost: BTreeSet<usize> = ledger.calls.iter().filter(|call| call.is_lost).map(|call| call.intent).collect();
    let found = told.into_iter().find(|(_, intents)| intents.len() > 1 && intents.is_disjoint(&lost));
    let detail = found.map(|((hash, _), intents)| format!("{hash} was told as the success of the intents {intents:?}"));
    if let Some(detail) = detail {
        ledger.violated("shared success", detail);
    }
}

/// In a world in which nothing went wrong, everything succeeds.
fn needless(world: &World, ledger: &mut Ledger) {
    let is_hurried = |intent: &Intent| intent.plan.wallet_timeout_ms.is_some() || intent.plan.total_timeout.is_some();
    let is_calm = world.counted().iter().all(|count| *count == 0) && !ledger.intents.values().any(is_hurried);
    let has_fixes = ledger.intents.values().any(|intent| intent.plan.op == Op::FixNonces);
    if !is_calm || has_fixes || world.plan.block_ms > 3000 {
        return;
    }
    let failed = ledger.calls.iter().find_map(|call| {
        let plan = &ledger.intents.get(&call.intent)?.plan;
        if plan.confirmations > 1 || plan.max_retries < 2 || !plan.auto_fix_nonce {
            return None;
        }
        // Two intents may be about the same task.
        if matches!(plan.op, Op::Confirm(_) | Op::Cancel(_)) && ledger.intents.len() > 1 {
            return None;
        }
        match &call.told {
            Some(Told::Failure(kind)) => Some(format!("call {}: {kind}", call.id)),
            _ => None,
        }
    });
    if let Some(failed) = failed {
        ledger.violated("needless failure", failed);
    }
}
