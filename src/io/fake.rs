//! Scripted doubles of the outside world: replies in order, time by hand; a call that the script does not know
//! fails loudly.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::{Claim, Clock, Http, HttpFailure, HttpHead, HttpRequest, HttpResponse, HttpStream, Io, Tabs, Wallet, WalletFailure};

/// A head, and the pieces of a body.
pub type Pieces = (HttpHead, Vec<Result<Vec<u8>, HttpFailure>>);
type Handler = Box<dyn FnMut(&HttpRequest) -> Result<Pieces, HttpFailure>>;

/// An HTTP peer made of one function.
pub struct FakeHttp(RefCell<Handler>);

impl Http for FakeHttp {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        let reply = (self.0.borrow_mut())(&request);
        let reply = reply.map(|(head, pieces)| HttpStream { head, body: stream::iter(pieces).boxed_local(), detach: None });
        async move { reply }.boxed_local()
    }
}

/// An answer with a body of one piece.
pub fn reply(url: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> HttpResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpResponse { head: HttpHead { status, url: url.to_owned(), headers }, body: body.into() }
}

/// A clock that moves when somebody sleeps; tasks of their own go on meanwhile.
#[derive(Default)]
pub struct FakeClock {
    now: Rc<Cell<u64>>,
    tasks: Rc<RefCell<Vec<LocalBoxFuture<'static, ()>>>>,
}

impl Clock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.now.get()
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        let (now, tasks) = (Rc::clone(&self.now), Rc::clone(&self.tasks));
        let mut waited = false;
        // Pending once, so that whatever races the sleep goes first.
        futures_util::future::poll_fn(move |cx| {
            if waited {
                now.set(now.get() + ms);
                return std::task::Poll::Ready(());
            }
            waited = true;
            let running = std::mem::take(&mut *tasks.borrow_mut());
            let still = running.into_iter().filter_map(|mut task| task.poll_unpin(cx).is_pending().then_some(task));
            let still: Vec<_> = still.collect();
            tasks.borrow_mut().extend(still);
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .boxed_local()
    }
    fn idle(&self, _ms: u64) -> LocalBoxFuture<'static, ()> {
        std::future::pending().boxed_local()
    }
    fn random(&self) -> [u8; 16] {
        [7; 16]
    }
    fn spawn(&self, mut task: LocalBoxFuture<'static, ()>) {
        let waker = futures_util::task::noop_waker();
        if task.poll_unpin(&mut std::task::Context::from_waker(&waker)).is_pending() {
            self.tasks.borrow_mut().push(task);
        }
    }
}

/// Real hashes and RSA.
pub struct FakeCrypto;

impl super::Crypto for FakeCrypto {
    #[cfg(feature = "opengradient")]
    fn verify_rsa_pss_sha256(
        &self,
        spki: Vec<u8>,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> LocalBoxFuture<'static, Result<bool, String>> {
        use rsa::pkcs8::DecodePublicKey as _;
        use rsa::signature::Verifier as _;
        let verdict = rsa::RsaPublicKey::from_public_key_der(&spki).map_err(|error| error.to_string()).map(|key| {
            let key = rsa::pss::VerifyingKey::<rsa::sha2::Sha256>::new_with_salt_len(key, 32);
            rsa::pss::Signature::try_from(signature.as_slice()).is_ok_and(|signature| key.verify(&message, &signature).is_ok())
        });
        async move { verdict }.boxed_local()
    }
}

/// Claims within one test.
#[derive(Clone, Default)]
pub struct FakeTabs(pub Rc<RefCell<BTreeSet<String>>>);

struct Held(FakeTabs, String);
impl Claim for Held {}
impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.borrow_mut().remove(&self.1);
    }
}

impl Tabs for FakeTabs {
    fn claim(&self, key: String) -> LocalBoxFuture<'static, Option<Rc<dyn Claim>>> {
        let free = self.0.borrow_mut().insert(key.clone());
        let claim = free.then(|| Rc::new(Held(self.clone(), key)) as Rc<dyn Claim>);
        async move { claim }.boxed_local()
    }
    #[cfg(feature = "opengradient")]
    fn held(&self, prefix: String) -> LocalBoxFuture<'static, Vec<String>> {
        let found = self.0.borrow().iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        async move { found }.boxed_local()
    }
    fn lock(&self, key: String) -> LocalBoxFuture<'static, Rc<dyn Claim>> {
        let tabs = self.clone();
        futures_util::future::poll_fn(move |context| match tabs.claim(key.clone()).now_or_never().flatten() {
            Some(claim) => std::task::Poll::Ready(claim),
            None => {
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            }
        })
        .boxed_local()
    }
}

/// A wallet that answers from a list and remembers what it was asked.
#[derive(Default)]
pub struct FakeWallet {
    /// The answers still to give, in order.
    pub answers: RefCell<VecDeque<(&'static str, Result<Value, WalletFailure>)>>,
    /// What was asked.
    pub asked: RefCell<Vec<(&'static str, Value)>>,
}

impl Wallet for FakeWallet {
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let params = serde_json::from_str(&params).unwrap_or(Value::Null);
        self.asked.borrow_mut().push((method, params));
        let next = self.answers.borrow_mut().pop_front();
        let answer = match next {
            Some((expected, answer)) if expected == method => answer,
            other => Err(failure(None, &format!("unscripted: {method}, expected {:?}", other.map(|o| o.0)))),
        };
        if matches!(&answer, Err(failure) if failure.said.message == HANGS) {
            return futures_util::future::pending().boxed_local();
        }
        async move { answer.map(|value| value.to_string()) }.boxed_local()
    }
}

/// A wallet that is to throw this never answers.
pub const HANGS: &str = "hangs";

/// Runs a future to its end; the fake clock's sleeps pass at once.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let waker = futures_util::task::noop_waker();
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            return value;
        }
    }
}

/// What a wallet throws.
pub fn failure(code: Option<i64>, message: &str) -> WalletFailure {
    WalletFailure { said: crate::error::Said { code, message: message.to_owned(), cause: None }, data: None }
}

/// An outside world whose HTTP peer is `handler`.
pub fn io(mut handler: impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpFailure> + 'static) -> (Io, FakeTabs) {
    io_stream(move |request| handler(request).map(|reply| (reply.head, vec![Ok(reply.body)])))
}

/// An outside world whose HTTP peer is `handler`, with bodies in pieces.
pub fn io_stream(handler: impl FnMut(&HttpRequest) -> Result<Pieces, HttpFailure> + 'static) -> (Io, FakeTabs) {
    let tabs = FakeTabs::default();
    let io = Io {
        http: Rc::new(FakeHttp(RefCell::new(Box::new(handler)))),
        clock: Rc::new(FakeClock::default()),
        tabs: Rc::new(tabs.clone()),
        crypto: Rc::new(FakeCrypto),
    };
    (io, tabs)
}

/// An outside world whose HTTP peer is a JSON-RPC node made of one function; batches are taken apart.
pub fn node(mut answer: impl FnMut(&str, &Value) -> Result<Value, Value> + 'static) -> (Io, FakeTabs) {
    io(move |request| {
        let body = request.body.clone().unwrap_or_default();
        let asked: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let mut one = |item: &Value| {
            let mut reply = json!({ "jsonrpc": "2.0", "id": item["id"] });
            match answer(item["method"].as_str().unwrap_or_default(), &item["params"]) {
                Ok(result) => reply["result"] = result,
                Err(error) => reply["error"] = error,
            }
            reply
        };
        let answers = match &asked {
            Value::Array(items) => Value::Array(items.iter().map(&mut one).collect()),
            item => one(item),
        };
        Ok(reply(&request.url, 200, &[], answers.to_string()))
    })
}
