//! The chain: a tree of blocks, of which one branch counts at a time, and the pool of transactions that wait.
//!
//! Nodes look at it through a [`View`]: the head as it was some moments ago, on whatever branch that was. The state after each block is
//! kept, so a view can be asked for any block of its branch.

use std::collections::BTreeMap;
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::contracts::{self, Inner, RawLog, State};
use crate::rng::{digest, words};

/// The chain's id: OpenGPU's mainnet's.
pub(crate) const CHAIN_ID: u64 = 1071;
/// Unix seconds at the world's beginning.
pub(crate) const EPOCH: u64 = 1_800_000_000;
/// What a unit of gas costs at least, in wei.
pub(crate) const BASE_FEE: u64 = 1_000_000_000;
/// The gas that every transaction of this world uses.
pub(crate) const GAS_USED: u64 = 60_000;

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tx {
    pub(crate) hash: B256,
    pub(crate) from: Address,
    pub(crate) nonce: u64,
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas: u64,
    /// Wei for a unit of gas.
    pub(crate) price: u64,
}

impl Tx {
    /// Signs: the hash covers everything.
    pub(crate) fn sign(from: Address, nonce: u64, to: Option<Address>, value: U256, input: Bytes, gas: u64, price: u64) -> Self {
        let mut all = vec![nonce, gas, price];
        all.extend(words(from.as_slice()));
        all.extend(to.iter().flat_map(|to| words(to.as_slice()).collect::<Vec<_>>()));
        all.extend(value.as_limbs());
        all.extend(words(&input));
        Self { hash: digest(&all), from, nonce, to, value, input, gas, price }
    }
}

/// A transaction in a block.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) tx: Rc<Tx>,
    pub(crate) succeeded: bool,
    pub(crate) logs: Vec<RawLog>,
    /// What users' accounts did by it: the transaction itself, or the calls of smart accounts inside it.
    pub(crate) inner: Vec<Inner>,
}

/// A block.
pub(crate) struct Block {
    pub(crate) number: u64,
    pub(crate) hash: B256,
    pub(crate) parent: usize,
    /// Unix seconds.
    pub(crate) time: u64,
    pub(crate) txs: Rc<Vec<Executed>>,
    /// After the block.
    pub(crate) state: Rc<State>,
}

/// A transaction that was broadcast.
pub(crate) struct Pooled {
    pub(crate) tx: Rc<Tx>,
    /// When.
    pub(crate) since: u64,
    /// When the pool gave it up: replaced, beaten, dropped.
    pub(crate) until: Option<u64>,
    /// No block takes it before.
    pub(crate) ready_at: u64,
    /// It fails when it is mined, though its simulation did not.
    pub(crate) is_doomed: bool,
    /// No pool shows it.
    pub(crate) is_private: bool,
}

/// Why a pool does not take a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    AlreadyKnown,
    NonceTooLow,
    Underpriced,
    InsufficientFunds,
}

/// All of it.
pub(crate) struct Chain {
    pub(crate) blocks: Vec<Block>,
    /// When each head became the head, in milliseconds of the world, and its index.
    pub(crate) heads: Vec<(u64, usize)>,
    pub(crate) pool: Vec<Pooled>,
    /// Where a transaction was mined: on any branch.
    mined_in: BTreeMap<B256, Vec<usize>>,
}

/// The chain as somebody sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The head.
    pub(crate) head: usize,
    /// The moment, for the pool.
    pub(crate) at: u64,
}

impl Chain {
    /// A chain of a few empty blocks.
    pub(crate) fn new(state: State) -> Self {
        let state = Rc::new(state);
        let mut chain = Self { blocks: Vec::new(), heads: Vec::new(), pool: Vec::new(), mined_in: BTreeMap::new() };
        for number in 0..8 {
            chain.blocks.push(Block {
                number,
                hash: digest(&[0xb10c, number, 0]),
                parent: usize::try_from(number).unwrap_or_default().saturating_sub(1),
                time: EPOCH - 20 + 2 * number,
                txs: Rc::default(),
                state: Rc::clone(&state),
            });
        }
        chain.heads.push((0, 7));
        chain
    }

    /// The head that counts.
    pub(crate) fn head(&self) -> usize {
        self.heads.last().map_or(0, |(_, head)| *head)
    }

    /// The state after the head.
    pub(crate) fn state(&self) -> &State {
        &self.blocks[self.head()].state
    }

    /// What was the head at a moment.
    pub(crate) fn view(&self, at: u64) -> View {
        let next = self.heads.partition_point(|(since, _)| *since <= at);
        View { head: self.heads[next.saturating_sub(1)].1, at }
    }

    /// A block of a branch by its number.
    pub(crate) fn ancestor(&self, mut head: usize, number: u64) -> Option<usize> {
        if number > self.blocks[head].number {
            return None;
        }
        while self.blocks[head].number > number {
            head = self.blocks[head].parent;
        }
        Some(head)
    }

    /// Whether a block is part of a branch.
    pub(crate) fn is_on(&self, head: usize, block: usize) -> bool {
        self.ancestor(head, self.blocks[block].number) == Some(block)
    }

    /// Where a transaction is on a branch: the block and its place there.
    pub(crate) fn find(&self, head: usize, hash: B256) -> Option<(usize, usize)> {
        let block = self.mined_in.get(&hash)?.iter().copied().find(|block| self.is_on(head, *block))?;
        let at = self.blocks[block].txs.iter().position(|executed| executed.tx.hash == hash)?;
        Some((block, at))
    }

    /// The block with this hash, on whatever branch.
    pub(crate) fn by_hash(&self, hash: B256) -> Option<usize> {
        self.blocks.iter().position(|block| block.hash == hash)
    }

    /// The number of transactions of an account after a view's head.
    pub(crate) fn nonce(&self, head: usize, account: Address) -> u64 {
        self.blocks[head].state.account(account).nonce
    }

    /// Whether the pool shows a transaction to a view that learns of transactions `delay` ms late.
    fn shows(&self, pooled: &Pooled, view: View, delay: u64) -> bool {
        !pooled.is_private
            && pooled.since + delay <= view.at
            && pooled.until.is_none_or(|until| until > view.at)
            && pooled.tx.nonce >= self.nonce(view.head, pooled.tx.from)
    }

    /// The transactions that a view's pool shows.
    pub(crate) fn pending(&self, view: View, delay: u64) -> impl Iterator<Item = &Rc<Tx>> {
        self.pool.iter().filter(move |pooled| self.shows(pooled, view, delay)).map(|pooled| &pooled.tx)
    }

    /// The next nonce behind the pool's transactions.
    pub(crate) fn pending_nonce(&self, view: View, delay: u64, account: Address) -> u64 {
        let mut next = self.nonce(view.head, account);
        while self.pending(view, delay).any(|tx| tx.from == account && tx.nonce == next) {
            next += 1;
        }
        next
    }

    /// Takes a transaction into the pool, or not.
    pub(crate) fn accept(&mut self, now: u64, pooled: Pooled) -> Result<(), Refusal> {
        let tx = &pooled.tx;
        let account = self.state().account(tx.from);
        let is_alive = |other: &Pooled| other.until.is_none() && other.tx.from == tx.from && other.tx.nonce == tx.nonce;
        if tx.nonce < account.nonce {
            return Err(Refusal::NonceTooLow);
        }
        if self.pool.iter().any(|other| is_alive(other) && other.tx.hash == tx.hash) {
            return Err(Refusal::AlreadyKnown);
        }
        if tx.value + U256::from(tx.gas) * U256::from(tx.price) > account.balance {
            return Err(Refusal::InsufficientFunds);
        }
        if self.pool.iter().any(|other| is_alive(other) && tx.price < other.tx.price + other.tx.price / 10) {
            return Err(Refusal::Underpriced);
        }
        let (from, nonce) = (tx.from, tx.nonce);
        for other in
            self.pool.iter_mut().filter(|other| other.until.is_none() && other.tx.from == from && other.tx.nonce == nonce)
        {
            other.until = Some(now);
        }
        self.pool.push(pooled);
        Ok(())
    }

    /// Whether a transaction can still be mined, or is.
    pub(crate) fn is_alive(&self, hash: B256) -> bool {
        let waits = |pooled: &Pooled| {
            pooled.tx.hash == hash && pooled.until.is_none() && pooled.tx.nonce >= self.state().account(pooled.tx.from).nonce
        };
        self.find(self.head(), hash).is_some() || self.pool.iter().any(waits)
    }

    /// Puts a block of what is ready behind `parent`, which becomes the head. Answers its index.
    pub(crate) fn mine(&mut self, now: u64, parent: usize, fork: u64) -> usize {
        let time = (EPOCH + now / 1000).max(self.blocks[parent].time + 1);
        let number = self.blocks[parent].number + 1;
        let mut state = None;
        let mut txs: Vec<Executed> = Vec::new();
        loop {
            let current = state.as_ref().unwrap_or(&*self.blocks[parent].state);
            let is_ready = |pooled: &Pooled| {
                let account = current.account(pooled.tx.from);
                let cost = pooled.tx.value + U256::from(pooled.tx.gas) * U256::from(pooled.tx.price);
                pooled.until.is_none() && pooled.ready_at <= now && pooled.tx.nonce == account.nonce && cost <= account.balance
            };
            let Some(at) = self.pool.iter().position(is_ready) else { break };
            let (tx, is_doomed) = (Rc::clone(&self.pool[at].tx), self.pool[at].is_doomed);
            for other in &mut self.pool {
                if other.until.is_none() && other.tx.from == tx.from && other.tx.nonce == tx.nonce && other.tx.hash != tx.hash {
                    other.until = Some(now);
                }
            }
            let next = state.get_or_insert_with(|| State::clone(&self.blocks[parent].state));
            txs.push(contracts::execute(next, &tx, time, is_doomed));
        }
        let state = state.map_or_else(|| Rc::clone(&self.blocks[parent].state), Rc::new);
        let index = self.blocks.len();
        for executed in &txs {
            self.mined_in.entry(executed.tx.hash).or_default().push(index);
        }
        let hash = digest(&[0xb10c, number, fork, index as u64]);
        self.blocks.push(Block { number, hash, parent, time, txs: Rc::new(txs), state });
        self.heads.push((now, index));
        index
    }

    /// The block of the head's branch that lies `depth` blocks back, and the transactions that are mined behind it.
    pub(crate) fn behind(&self, depth: u64) -> (usize, Vec<B256>) {
        let mut at = self.head();
        let mut hashes = Vec::new();
        for _ in 0..depth {
            hashes.extend(self.blocks[at].txs.iter().map(|executed| executed.tx.hash));
            at = self.blocks[at].parent;
        }
        (at, hashes)
    }

    /// Every transaction of the branch that counts, with its block.
    pub(crate) fn executed(&self) -> Vec<(usize, usize)> {
        let mut at = self.head();
        let mut found = Vec::new();
        while self.blocks[at].number > 0 {
            found.extend((0..self.blocks[at].txs.len()).map(|place| (at, place)));
            at = self.blocks[at].parent;
        }
        found.reverse();
        found
    }
}
