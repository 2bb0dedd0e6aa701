//! The payment's way to the server, and what is learnt from the answer.

use super::client::{Order, Paid, PayOptions, Payer, Signed};
use super::demand::{self, demands};
use super::ledger::Reservation;
use super::offer::Scheme;
use super::payment::{Draft, PaymentRecord};
use super::session::{self, Session};
use super::wire::Receipt;
use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpFailure, HttpHead, HttpRequest, Redirects};

/// The pause before the same payment is sent again, in milliseconds; it doubles.
const PAUSE_MS: u64 = 1000;
/// An offer may be paid up front for so many seconds after it was paid.
const OFFER_LIFE: u64 = 300;
/// So many offers are kept.
const MAX_OFFERS: usize = 32;

impl Payer {
    /// Sends the payment; again only the same bytes, and only when the connection broke or the settlement is under way.
    pub(super) async fn deliver(
        &self,
        order: &Order<'_>,
        signed: Signed,
        reservation: &Reservation,
        options: &PayOptions,
    ) -> Result<Paid, Error> {
        let Signed { draft: Draft { record, .. }, header: (name, value), skew } = signed;
        let mut request = HttpRequest { redirects: Redirects::Refuse, ..order.request.clone() };
        request.headers.push((name.into(), value.clone()));
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
        let (mut resends, mut lost) = (0, false);
        let response = loop {
            let again = resends < options.max_resends && self.io.now().saturating_add_signed(skew) < record.deadline;
            match self.io.open(request.clone()).await {
                Ok(response) if demands(&response.head) => {
                    let denial = demand::denial(response).await;
                    let transaction = denial.receipt.as_ref().and_then(|receipt| receipt.transaction);
                    let pending = demand::is_pending(&denial.reason);
                    if !(pending && again) {
                        self.forget_offers(&request);
                        let class = demand::class(&denial.reason);
                        // Bytes that went out before may have been settled then, whatever is said of them now.
                        if pending || lost || transaction.is_some() || class == "alreadyPaid" {
                            return Err(uncertain(&denial.reason, transaction));
                        }
                        if self.policy.trust_receipts {
                            reservation.denied();
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
                }
                Ok(response) => break response,
                // A server that takes long still works on it; asking again would double its work.
                Err(HttpFailure::Network(_)) if again => lost = true,
                Err(failure) => return Err(uncertain(&failure.to_string(), None)),
            }
            self.io.clock.sleep(PAUSE_MS << resends.min(5)).await;
            resends += 1;
        };
        let receipt = demand::receipt(&response.head).map(|receipt| receipt.checked(&record));
        if self.policy.trust_receipts {
            account(reservation, &record, receipt.as_ref(), response.head.status);
        }
        if response.head.is_success() {
            self.remember(order, &request, &response.head, (name, value), &record, receipt.is_some(), options);
        }
        Ok(Paid { response, payment: Some(record), receipt })
    }

    #[allow(clippy::too_many_arguments, reason = "one place where all of them are at hand")]
    fn remember(
        &self,
        order: &Order<'_>,
        request: &HttpRequest,
        head: &HttpHead,
        payment: (&'static str, String),
        record: &PaymentRecord,
        settled: bool,
        options: &PayOptions,
    ) {
        let mut memory = self.memory.borrow_mut();
        if options.pay_first {
            let key = (request.method, request.url.clone());
            memory.offers.retain(|(at, ..)| *at != key);
            if memory.offers.len() >= MAX_OFFERS {
                memory.offers.remove(0);
            }
            memory.offers.push((key, order.required.clone(), self.io.now().saturating_add(OFFER_LIFE)));
        }
        if options.sessions && !settled && record.scheme == Scheme::Upto {
            let id = head.header(session::HEADER).and_then(session::valid_id);
            let session = Session { id, payment, record: record.clone() };
            memory.sessions.open(&order.target, request.method, session);
        }
    }

    fn forget_offers(&self, request: &HttpRequest) {
        let key = (request.method, request.url.clone());
        self.memory.borrow_mut().offers.retain(|(at, ..)| *at != key);
    }
}

/// What an answer shows as unspent. Only a receipt without a flaw shows anything.
fn account(reservation: &Reservation, record: &PaymentRecord, receipt: Option<&Receipt>, status: u16) {
    match receipt {
        Some(receipt) if receipt.success && receipt.flaws.is_empty() => {
            let charged = receipt.amount.filter(|_| record.scheme == Scheme::Upto).unwrap_or(record.amount);
            if charged.is_zero() && receipt.transaction.is_none() {
                // The nonce is unused: the seller could still charge until the deadline.
                reservation.denied();
            } else if receipt.transaction.is_some() {
                reservation.settled(charged);
            }
        }
        Some(_) => {}
        // A handler that fails is not paid; a server that fails may have been.
        None if (400..500).contains(&status) => reservation.denied(),
        None => {}
    }
}
