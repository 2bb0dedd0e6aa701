//! `PayerCore`: any x402 API, paid from the wallet.

use std::any::Any;
use std::rc::Rc;

use futures_util::{FutureExt as _, StreamExt as _};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::{budget, options, output};
use crate::error::Error;
use crate::io::Io;
use crate::io::http::{HttpHead, HttpRequest, HttpStream, Redirects};
use crate::io::web::{self, Detached};
use crate::js::convert::{Build, bigint};
use crate::js::input::Input;
use crate::js::options::member;
use crate::js::promise::start;
use crate::js::wallet::connectable;
use crate::x402::client::{Paid, PayOptions, Payer};

/// A request's headers may have this many bytes in all; servers refuse more.
const MAX_HEADERS: usize = 16 << 10;
/// What an answer that had to be read before it is handed back may hold.
const MAX_BODY: usize = 4 << 20;
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const REQUEST: &[&str] = &[
    "url",
    "method",
    "headers",
    "body",
    "timeout",
    "sessions",
    "payFirst",
    "retryPaid",
    "payee",
    "redirect",
    "onPayment",
    "chains",
    "contractAccount",
    "fetch",
    "signal",
];

/// Pays for requests out of one account, within one policy. Everything else may differ from request to request.
#[wasm_bindgen]
pub struct PayerCore {
    payer: Rc<Payer>,
}

#[wasm_bindgen]
impl PayerCore {
    /// Connects a wallet. No HTTP request.
    ///
    /// @throws WalletRejectedError, WalletLockedError, InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Promise<PayerCore>")]
    pub fn connect(#[wasm_bindgen(unchecked_param_type = "PayerOptions")] options: JsValue) -> Promise {
        start(|| {
            let known = ["wallet", "account", "policy", "signal"];
            let bag = Input::new("options", options).object(&known)?;
            let (_, handle) = connectable(bag.get("wallet")?)?;
            let (policy, store) = options::policy(bag.get("policy")?.optional(), None)?;
            let bag = Some(&bag);
            let wanted = member(bag, "account", Input::address)?;
            let signal = member(bag, "signal", Input::signal)?;
            Ok((
                signal,
                async move {
                    let account = handle.connect(wanted, None).await?;
                    let (ledger, share) = budget::of(account, store);
                    let mut payer = Payer::new(web::io(), handle, account, policy, ledger);
                    payer.share = share;
                    Ok(Self { payer: Rc::new(payer) }.into())
                }
                .boxed_local(),
            ))
        })
    }

    /// The account that pays.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn account(&self) -> String {
        self.payer.account.to_string()
    }

    /// What was signed for in a token and not given back, in its smallest unit.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "bigint")]
    pub fn spent(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] chain_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Address")] asset: JsValue,
    ) -> Result<JsValue, JsValue> {
        let read = || Ok((Input::new("chainId", chain_id).whole()?, Input::new("asset", asset).address()?));
        let (chain_id, asset) = read().map_err(|error: Error| crate::js::error::to_js(&error))?;
        Ok(bigint(self.payer.ledger.borrow().spent(chain_id, asset)))
    }

    /// Sends a request and pays for it where the server demands that, at most once.
    ///
    /// @throws PaymentRefusedError, PaymentRejectedError, PaymentUncertainError, NotPayableError, HttpError …
    #[wasm_bindgen(unchecked_return_type = "Promise<PaidParts>")]
    pub fn fetch(&self, #[wasm_bindgen(unchecked_param_type = "RequestParts")] request: JsValue) -> Promise {
        start(|| {
            let bag = Input::new("request", request).object(REQUEST)?;
            let chains = bag.get("chains")?.optional();
            let bag = Some(&bag);
            let methods = METHODS.map(|method| (method, method));
            let mut headers = Vec::new();
            let mut size = 0;
            for pair in member(bag, "headers", Input::list)?.unwrap_or_default() {
                let pair = pair.texts()?;
                let [name, value] =
                    <[String; 2]>::try_from(pair).map_err(|_| Error::input("request.headers", "expected pairs"))?;
                size += name.len() + value.len();
                headers.push((name.into(), value));
            }
            if size > MAX_HEADERS {
                return Err(Error::input("request.headers", format!("expected at most {MAX_HEADERS} bytes")));
            }
            let request = HttpRequest {
                method: member(bag, "method", |value| value.one_of(&methods))?.unwrap_or("GET"),
                headers,
                body: member(bag, "body", |value| Ok(value.bytes()))?.flatten().map(Rc::new),
                redirects: match member(bag, "redirect", Input::text)?.as_deref() {
                    Some("error") => Redirects::Refuse,
                    _ => Redirects::Follow,
                },
                timeout_ms: member(bag, "timeout", Input::duration)?.map_or(60_000, crate::ipfs::fetch::milliseconds),
                max_bytes: MAX_BODY,
                ..HttpRequest::get(member(bag, "url", Input::text)?.unwrap_or_default())
            };
            let timeout_ms = request.timeout_ms;
            let pay = PayOptions {
                sessions: member(bag, "sessions", Input::flag)?.unwrap_or(false),
                pay_first: member(bag, "payFirst", Input::flag)?.unwrap_or(false),
                retry_paid: member(bag, "retryPaid", Input::flag)?.unwrap_or(false),
                payee: member(bag, "payee", Input::address)?,
            };
            let signal = member(bag, "signal", Input::signal)?;
            let mut payer = (*self.payer).clone();
            payer.on_payment = options::on_payment(member(bag, "onPayment", Input::function)?);
            payer.contract_account = member(bag, "contractAccount", Input::flag)?.unwrap_or(false);
            if let Some(own) = member(bag, "fetch", Input::function)? {
                payer.io = web::io_with(Some(own));
            }
            if let Some(given) = chains {
                payer.chains = options::chains(given)?;
            }
            Ok((
                signal,
                async move {
                    let Paid { response, payment, receipt } = payer.fetch(request, &pay).await?;
                    // A body that had to be looked into comes within the time limit, or is cut.
                    let built = hand_back(response, &payer.io, timeout_ms).await?;
                    let built = match &payment {
                        Some(payment) => built.with("payment", output::payment(payment)),
                        None => built,
                    };
                    Ok(match &receipt {
                        Some(receipt) => built.with("receipt", output::receipt(receipt)),
                        None => built,
                    }
                    .frozen())
                }
                .boxed_local(),
            ))
        })
    }
}

/// The platform's own response where it is unread, else one made of what was read.
async fn hand_back(stream: HttpStream, io: &Io, timeout_ms: u64) -> Result<Build, Error> {
    let HttpStream { head, mut body, detach } = stream;
    if let Some(detached) = detach.and_then(|detach| Rc::<dyn Any>::downcast::<Detached>(detach()).ok()) {
        return Ok(Build::new()
            .with("response", JsValue::from(&detached.response))
            .with("controller", detached.controller.clone()));
    }
    let mut whole = Vec::new();
    let read = async {
        while let Some(Ok(piece)) = body.next().await {
            whole.extend_from_slice(&piece);
        }
    };
    let _ = io.within(timeout_ms, read).await;
    let made = make_response(&head, &whole).map_err(|_| Error::protocol("Response on this platform", "none"))?;
    Ok(Build::new().with("response", made))
}

fn make_response(head: &HttpHead, body: &[u8]) -> Result<JsValue, JsValue> {
    let headers: Array = head
        .headers
        .iter()
        .map(|(name, value)| JsValue::from(Array::of2(&name.as_str().into(), &value.as_str().into())))
        .collect();
    let init = Object::new();
    Reflect::set(&init, &"status".into(), &head.status.into())?;
    Reflect::set(&init, &"headers".into(), &headers)?;
    let class: Function = Reflect::get(&js_sys::global(), &"Response".into())?.dyn_into()?;
    // Some statuses may have no body.
    let content = if body.is_empty() { JsValue::NULL } else { Uint8Array::from(body).into() };
    Reflect::construct(&class, &Array::of2(&content, &init))
}
