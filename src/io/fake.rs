//! Scripted doubles of the outside world: replies in order, time by hand; a call that the script does not know
//! fails loudly.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::{Claim, Clock, Http, HttpFailure, HttpRequest, HttpResponse, Io, Tabs, Wallet, WalletFailure};

type Handler = Box<dyn FnMut(&HttpRequest) -> Result<HttpResponse, HttpFailure>>;

/// An HTTP peer made of one function.
pub struct FakeHttp(RefCell<Handler>);

impl Http for FakeHttp {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpFailure>> {
        let reply = (self.0.borrow_mut())(&request);
        async move { reply }.boxed_local()
    }
}

/// A clock that moves when somebody sleeps.
#[derive(Default)]
pub struct FakeClock {
    now: Rc<Cell<u64>>,
    tasks: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
}

impl Clock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.now.get()
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        let now = Rc::clone(&self.now);
        let mut waited = false;
        // Pending once, so that whatever races the sleep goes first.
        futures_util::future::poll_fn(move |cx| {
            if waited {
                now.set(now.get() + ms);
                return std::task::Poll::Ready(());
            }
            waited = true;
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .boxed_local()
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
        async move { answer.map(|value| value.to_string()) }.boxed_local()
    }
}

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
pub fn io(handler: impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpFailure> + 'static) -> (Io, FakeTabs) {
    let tabs = FakeTabs::default();
    let io = Io {
        http: Rc::new(FakeHttp(RefCell::new(Box::new(handler)))),
        clock: Rc::new(FakeClock::default()),
        tabs: Rc::new(tabs.clone()),
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
        let reply = match &asked {
            Value::Array(items) => Value::Array(items.iter().map(&mut one).collect()),
            item => one(item),
        };
        Ok(HttpResponse {
            status: 200,
            url: request.url.clone(),
            content_type: Some("application/json".into()),
            body: reply.to_string().into_bytes(),
        })
    })
}
