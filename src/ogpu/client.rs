//! The workflows: connect, publish, confirm, deposit. What is sent is made in [`protocol`](super::protocol), how it is
//! sent in [`eth::tx`](crate::eth::tx).

use std::collections::VecDeque;
use std::rc::Rc;

use alloy_primitives::{Address, B256};
use futures_util::FutureExt as _;

use super::content::{self, PinOptions, milliseconds};
use super::functions::{Value, Write};
use super::metadata::{self, SOURCE_FILENAME, TASK_FILENAME};
use super::network::Network;
use super::protocol::{controller, nexus};
use super::revert::{Context, explain};
use super::types::{SourceInfo, TaskInfo};
use crate::error::{Error, Kind};
use crate::eth::call::WriteCall;
use crate::eth::calls::send_calls;
use crate::eth::follow::Receipt;
use crate::eth::nonce::NonceBook;
use crate::eth::resume;
use crate::eth::rpc::Rpc;
use crate::eth::tx::{self, Signer, TxOptions};
use crate::eth::wallet::WalletHandle;
use crate::io::Io;

/// One network, and the wallet that signs there, if any.
#[derive(Clone)]
pub struct Client {
    /// The network.
    pub network: Rc<Network>,
    /// Its chain.
    pub rpc: Rpc,
    /// The origin's nonces.
    pub book: NonceBook,
    signer: Option<Signer>,
}

/// How a publication is carried out.
#[derive(Clone)]
pub struct PublishOptions {
    /// The transaction's part.
    pub tx: TxOptions,
    /// The upload's part.
    pub pin: PinOptions,
    /// Seconds for everything up to the wallet's window; nothing is broadcast after them.
    pub total_timeout: Option<f64>,
}

/// Something new on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its contract.
    pub address: Address,
    /// The transaction that made it.
    pub receipt: Receipt,
}

impl Client {
    /// A client that reads. No request.
    pub fn read_only(io: Io, network: Network, book: NonceBook) -> Self {
        let rpc = Rpc::new(io, network.rpc_urls.clone()).of_chain(network.chain_id).with_quorum(network.quorum);
        Self { network: Rc::new(network), rpc, book, signer: None }
    }

    /// Connects a wallet: asks for its accounts and, unless told not to, brings it to the network's chain.
    /// No HTTP request.
    ///
    /// # Errors
    /// The wallet's own; [`Kind::WalletUnauthorized`] when `account` is not among those it shows.
    pub async fn connect(
        io: Io,
        network: Network,
        book: NonceBook,
        wallet: WalletHandle,
        account: Option<Address>,
        switch_chain: bool,
    ) -> Result<Self, Error> {
        let chain = network.chain_params();
        let account = wallet.connect(account, switch_chain.then_some(&chain)).await?;
        let mut client = Self::read_only(io, network, book.clone());
        client.signer = Some(Signer { wallet, account, chain, book });
        Ok(client)
    }

    /// Who signs.
    ///
    /// # Errors
    /// [`Kind::MissingSigner`] for a read-only client.
    pub fn signer(&self, role: &'static str) -> Result<&Signer, Error> {
        self.signer.as_ref().ok_or(Error::from(Kind::MissingSigner { role }))
    }

    /// The signer's account.
    pub fn account(&self) -> Option<Address> {
        self.signer.as_ref().map(|signer| signer.account)
    }

    /// Publishes a source. Three HTTP requests: the upload, the simulation, the receipt (one more for each further
    /// look at a block that is not there yet).
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] before anything is sent; those of the upload, of [`tx::execute`], and
    /// [`Kind::PublishTimeout`].
    pub async fn publish_source(&self, info: &SourceInfo, options: &PublishOptions) -> Result<Published, Error> {
        metadata::check_source(info)?;
        let signer = self.signer("client")?;
        let budget = Budget::new(&self.rpc, options.total_timeout);
        let url = self.upload(metadata::source_document(info), SOURCE_FILENAME, &budget, options).await?;
        let params = nexus::source_params(signer.account, info, url, self.rpc.io().now());
        let call = nexus::publish_source(self.network.contracts.nexus, params);
        let receipt = self.write(&call, Context::default(), &options.tx, &|stage| budget.check(stage)).await?;
        Ok(Published { address: nexus::source_published(self.network.contracts.nexus, &receipt)?, receipt })
    }

    /// Publishes a task; its payment is frozen out of the client's vault balance. Three HTTP requests, as
    /// [`Client::publish_source`].
    ///
    /// # Errors
    /// [`Kind::TaskExpired`] before the upload and again right before the wallet is asked;
    /// [`Kind::InsufficientBalance`] when the vault balance is short; as [`Client::publish_source`] otherwise.
    pub async fn publish_task(&self, info: &TaskInfo, options: &PublishOptions) -> Result<Published, Error> {
        let signer = self.signer("client")?;
        let budget = Budget::new(&self.rpc, options.total_timeout);
        let in_time = || {
            if info.expiry_time <= self.rpc.io().now() {
                return Err(Error::from(Kind::TaskExpired { task: None, expiry: info.expiry_time }));
            }
            Ok(())
        };
        in_time()?;
        let url = self.upload(info.config.clone(), TASK_FILENAME, &budget, options).await?;
        let call = controller::publish_task(self.network.contracts.controller, info, url);
        let context = Context {
            caller: signer.account,
            source: Some(info.source),
            amount: info.payment,
            expiry: Some(info.expiry_time),
            ..Context::default()
        };
        let guard = |stage| in_time().and_then(|()| budget.check(stage));
        let receipt = self.write(&call, context, &options.tx, &guard).await?;
        Ok(Published { address: nexus::task_published(self.network.contracts.nexus, &receipt)?, receipt })
    }

    /// Waits for a transaction that was sent earlier, by its hash or by the name that a smart account gave it.
    ///
    /// # Errors
    /// Those of [`resume::wait`].
    pub async fn wait_for(&self, id: B256, options: &TxOptions) -> Result<Receipt, Error> {
        resume::wait(&self.rpc, self.account(), id, options).await
    }

    /// What a transaction published, as long as it is mined: a task or a source. `id` is its hash, or the name that a smart account
    /// gave it. One HTTP request; up to three more for such a name.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when it failed; [`Kind::Protocol`] when it published nothing.
    pub async fn published_by(&self, id: B256) -> Result<Option<Published>, Error> {
        let Some(receipt) = resume::find(&self.rpc, self.account(), id).await? else { return Ok(None) };
        let nexus = self.network.contracts.nexus;
        let task = nexus::task_published(nexus, &receipt);
        let address = task.or_else(|_| nexus::source_published(nexus, &receipt))?;
        Ok(Some(Published { address, receipt }))
    }

    /// Replaces a source's terms and metadata. Three HTTP requests, as [`Client::publish_source`].
    ///
    /// # Errors
    /// [`Kind::NotSourceOwner`]; as [`Client::publish_source`] otherwise.
    pub async fn update_source(&self, source: Address, info: &SourceInfo, options: &PublishOptions) -> Result<Receipt, Error> {
        metadata::check_source(info)?;
        let signer = self.signer("client")?;
        let budget = Budget::new(&self.rpc, options.total_timeout);
        let url = self.upload(metadata::source_document(info), SOURCE_FILENAME, &budget, options).await?;
        let params = nexus::source_params(signer.account, info, url, self.rpc.io().now());
        let call = nexus::update_source(self.network.contracts.nexus, source, params);
        let context = Context { source: Some(source), ..Context::default() };
        self.write(&call, context, &options.tx, &|stage| budget.check(stage)).await
    }

    /// Calls a function of the table with one argument for each of its inputs. Two HTTP requests: the simulation and the
    /// receipt (one more for each further look at a block that is not there yet).
    ///
    /// # Errors
    /// The revert as it is explained, [`Kind::NotOnNetwork`], and those of [`tx::execute`].
    pub async fn call(&self, write: &Write, arguments: &[Value], options: &TxOptions) -> Result<Receipt, Error> {
        let (call, context) = write.call(&self.network.contracts, self.network.chain_id, arguments)?;
        self.write(&call, context, options, &|_| Ok(())).await
    }

    /// Confirms several responses: under one signature where the wallet has batches (EIP-5792), else one transaction after
    /// the other. The first failure ends it; what was confirmed before stays confirmed. With `options.nonce` it goes on with a list that
    /// ended so: the transaction under that nonce is followed, whichever response it confirms, and responses that are confirmed are
    /// left out.
    ///
    /// # Errors
    /// Those of [`Client::call`] and [`send_calls`]; [`Kind::TxPartial`] when some were confirmed and the next one was surely not sent.
    pub async fn confirm_responses(&self, responses: &[Address], options: &TxOptions) -> Result<Vec<Receipt>, Error> {
        let signer = self.signer("client")?;
        let mut calls = Vec::with_capacity(responses.len());
        for response in responses {
            calls.push(Write::confirm_response(&self.network.contracts, *response)?);
        }
        let bare: Vec<WriteCall> = calls.iter().map(|(call, _)| call.clone()).collect();
        let context = Context { caller: signer.account, response: responses.first().copied(), ..Context::default() };
        let explain = |reverted| explain(&self.rpc, &self.network.contracts, context, reverted).boxed_local();
        if let Some(receipts) = send_calls(&self.rpc, signer, &bare, options, &explain).await? {
            return Ok(receipts);
        }
        let is_repeated = options.nonce.is_some();
        let mut receipts: Vec<Receipt> = Vec::with_capacity(calls.len());
        let mut options = options.clone();
        let mut confirmed = None;
        let mut left: VecDeque<(WriteCall, Context)> = calls.into();
        let mut turns = left.len();
        while let Some((call, context)) = left.pop_front() {
            match self.write(&call, context, &options, &|_| Ok(())).await {
                Ok(receipt) => {
                    receipts.push(receipt);
                    // The caller's nonce is the first transaction's.
                    options.nonce = None;
                }
                Err(error) => match &*error {
                    Kind::ResponseAlreadyConfirmed { .. } if is_repeated => confirmed = Some(error),
                    // The nonce may be that of another one of the list, which this or another call has asked for.
                    Kind::TxMismatch { hash, .. } if turns > 0 => {
                        turns -= 1;
                        let used = tx::among(&self.rpc, signer, &bare, *hash).await.ok().flatten();
                        let used = used.and_then(|(at, nonce)| Some((bare.get(at)?, nonce)));
                        let Some((used, nonce)) = used else { return Err(self.ended_at(&receipts, error)) };
                        left.push_front((call, context));
                        match left.iter().position(|(call, _)| call == used) {
                            Some(at) => {
                                left.rotate_left(at);
                                options.nonce = Some(nonce);
                            }
                            // It is confirmed, and left out.
                            None => options.nonce = None,
                        }
                    }
                    _ => return Err(self.ended_at(&receipts, error)),
                },
            }
        }
        match confirmed {
            Some(error) if receipts.is_empty() => Err(error),
            _ => Ok(receipts),
        }
    }

    /// The error of a list of writes that ended after these.
    fn ended_at(&self, receipts: &[Receipt], error: Error) -> Error {
        // Who repeats the list takes them over.
        receipts.iter().for_each(|receipt| self.book.disown(receipt.hash));
        if receipts.is_empty() || error.is_about_transaction() {
            return error;
        }
        let hashes = receipts.iter().map(|receipt| receipt.hash).collect();
        Error::from(Kind::TxPartial { id: String::new(), hashes, reason: error.to_string() })
    }

    /// Carries out any call, explaining its revert by what it is about.
    ///
    /// # Errors
    /// Those of [`tx::execute`].
    pub async fn write(
        &self,
        call: &WriteCall,
        context: Context,
        options: &TxOptions,
        guard: tx::Guard<'_>,
    ) -> Result<Receipt, Error> {
        let signer = self.signer("client")?;
        let context = Context { caller: signer.account, ..context };
        let explain = |reverted| explain(&self.rpc, &self.network.contracts, context, reverted).boxed_local();
        tx::execute(&self.rpc, signer, call, options, guard, &explain).await
    }

    async fn upload(
        &self,
        document: String,
        filename: &str,
        budget: &Budget<'_>,
        options: &PublishOptions,
    ) -> Result<String, Error> {
        budget.check("upload")?;
        let pin =
            PinOptions { filename: filename.to_owned(), on_progress: options.tx.on_progress.clone(), ..options.pin.clone() };
        let upload = content::publish(self.rpc.io(), &self.network.pin_url, document.into_bytes(), &pin);
        match budget.left_ms() {
            None => upload.await,
            Some(left) => match self.rpc.io().within(left, upload).await {
                Some(url) => url,
                None => Err(budget.spent("upload")),
            },
        }
    }
}

/// The time a call may take before its transaction is sent.
struct Budget<'a> {
    rpc: &'a Rpc,
    seconds: Option<f64>,
    deadline_ms: u64,
}

impl<'a> Budget<'a> {
    fn new(rpc: &'a Rpc, seconds: Option<f64>) -> Self {
        let ms = seconds.map_or(u64::MAX, milliseconds);
        Self { rpc, seconds, deadline_ms: rpc.io().clock.now_ms().saturating_add(ms) }
    }

    fn left_ms(&self) -> Option<u64> {
        self.seconds.map(|_| self.deadline_ms.saturating_sub(self.rpc.io().clock.now_ms()))
    }

    fn check(&self, stage: &'static str) -> Result<(), Error> {
        if self.left_ms() == Some(0) { Err(self.spent(stage)) } else { Ok(()) }
    }

    fn spent(&self, stage: &'static str) -> Error {
        Error::from(Kind::PublishTimeout { budget_ms: self.seconds.map(milliseconds).unwrap_or_default(), stage })
    }
}
