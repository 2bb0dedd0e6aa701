//! The chain: blocks, two tokens, Permit2 and x402's contracts. What moves here is the only truth about money.
//!
//! A settlement waits in the pool, and a block takes it if the contracts would: the nonce is unused, the signature has not ended by the block's
//! time, no more is taken than was signed for, balance and allowance suffice. Blocks are made when somebody looks.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use ogkit::x402::{EXACT_PROXY, UPTO_PROXY};

use crate::plan::TOKENS;
use crate::rng;

pub(crate) const CHAIN_ID: u64 = 8453;
/// The time of block 0, in unix seconds.
pub(crate) const EPOCH: u64 = 1_750_000_000;
/// A contract of sellers', which settles for them.
const ROUTER: Address = Address::repeat_byte(0x77);

/// What a signature allows, as the contracts see it.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// By Permit2 rather than EIP-3009.
    pub(crate) is_permit2: bool,
    pub(crate) is_upto: bool,
    pub(crate) token: Address,
    pub(crate) amount: u64,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) nonce: B256,
    pub(crate) after: u64,
    pub(crate) deadline: u64,
    pub(crate) facilitator: Option<Address>,
}

impl Grant {
    /// Whether a block of this time is too late for it.
    pub(crate) const fn is_over(&self, time: u64) -> bool {
        if self.is_permit2 { time > self.deadline } else { time >= self.deadline }
    }
}

/// A transaction that is to settle.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    /// The payment's number among those that were signed.
    pub(crate) payment: usize,
    pub(crate) grant: Grant,
    pub(crate) amount: u64,
    pub(crate) sender: Address,
    /// Through a contract of the seller's, with the calldata of this nonce.
    pub(crate) decoy: Option<B256>,
    /// An EIP-2612 permit goes along: until when it is good.
    pub(crate) permit: Option<u64>,
    pub(crate) ready_at: u64,
}

/// A transfer that happened.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) block: u64,
    pub(crate) index: u64,
    pub(crate) hash: B256,
    pub(crate) token: Address,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) value: u64,
    pub(crate) call: (Address, Vec<u8>),
    /// What it settled; nothing where the account paid outside of this origin.
    pub(crate) settlement: Option<Settlement>,
}

/// What became of a block.
pub(crate) enum Mined {
    Plain,
    /// It was taken back: what it settled comes again, or not.
    TakenBack(bool),
}

#[derive(Default)]
pub(crate) struct Chain {
    pub(crate) block_ms: u64,
    /// Each block's time.
    times: Vec<u64>,
    pub(crate) moved: Vec<Moved>,
    /// The block in which a nonce was used, by Permit2 or not.
    used: BTreeMap<(bool, Address, B256), u64>,
    pub(crate) balances: BTreeMap<(Address, Address), u64>,
    pub(crate) allowances: BTreeMap<(Address, Address), u64>,
    permits: BTreeMap<(Address, Address), u64>,
    pool: Vec<Settlement>,
    drawn: u64,
    /// What was taken for payments whose block was taken back.
    pub(crate) taken_back: BTreeMap<usize, u64>,
}

impl Chain {
    pub(crate) fn new(block_ms: u64) -> Self {
        Self { block_ms, times: vec![EPOCH], ..Self::default() }
    }

    /// The newest block.
    pub(crate) fn head(&self) -> u64 {
        self.times.len() as u64 - 1
    }

    /// A block's time.
    pub(crate) fn time(&self, block: u64) -> Option<u64> {
        self.times.get(usize::try_from(block).ok()?).copied()
    }

    /// The newest block's time.
    pub(crate) fn now(&self) -> u64 {
        self.times.last().copied().unwrap_or(EPOCH)
    }

    /// The block that is the newest one at a moment in milliseconds.
    pub(crate) fn at(&self, ms: u64) -> u64 {
        (ms / self.block_ms).min(self.head())
    }

    pub(crate) fn submit(&mut self, settlement: Settlement) {
        self.pool.push(settlement);
    }

    /// Whether the next block is due.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        (self.head() + 1) * self.block_ms <= now_ms
    }

    /// Whether the newest block settled something.
    pub(crate) fn has_settled(&self) -> bool {
        self.moved.last().is_some_and(|moved| moved.block == self.head() && moved.settlement.is_some())
    }

    /// Makes the next block. Answers the settlements that it holds.
    pub(crate) fn mine(&mut self, mined: &Mined) -> Vec<Moved> {
        if let Mined::TakenBack(is_dropped) = mined {
            self.take_back(*is_dropped);
        }
        let number = self.head() + 1;
        let at_ms = number * self.block_ms;
        let time = EPOCH + at_ms / 1000;
        self.times.push(time);
        let first = self.moved.len();
        for settlement in std::mem::take(&mut self.pool) {
            if settlement.ready_at > at_ms {
                self.pool.push(settlement);
            } else {
                self.execute(settlement, number, time);
            }
        }
        self.moved[first..].to_vec()
    }

    fn take_back(&mut self, is_dropped: bool) {
        let head = self.head();
        let at = self.moved.iter().position(|moved| moved.block == head).unwrap_or(self.moved.len());
        for moved in self.moved.split_off(at) {
            *self.balances.entry((moved.token, moved.from)).or_default() += moved.value;
            let Some(settlement) = moved.settlement else { continue };
            let Grant { is_permit2, from, nonce, .. } = settlement.grant;
            self.used.remove(&(is_permit2, from, nonce));
            self.taken_back.insert(settlement.payment, moved.value);
            // What was taken once is not taken anew for more: the same transaction comes first, or none.
            self.pool.retain(|other| other.payment != settlement.payment);
            if !is_dropped {
                self.pool.insert(0, settlement);
            }
        }
    }

    fn execute(&mut self, settlement: Settlement, block: u64, time: u64) {
        let Settlement { grant, amount, sender, permit, .. } = &settlement;
        let key = (grant.is_permit2, grant.from, grant.nonce);
        let is_allowed_amount = if grant.is_upto { (1..=grant.amount).contains(amount) } else { *amount == grant.amount };
        let is_sender = grant.facilitator.is_none_or(|facilitator| facilitator == *sender || settlement.decoy.is_some());
        let is_in_time = grant.after <= time && !grant.is_over(time);
        if self.used.contains_key(&key) || !is_allowed_amount || !is_sender || !is_in_time {
            return;
        }
        let holder = (grant.token, grant.from);
        if permit.is_some_and(|until| until >= time) {
            self.allowances.insert(holder, grant.amount);
            *self.permits.entry(holder).or_default() += 1;
        }
        let balance = self.balances.get(&holder).copied().unwrap_or_default();
        let allowance = self.allowances.get(&holder).copied().unwrap_or_default();
        if balance < *amount || (grant.is_permit2 && allowance < *amount) {
            return;
        }
        if grant.is_permit2 && allowance != u64::MAX {
            self.allowances.insert(holder, allowance - amount);
        }
        self.used.insert(key, block);
        let call = call(&settlement);
        let (token, from, to, value) = (grant.token, grant.from, grant.to, *amount);
        self.transfer((token, from, to), value, block, call, Some(settlement));
    }

    /// A transfer that this origin has nothing to do with, in the newest block.
    pub(crate) fn pay_elsewhere(&mut self, (token, from, to): (Address, Address, Address), value: u64, call: (Address, Vec<u8>)) {
        if self.balances.get(&(token, from)).is_some_and(|balance| *balance >= value) {
            let head = self.head();
            self.transfer((token, from, to), value, head, call, None);
        }
    }

    fn transfer(
        &mut self,
        (token, from, to): (Address, Address, Address),
        value: u64,
        block: u64,
        call: (Address, Vec<u8>),
        settlement: Option<Settlement>,
    ) {
        if let Some(balance) = self.balances.get_mut(&(token, from)) {
            *balance -= value;
        }
        self.drawn += 1;
        let hash = rng::digest(&[0x7a, self.drawn]);
        let index = self.moved.iter().filter(|moved| moved.block == block).count() as u64;
        self.moved.push(Moved { block, index, hash, token, from, to, value, call, settlement });
    }

    /// Whether a nonce is used at a block.
    pub(crate) fn is_used(&self, is_permit2: bool, from: Address, nonce: B256, block: u64) -> bool {
        self.used.get(&(is_permit2, from, nonce)).is_some_and(|at| *at <= block)
    }

    /// The used bits of a word of Permit2's nonces.
    pub(crate) fn bitmap(&self, from: Address, word: U256, block: u64) -> U256 {
        let of_word = |nonce: &B256| U256::from_be_bytes(nonce.0) >> 8 == word;
        let used = self
            .used
            .iter()
            .filter(|((is_permit2, owner, nonce), at)| *is_permit2 && *owner == from && of_word(nonce) && **at <= block);
        used.fold(U256::ZERO, |bits, ((_, _, nonce), _)| bits | (U256::ONE << usize::from(nonce[31])))
    }

    /// EIP-2612's `nonces`.
    pub(crate) fn permits(&self, token: Address, owner: Address) -> u64 {
        self.permits.get(&(token, owner)).copied().unwrap_or_default()
    }

    /// What was taken for a payment.
    pub(crate) fn taken(&self, payment: usize) -> Option<u64> {
        let settles = |moved: &&Moved| moved.settlement.as_ref().is_some_and(|settlement| settlement.payment == payment);
        self.moved.iter().find(settles).map(|moved| moved.value)
    }
}

/// The contract that is called, and its calldata.
fn call(settlement: &Settlement) -> (Address, Vec<u8>) {
    let Settlement { grant, amount, decoy, permit, .. } = settlement;
    if let Some(nonce) = decoy {
        return (ROUTER, calldata(&Grant { nonce: *nonce, ..grant.clone() }, *amount, false));
    }
    match (grant.is_permit2, grant.is_upto) {
        (false, _) => (grant.token, Vec::new()),
        (true, true) => (UPTO_PROXY, calldata(grant, *amount, permit.is_some())),
        (true, false) => (EXACT_PROXY, calldata(grant, *amount, permit.is_some())),
    }
}

/// The calldata of a proxy's `settle`, without the bytes of the signature.
pub(crate) fn calldata(grant: &Grant, amount: u64, with_permit: bool) -> Vec<u8> {
    const PERMIT: &str = "((address,uint256),uint256,uint256)";
    let (name, before) =
        if with_permit { ("settleWithPermit", "(uint256,uint256,bytes32,bytes32,uint8),") } else { ("settle", "") };
    let tail =
        if grant.is_upto { ",uint256,address,(address,address,uint256),bytes)" } else { ",address,(address,uint256),bytes)" };
    let selector = keccak256([name, "(", before, PERMIT, tail].concat());
    let number = |value: u64| B256::from(U256::from(value));
    let mut words = if with_permit { vec![B256::ZERO; 5] } else { Vec::new() };
    words.extend([grant.token.into_word(), number(grant.amount), grant.nonce, number(grant.deadline)]);
    words.extend(grant.is_upto.then(|| number(amount)));
    words.extend([grant.from.into_word(), grant.to.into_word()]);
    words.extend(grant.facilitator.map(|facilitator| facilitator.into_word()));
    words.extend([number(grant.after), number(32 * (words.len() as u64 + 2)), B256::ZERO]);
    let mut out = selector[..4].to_vec();
    words.iter().for_each(|word| out.extend_from_slice(word.as_slice()));
    out
}

/// Which of the listed tokens it is.
pub(crate) fn token_index(token: Address) -> Option<usize> {
    TOKENS.iter().position(|other| *other == token)
}
