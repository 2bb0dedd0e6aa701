//! LLM chat and completion over HTTP.
//!
//! Input becomes a [`request`] (what goes out, and the [`canonical`] text that the enclave signs); [`client`] sends it to an
//! enclave through a [`Sender`], which pays; the answer is read whole ([`answer`]) or as it comes ([`sse`], [`stream`],
//! [`chat_stream`]) and checked against the enclave's key before it is given out.

use std::any::Any;
use std::rc::Rc;

use alloy_primitives::{Address, B256};
use futures_util::future::LocalBoxFuture;

use super::tee::registry::Tee;
use crate::error::Error;
use crate::io::{HttpRequest, HttpStream};

pub mod answer;
pub mod canonical;
pub mod chat_stream;
pub mod client;
#[cfg(test)]
mod flows;
pub mod images;
mod message;
pub mod models;
pub mod request;
pub mod signed;
pub mod sse;
pub mod stream;

/// Sends a request and pays for it where the server asks for that.
///
/// It keeps the request's limits as [`Io::open`](crate::io::Io::open) does: its time limit is for each exchange and each piece
/// of the body, not for the person at the wallet.
pub trait Sender {
    /// Sends; answers once the head of the final answer is there, whatever its status.
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<Sent, SendFailure>>;
}

/// A sender's record of a payment, whatever that is; it is handed on with the answer.
pub type Payment = Rc<dyn Any>;

/// An answer, and the payment that it took.
pub struct Sent {
    /// The answer, whatever its status.
    pub response: HttpStream,
    /// The sender's record, where something was paid.
    pub payment: Option<Payment>,
}

/// Why a sender has no answer.
#[derive(Clone, Debug)]
pub enum SendFailure {
    /// No HTTP answer at all came from the server, and nothing was signed: the same request may go to another enclave.
    NoAnswer(Error),
    /// Everything else: refused prices, rejected signatures, a connection lost after the payment went out. Never repeated.
    Failed(Error),
}

/// How an answer is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Nothing is given out before it is proven; a stream comes all at once, at its end. What the signature does not cover
    /// (text beside tool calls) is left out.
    #[default]
    Strict,
    /// Streams are given out as they come, and fail at the end if they are not proven. Whole answers as in `Strict`.
    Final,
    /// Not at all.
    Off,
}

/// The enclave that was asked, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub tee_id: Option<B256>,
    /// Its base URL.
    pub endpoint: String,
    /// Who is paid.
    pub payment_address: Option<Address>,
}

impl Source {
    fn of(tee: &Tee) -> Self {
        Self { tee_id: Some(tee.id), endpoint: tee.endpoint.clone(), payment_address: Some(tee.payment_address) }
    }
}
