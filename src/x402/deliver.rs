//! The payment's way to the server, and what is learnt from the answer.

use super::client::{Paid, PayOptions, Payer};
use super::demand::{self, Denial};
use super::ledger::Ledger;
use super::offer::Scheme;
use super::origin::Target;
use super::payment::PaymentRecord;
use super::session::{self, Session};
use super::wire::{PaymentRequired, Receipt};
use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpHead, HttpRequest, Redirects};

/// An offer may be paid up front for so many seconds after it was paid.
const OFFER_LIFE: u64 = 300;
/// So many offers are kept.
const MAX_OFFERS: usize = 32;

/// Seconds by which a block's time may lie behind ours. Such a block takes a payment whose signature has ended by our clock. Sending one that
/// has ended does no harm; signing another one may.
const GRACE: u64 = 60;

/// So many payments whose outcome is unknown are kept, for callers who want one shown again.
const MAX_UNCERTAIN: usize = 32;

/// A signed payment and the request that it pays for. It is a bearer secret, so there is no `Debug`.
#[derive(Clone)]
pub(super) struct Shipment {
    /// The request, without the payment.
    pub(super) request: HttpRequest,
    /// What the caller asked for; after a redirect that is another request.
    pub(super) asked: HttpRequest,
    pub(super) target: Target,
    pub(super) required: PaymentRequired,
    pub(super) record: PaymentRecord,
    pub(super) header: (&'static str, String),
    /// When the signature ends by our own clock, which may differ from the chain's by hours.
    pub(super) until: u64,
}

impl Shipment {
    /// Whether it paid for this very request.
    fn is_of(&self, request: &HttpRequest) -> bool {
        let HttpRequest { method, url, body, .. } = &self.asked;
        *method == request.method && *url == request.url && *body == request.body
    }
}

impl Payer {
    /// Sends the payment, once: a server may charge for each time that it sees a payment, so that only the caller can want it sent again.
    pub(super) async fn deliver(&self, shipment: Shipment, options: &PayOptions) -> Result<Paid, Error> {
        let Shipment { request, record, header: (name, value), .. } = &shipment;
        let mut request = HttpRequest { redirects: Redirects::Refuse, ..request.clone() };
        request.headers.push(((*name).into(), value.clone()));
        let uncertain = |reason: &str, transaction| {
            Error::from(Kind::PaymentUncertain {
                url: public_url(&request.url),
                reason: clip(reason),
                asset: record.asset,
                amount: record.amount,
                nonce: record.nonce_text(),
                deadline: record.deadline,
                transaction,
            })
        };
        let was_sent = self.forget_uncertain(record);
        // Before it is sent: a caller who aborts does not know the outcome either.
        self.keep_uncertain(shipment.clone());
        let response = match self.io.open(request.clone()).await {
            Ok(response) => response,
            Err(failure) => return Err(uncertain(&failure.to_string(), None)),
        };
        if demand::refuses(&response.head) {
            // A body that drips tells no reason in time.
            let status = response.head.status;
            let denial = self.io.within(request.timeout_ms, demand::denial(response)).await;
            let denial = denial.unwrap_or_else(|| Denial { reason: format!("status {status}"), receipt: None });
            let transaction = denial.receipt.as_ref().and_then(|receipt| receipt.transaction);
            self.forget_offers(&request);
            let class = demand::class(&denial.reason);
            // Bytes that went out before may have been settled then, whatever is said of them now.
            if was_sent || transaction.is_some() || class == "alreadyPaid" || demand::is_pending(&denial.reason) {
                return Err(uncertain(&denial.reason, transaction));
            }
            self.forget_uncertain(record);
            if self.policy.trust_receipts {
                self.ledger.borrow_mut().denied(record.nonce);
            }
            return Err(Kind::PaymentRejected {
                url: public_url(&request.url),
                class,
                reason: denial.reason,
                asset: record.asset,
                amount: record.amount,
                nonce: record.nonce_text(),
                deadline: record.deadline,
            }
            .into());
        }
        self.forget_uncertain(record);
        let receipt = demand::receipt(&response.head).map(|receipt| receipt.checked(record));
        if self.policy.trust_receipts {
            account(&mut self.ledger.borrow_mut(), record, receipt.as_ref(), response.head.status);
        }
        self.remember(&shipment, &response.head, receipt.is_some(), options);
        Ok(Paid { response, payment: Some(shipment.record), receipt })
    }

    /// The last payment for this very request whose outcome is unknown, while its signature lives.
    pub(super) fn uncertain(&self, request: &HttpRequest) -> Option<Shipment> {
        let now = self.io.now();
        let mut memory = self.memory.borrow_mut();
        memory.uncertain.retain(|shipment| shipment.until.saturating_add(GRACE) > now);
        memory.uncertain.iter().rev().find(|shipment| shipment.is_of(request)).cloned()
    }

    fn keep_uncertain(&self, shipment: Shipment) {
        let mut memory = self.memory.borrow_mut();
        if memory.uncertain.len() >= MAX_UNCERTAIN {
            memory.uncertain.remove(0);
        }
        memory.uncertain.push(shipment);
    }

    /// Whether it was among those whose outcome is unknown.
    fn forget_uncertain(&self, record: &PaymentRecord) -> bool {
        let mut memory = self.memory.borrow_mut();
        let before = memory.uncertain.len();
        memory.uncertain.retain(|shipment| shipment.record.nonce != record.nonce);
        memory.uncertain.len() < before
    }

    fn remember(&self, shipment: &Shipment, head: &HttpHead, settled: bool, options: &PayOptions) {
        let Shipment { request, target, required, record, header, until, .. } = shipment;
        let mut memory = self.memory.borrow_mut();
        if options.pay_first && head.is_success() {
            let key = (request.method, request.url.clone());
            memory.offers.retain(|(at, ..)| *at != key);
            if memory.offers.len() >= MAX_OFFERS {
                memory.offers.remove(0);
            }
            memory.offers.push((key, required.clone(), self.io.now().saturating_add(OFFER_LIFE)));
        }
        let id = head.header(session::HEADER).and_then(session::valid_id);
        // A request that failed leaves the session alive where the server says so.
        if options.sessions && !settled && record.scheme == Scheme::Upto && (head.is_success() || id.is_some()) {
            let (payment, record) = (header.clone(), record.clone());
            let session = Session { id, payment, record, until: *until, since: self.io.now(), went_on: false };
            memory.sessions.open(target, request.method, session);
        }
    }

    fn forget_offers(&self, request: &HttpRequest) {
        let key = (request.method, request.url.clone());
        self.memory.borrow_mut().offers.retain(|(at, ..)| *at != key);
    }
}

/// What a trusted server's answer shows as unspent. Only a receipt without a flaw shows anything.
fn account(ledger: &mut Ledger, record: &PaymentRecord, receipt: Option<&Receipt>, status: u16) {
    match receipt {
        Some(receipt) if receipt.success && receipt.flaws.is_empty() => {
            let charged = receipt.amount.filter(|_| record.scheme == Scheme::Upto).unwrap_or(record.amount);
            if charged.is_zero() && receipt.transaction.is_none() {
                // The nonce is unused: the seller could still charge until the deadline.
                ledger.denied(record.nonce);
            } else if receipt.transaction.is_some() {
                ledger.claimed(record.nonce, charged);
            }
        }
        Some(_) => {}
        // A handler that fails is not paid; a server that fails may have been.
        None if (400..500).contains(&status) => ledger.denied(record.nonce),
        None => {}
    }
}
