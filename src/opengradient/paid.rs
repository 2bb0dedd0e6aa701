//! Requests to enclaves through the x402 payer.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::llm::{SendFailure, Sender, Sent};
use super::tee::registry::Registry;
use crate::error::{Kind, public_url};
use crate::io::HttpRequest;
use crate::x402::client::{Paid, PayOptions, Payer};
use crate::x402::payment::PaymentRecord;
use crate::x402::wire::Receipt;

/// What one answer took.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What was signed, by this request or by an earlier one of the same session.
    pub record: PaymentRecord,
    /// The server's word on the settlement; sessions give none.
    pub receipt: Option<Receipt>,
}

/// Pays in sessions, as OpenGradient's gateways have it: one signature is good for many requests, up to its cap. Where
/// the registry knows the enclave, nobody but the receiver named there is paid.
pub struct PaidSender {
    payer: Rc<Payer>,
    registry: Option<Registry>,
    retry_paid: bool,
}

impl PaidSender {
    /// Pays with `payer`; receivers are those of `registry`.
    pub const fn new(payer: Rc<Payer>, registry: Option<Registry>) -> Self {
        Self { payer, registry, retry_paid: false }
    }

    /// The same; with `retry_paid` it sends a payment again whose outcome is unknown ([`PayOptions::retry_paid`]).
    #[must_use]
    pub fn retrying(self, retry_paid: bool) -> Self {
        Self { retry_paid, ..self }
    }
}

impl Sender for PaidSender {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<Sent, SendFailure>> {
        let (payer, registry) = (Rc::clone(&self.payer), self.registry.clone());
        let retry_paid = self.retry_paid;
        async move {
            let tees = match &registry {
                // Fresh in memory where the enclave was chosen from it.
                Some(registry) => payer.io.within(request.timeout_ms, registry.active()).await.and_then(Result::ok),
                None => None,
            };
            let of_endpoint = |endpoint: &str| request.url.strip_prefix(endpoint).is_some_and(|rest| rest.starts_with('/'));
            let tee = tees.iter().flat_map(|tees| tees.iter()).find(|tee| of_endpoint(&tee.endpoint));
            let payee = tee.map(|tee| tee.payment_address).filter(|payee| !payee.is_zero());
            let options = PayOptions { sessions: true, payee, retry_paid, ..PayOptions::default() };
            let asked = public_url(&request.url);
            match payer.fetch(request, &options).await {
                Ok(Paid { response, payment, receipt }) => {
                    let payment = payment.map(|record| Rc::new(Cost { record, receipt }) as Rc<dyn std::any::Any>);
                    Ok(Sent { response, payment })
                }
                Err(error) => Err(match &*error {
                    // Of the enclave itself: a node that does not answer once the price is known is no reason to ask for another.
                    Kind::Http { status: None, url, .. } if *url == asked => SendFailure::NoAnswer(error),
                    _ => SendFailure::Failed(error),
                }),
            }
        }
        .boxed_local()
    }
}
