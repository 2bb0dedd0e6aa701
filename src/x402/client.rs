//! The exchange: ask, choose, sign, send once, and read what came of it.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, B256, U256};
use futures_util::future::LocalBoxFuture;

use super::deadline::Clocks;
use super::deliver::Shipment;
use super::demand::{self, Answer};
use super::funds;
use super::ledger::{Ledger, Reservation, Share};
use super::offer::{Flow, Method, Scheme};
use super::origin::Target;
use super::payment::{Draft, PaymentRecord};
use super::policy::{Choice, MAX_LIFE, Policy, Token};
use super::redirect::Answered;
use super::refusal::Refusal;
use super::session::{self, Sessions};
use super::settlement;
use super::wire::{PaymentRequired, Receipt};
use crate::error::{Error, Kind, public_url};
use crate::eth::rpc::Rpc;
use crate::eth::wallet::{ChainParams, WalletHandle};
use crate::io::{HttpFailure, HttpHead, HttpRequest, HttpStream, Io, Redirects};

/// So many payments may be past their deadline before the chain is asked about them unneeded.
const MAX_OVERDUE: usize = 8;
/// Seconds that an amount which is not signed yet counts for other tabs beyond its signature's life, because the user needs time to think. A
/// signature that is made later is not sent.
const UNSIGNED: u64 = 3600;
pub(super) const GAS_PERMIT: &str = "eip2612GasSponsoring";

/// A chain that may be paid on.
#[derive(Clone)]
pub struct Chain {
    /// What a wallet needs to be brought there.
    pub params: ChainParams,
    /// Where balance, allowance and the chain's time are read before a window opens, and afterwards what was taken; without it the
    /// caller's clock counts, and nothing that was signed for comes back into the limits.
    pub rpc: Option<Rpc>,
}

impl Chain {
    /// Base.
    pub fn base() -> Self {
        Self::known(8453, "Base", "https://mainnet.base.org", "https://basescan.org")
    }

    /// Base Sepolia, a test network.
    pub fn base_sepolia() -> Self {
        Self::known(84532, "Base Sepolia", "https://sepolia.base.org", "https://sepolia.basescan.org")
    }

    fn known(chain_id: u64, name: &str, rpc_url: &str, explorer: &str) -> Self {
        let params = ChainParams {
            chain_id,
            name: name.to_owned(),
            rpc_urls: vec![rpc_url.to_owned()],
            explorer_url: Some(explorer.to_owned()),
            currency: ("Ether".to_owned(), "ETH".to_owned()),
        };
        Self { params, rpc: None }
    }
}

/// What would be signed, for the caller to look at before any window opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// How the price is meant.
    pub scheme: Scheme,
    /// What the wallet will be asked to sign.
    pub method: Method,
    /// When the seller settles.
    pub flow: Flow,
    /// The price in the token's smallest unit; with `upto` the most, and the seller may charge all of it.
    pub amount: U256,
    /// The token, as the policy describes it.
    pub token: Token,
    /// Who is paid.
    pub pay_to: Address,
    /// Who gets the signature.
    pub origin: String,
    /// The network as the offer spells it.
    pub network: String,
    /// When the signature ends at the latest, in unix seconds by the chain's clock.
    pub deadline: u64,
}

/// Shown each payment before it is signed; `false` refuses it.
pub type OnPayment = Rc<dyn Fn(Proposal) -> LocalBoxFuture<'static, Result<bool, Error>>>;

/// How one request is paid.
#[derive(Clone, Copy, Debug, Default)]
pub struct PayOptions {
    /// The server may keep a session (OpenGradient): one signature pays for several requests of one method and path.
    pub sessions: bool,
    /// An offer that was paid a short while ago is paid again without asking for it first. If it has changed meanwhile,
    /// the server refuses and the call fails.
    pub pay_first: bool,
    /// The caller's explicit word that a payment for this very request (method, URL, body) whose outcome is unknown is sent again, in place
    /// of asking for the price anew. It can be settled once only, but a server with sessions may charge for the work each time. Where
    /// there is none, the request is made as any other.
    pub retry_paid: bool,
    /// Only this receiver may be paid, where it is known beforehand; beside what the policy says.
    pub payee: Option<Address>,
}

/// An answer, and what it cost.
pub struct Paid {
    /// The answer, whatever its status.
    pub response: HttpStream,
    /// What was signed, where the answer took a payment.
    pub payment: Option<PaymentRecord>,
    /// The server's word on the settlement, held against the payment; sessions give none.
    pub receipt: Option<Receipt>,
}

/// Pays for requests out of one account. Clones share what was signed for and the sessions.
#[derive(Clone)]
pub struct Payer {
    /// The outside world.
    pub io: Io,
    /// Who signs.
    pub wallet: WalletHandle,
    /// The account that pays.
    pub account: Address,
    /// The account is a contract: its signatures prove nothing here and go out as they are.
    pub contract_account: bool,
    /// The caller's limits.
    pub policy: Policy,
    /// What was signed for out of the account.
    pub ledger: Rc<RefCell<Ledger>>,
    /// Who else counts.
    pub share: Share,
    /// The chains that may be paid on.
    pub chains: Vec<Chain>,
    /// Shown each payment before it is signed.
    pub on_payment: Option<OnPayment>,
    pub(super) memory: Rc<RefCell<Memory>>,
}

/// Bearer secrets and offers; in memory only.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) sessions: Sessions,
    pub(super) offers: Vec<(Key, PaymentRequired, u64)>,
    /// Payments that went out and whose outcome is unknown.
    pub(super) uncertain: Vec<Shipment>,
}

/// A request's method and URL.
type Key = (&'static str, String);

/// A payment that was signed and not sent.
pub(super) struct Signed {
    pub(super) draft: Draft,
    pub(super) header: (&'static str, String),
}

/// Where the payment goes, and for what.
pub(super) struct Order<'a> {
    pub(super) request: HttpRequest,
    pub(super) target: Target,
    pub(super) required: &'a PaymentRequired,
    pub(super) choice: Choice,
    /// What makes the payment settle only once.
    pub(super) nonce: B256,
    pub(super) clocks: Clocks,
    /// The deadline that the caller was shown: the signature ends no later.
    pub(super) shown: Option<u64>,
    /// Until when, by our own clock, other tabs count the amount without knowing of a signature.
    pub(super) reserved_until: u64,
}

impl Payer {
    /// A payer on Base and Base Sepolia, without hooks and without reading chains.
    pub fn new(io: Io, wallet: WalletHandle, account: Address, policy: Policy, ledger: Rc<RefCell<Ledger>>) -> Self {
        let chains = vec![Chain::base(), Chain::base_sepolia()];
        let memory = Rc::default();
        let share = Share::default();
        Self { io, wallet, account, contract_account: false, policy, ledger, share, chains, on_payment: None, memory }
    }

    /// Sends a request and pays for it where the server demands that, at most once. What may have been paid is never sent again unless the
    /// caller says so ([`PayOptions::retry_paid`]).
    ///
    /// An answer that is no demand of x402 is handed back untouched, and so is any answer to a paid request that does not
    /// refuse the payment: its status may still be an error.
    ///
    /// # Errors
    /// Before anything is signed: [`Kind::Http`], [`Kind::NotPayable`], [`Kind::PaymentRefused`],
    /// [`Kind::InsufficientAllowance`], [`Kind::InsufficientTokenBalance`], [`Kind::ChainNotSupported`]. From the window:
    /// the wallet's own, [`Kind::PaymentSignature`], [`Kind::PaymentExpired`]. After the payment went out:
    /// [`Kind::PaymentRejected`], [`Kind::PaymentUncertain`].
    pub async fn fetch(&self, request: HttpRequest, options: &PayOptions) -> Result<Paid, Error> {
        const OURS: [&str; 3] = ["payment-signature", "x-payment", session::HEADER];
        if request.headers.iter().any(|(name, _)| OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))) {
            return Err(Error::input("headers", "a payment is in them already"));
        }
        let asked = Target::parse(&request.url).ok_or_else(|| Error::input("url", "no http or https URL"))?;
        let asked_chain = |id| self.chains.iter().any(|chain| chain.params.chain_id == id && chain.rpc.is_some());
        {
            let now = self.io.now();
            let mut ledger = self.ledger.borrow_mut();
            ledger.sweep(now, asked_chain);
            ledger.fold(now.saturating_sub(self.policy.longest_span()));
        }

        if options.retry_paid
            && let Some(shipment) = self.uncertain(&request)
        {
            return self.deliver(shipment, options).await;
        }
        let gate = options.sessions.then(|| self.memory.borrow_mut().sessions.gate(&asked, request.method));
        let _guard = match &gate {
            Some(gate) => loop {
                if let Some(paid) = self.in_session(&request, &asked).await? {
                    return Ok(paid);
                }
                let guard = gate.lock().await;
                // Another request may have opened one meanwhile; whoever opens one keeps the others waiting.
                if self.memory.borrow_mut().sessions.find(&asked, request.method, self.io.now()).is_none() {
                    break Some(guard);
                }
            },
            None => None,
        };
        if options.pay_first
            && let Some(required) = self.offers_for(&request)
        {
            return self.pay(request.clone(), (request, &asked), None, &required, options).await;
        }
        let (url, original) = (request.url.clone(), request.clone());
        let failed = |failure: HttpFailure| http_error(&url, &failure, "nothing was signed or paid");
        let Answered { request, response, is_unclear } = self.ask(request).await.map_err(failed)?;
        let answer = self.io.within(request.timeout_ms, demand::read(response)).await;
        match answer.unwrap_or_else(|| Err(failed(HttpFailure::Timeout)))? {
            Answer::Other(response) => Ok(Paid { response, payment: None, receipt: None }),
            Answer::Demand(_, _) if is_unclear => Err(Refusal::Unclear { to: public_url(&request.url) }.into_error(&asked.host)),
            Answer::Demand(head, required) => self.pay(request, (original, &asked), Some(head), &required, options).await,
        }
    }

    /// Asks the chains what was really taken of what was signed for: that counts from then on, and nothing where the nonce can no longer be
    /// used. Done before a payment that the limits would refuse, too; it costs no request when nothing is open, or no RPC is there to ask.
    ///
    /// # Errors
    /// What a node fails with; the limits then stay as they are.
    pub async fn reconcile(&self) -> Result<(), Error> {
        for chain in &self.chains {
            if let Some(rpc) = &chain.rpc {
                settlement::reconcile(rpc, &self.ledger, chain.params.chain_id).await?;
            }
        }
        Ok(())
    }

    /// What counts against the limits in a token, by the newest that the chains, the other tabs and the store know.
    ///
    /// # Errors
    /// What a node fails with; [`Kind::PaymentRefused`] when the store cannot be used.
    pub async fn spent(&self, chain_id: u64, asset: Address) -> Result<U256, Error> {
        let turn = self.share.turn(&self.io, self.account).await;
        self.pull().await.map_err(|refusal| refusal.into_error(""))?;
        let read = self.reconcile().await;
        let _ = self.share.push(&self.io, self.account, &self.ledger).await;
        drop(turn);
        read.map(|()| self.ledger.borrow().spent(chain_id, asset))
    }

    /// Takes over what other tabs and the store know.
    async fn pull(&self) -> Result<(), Refusal> {
        self.share.pull(&self.io, self.account, &self.ledger).await.map_err(Refusal::Store)
    }

    /// Goes on with a session; `None` when there is none, or when it turns out dead.
    async fn in_session(&self, request: &HttpRequest, asked: &Target) -> Result<Option<Paid>, Error> {
        let now = self.io.now();
        let found = self.memory.borrow_mut().sessions.find(asked, request.method, now);
        let Some(mut session) = found else { return Ok(None) };
        let again = HttpRequest { redirects: Redirects::Refuse, ..session.apply(request.clone()) };
        let response = self.io.open(again).await.map_err(|failure| {
            let record = &session.record;
            Error::from(Kind::PaymentUncertain {
                url: public_url(&request.url),
                reason: format!("{failure}; nothing new was signed, but the session may have been charged within its cap"),
                asset: record.asset,
                amount: record.amount,
                nonce: record.nonce_text(),
                deadline: record.deadline,
                transaction: None,
            })
        })?;
        if demand::refuses(&response.head) {
            self.memory.borrow_mut().sessions.ended(asked, request.method, &session, self.io.now());
            return Ok(None);
        }
        self.memory.borrow_mut().sessions.goes_on(asked, request.method);
        if session.id.is_none()
            && let Some(id) = response.head.header(session::HEADER).and_then(session::valid_id)
        {
            (session.id, session.went_on) = (Some(id), true);
            self.memory.borrow_mut().sessions.open(asked, request.method, session.clone());
        }
        let payment = PaymentRecord { reused: true, ..session.record };
        let receipt = demand::receipt(&response.head).map(|receipt| receipt.checked(&payment));
        Ok(Some(Paid { response, payment: Some(payment), receipt }))
    }

    /// Meets a demand. `head` is the answer's that made it; without one the offer is remembered. `original` is what the caller asked for, and
    /// `request` what it came to by redirects.
    async fn pay(
        &self,
        request: HttpRequest,
        (original, asked): (HttpRequest, &Target),
        head: Option<HttpHead>,
        required: &PaymentRequired,
        options: &PayOptions,
    ) -> Result<Paid, Error> {
        let clocks = Clocks::of_server(head.as_ref(), self.io.now());
        let unreadable = || Kind::NotPayable { url: public_url(&request.url), reason: "its address is odd".to_owned() };
        let target = Target::parse(&request.url).ok_or_else(|| Error::from(unreadable()))?;
        let refuse = |refusal: Refusal| refusal.into_error(&target.host);
        self.policy.host(asked, &target).map_err(refuse)?;
        // One tab after the other, so that two never take the same amount.
        let turn = self.share.turn(&self.io, self.account).await;
        self.pull().await.map_err(refuse)?;
        let choice = self.choose(required, &target, request.timeout_ms).await?;
        let offer = &choice.offer;
        if options.payee.is_some_and(|payee| payee != offer.pay_to) {
            return Err(refuse(Refusal::PayeeNotAllowed(offer.pay_to)));
        }
        let is_cut = options.sessions && self.memory.borrow().sessions.ends_at_once(asked, request.method);
        if is_cut && self.policy.max_life < offer.timeout.min(MAX_LIFE) {
            return Err(refuse(Refusal::MaxLife { limit: self.policy.max_life, wanted: offer.timeout }));
        }
        // Taken out of the limits at once: other requests may be on their way to the wallet too.
        let now = self.io.now();
        let nonce = B256::from_slice(&[self.io.clock.random(), self.io.clock.random()].concat());
        let reserved_until = now.saturating_add(UNSIGNED);
        let reserved = PaymentRecord::new(offer, self.account, &target.origin, reserved_until.saturating_add(choice.life), nonce);
        let mut reservation = Reserved { payer: self, reservation: Reservation::new(&self.ledger, reserved, now) };
        let told = self.share.push(&self.io, self.account, &self.ledger).await;
        // Before the reservation may end, which waits for its turn.
        drop(turn);
        told.map_err(|reason| refuse(Refusal::Store(reason)))?;
        let chain = self.chains.iter().find(|chain| chain.params.chain_id == offer.chain_id);
        let chain = chain.ok_or_else(|| Error::from(Kind::ChainNotSupported { chain_id: offer.chain_id }))?;
        let found = match &chain.rpc {
            Some(rpc) => {
                let permits = self.policy.allow_permits && required.extension(GAS_PERMIT).is_some() && choice.domain().is_some();
                let check = funds::check(rpc, &choice, self.account, permits);
                let silent = || {
                    let url = chain.params.rpc_urls.first().map(String::as_str).unwrap_or_default();
                    Err(http_error(url, &HttpFailure::Timeout, "nothing was signed or paid"))
                };
                self.io.within(request.timeout_ms, check).await.unwrap_or_else(silent)?
            }
            None => funds::Found::default(),
        };
        let clocks = clocks.with_chain(found.time, self.io.now());
        // Nobody is asked about what cannot be paid.
        let shown = self.propose(&choice, &target, &clocks).await?;
        let order = Order { request, target, required, choice, nonce, clocks, shown, reserved_until };
        let signed = self.sign(&order, chain, found.permit_nonce).await?;
        reservation.reservation.keep(&signed.draft.record, found.block, self.io.now());
        drop(reservation);
        let Order { request, target, clocks, .. } = order;
        let Signed { draft: Draft { record, .. }, header } = signed;
        let until = clocks.ours(record.deadline);
        let shipment = Shipment { request, asked: original, target, required: required.clone(), record, header, until };
        self.deliver(shipment, options).await
    }

    /// The offer to pay. Where the limits refuse it, the chain is asked what was really taken of them.
    async fn choose(&self, required: &PaymentRequired, target: &Target, timeout_ms: u64) -> Result<Choice, Error> {
        let choose = || {
            let ledger = self.ledger.borrow();
            self.policy.choose(required, self.account, &target.origin, &ledger, self.io.now())
        };
        let is_full = |refusal: &Refusal| matches!(refusal, Refusal::AboveSessionCap { .. } | Refusal::AboveWindowCap { .. });
        let overdue = |chain: &Chain| self.ledger.borrow().overdue(chain.params.chain_id, self.io.now()) > MAX_OVERDUE;
        let mut choice = choose();
        if choice.as_ref().is_err_and(is_full) || self.chains.iter().any(overdue) {
            // Without the chain's word the limits are only tighter.
            let _ = self.io.within(timeout_ms, self.reconcile()).await;
            choice = choose();
        }
        choice.map_err(|refusal| refusal.into_error(&target.host))
    }

    /// Shows the caller what would be signed; the deadline that was shown.
    async fn propose(&self, choice: &Choice, target: &Target, clocks: &Clocks) -> Result<Option<u64>, Error> {
        let Some(on_payment) = &self.on_payment else { return Ok(None) };
        let deadline = clocks.deadline(choice.life, self.io.now());
        let offer = &choice.offer;
        let proposal = Proposal {
            scheme: offer.scheme,
            method: offer.method,
            flow: offer.flow,
            amount: offer.amount,
            token: choice.token.clone(),
            pay_to: offer.pay_to,
            origin: target.origin.clone(),
            network: offer.network.clone(),
            deadline,
        };
        if on_payment(proposal).await? { Ok(Some(deadline)) } else { Err(Refusal::Declined.into_error(&target.host)) }
    }

    /// What was offered for this very request and paid a short while ago.
    fn offers_for(&self, request: &HttpRequest) -> Option<PaymentRequired> {
        let now = self.io.now();
        let mut memory = self.memory.borrow_mut();
        memory.offers.retain(|(_, _, until)| *until > now);
        let matches = |(method, url): &Key| *method == request.method && *url == request.url;
        memory.offers.iter().find(|(key, ..)| matches(key)).map(|(_, required, _)| required.clone())
    }
}

/// An amount that other tabs know of, too: they are told what became of it.
struct Reserved<'a> {
    payer: &'a Payer,
    reservation: Reservation,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.reservation.end();
        let Payer { io, share, account, ledger, .. } = self.payer;
        let (task_io, share, account, ledger) = (io.clone(), share.clone(), *account, Rc::clone(ledger));
        io.clock.spawn(Box::pin(async move {
            let _turn = share.turn(&task_io, account).await;
            // Until they know, their limits are only tighter.
            if share.pull(&task_io, account, &ledger).await.is_ok() {
                let _ = share.push(&task_io, account, &ledger).await;
            }
        }));
    }
}

fn http_error(url: &str, failure: &HttpFailure, fate: &str) -> Error {
    Kind::Http { url: public_url(url), status: None, reason: format!("{failure}; {fate}") }.into()
}
