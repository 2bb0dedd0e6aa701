//! An outside world in which every answer is the input's: HTTP, wallet, tabs, and a clock that moves when somebody sleeps.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, pending, poll_fn};
use futures_util::stream::{self, StreamExt as _};
use ogkit::eth::wallet::{WalletHandle, Windows};
use ogkit::io::{Claim, Clock, Crypto, Http, HttpFailure, HttpHead, HttpRequest, HttpStream, Io, Tabs, Wallet, WalletFailure};

/// A time at which tokens and signatures of the vectors are good, in unix seconds.
pub(crate) const NOW: u64 = 1_750_000_000;
/// A call that has not ended after so many turns waits for ever: nothing here takes time.
const MAX_TURNS: usize = 100_000;

/// An answer over HTTP.
#[derive(Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) pieces: Vec<Vec<u8>>,
}

impl Answer {
    /// 200 with a body.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), pieces: vec![body.into()] }
    }
}

struct Server<F>(RefCell<F>);

impl<F: FnMut(&HttpRequest) -> Answer> Http for Server<F> {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        let Answer { status, headers, pieces } = (self.0.borrow_mut())(&request);
        let head = HttpHead { status, url: request.url, headers };
        let body = stream::iter(pieces.into_iter().map(Ok)).boxed_local();
        async move { Ok(HttpStream { head, body, detach: None }) }.boxed_local()
    }
}

struct Time(Rc<Cell<u64>>);

impl Clock for Time {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        let now = Rc::clone(&self.0);
        let mut waited = false;
        // Pending once, so that what races the sleep goes first.
        poll_fn(move |context| {
            if waited {
                now.set(now.get().saturating_add(ms));
                return Poll::Ready(());
            }
            waited = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .boxed_local()
    }
    fn idle(&self, _ms: u64) -> LocalBoxFuture<'static, ()> {
        pending().boxed_local()
    }
    fn random(&self) -> [u8; 16] {
        [7; 16]
    }
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        let _ = task.now_or_never();
    }
}

struct Hashes;

impl Crypto for Hashes {
    fn verify_rsa_pss_sha256(
        &self,
        _spki: Vec<u8>,
        _message: Vec<u8>,
        _signature: Vec<u8>,
    ) -> LocalBoxFuture<'static, Result<bool, String>> {
        async { Ok(true) }.boxed_local()
    }
}

/// The claims of the origin's other tabs, as they are named.
#[derive(Clone, Default)]
pub(crate) struct Claims(pub(crate) Rc<RefCell<BTreeSet<String>>>);

struct Held(Claims, String);
impl Claim for Held {}
impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.borrow_mut().remove(&self.1);
    }
}

impl Tabs for Claims {
    fn claim(&self, key: String) -> LocalBoxFuture<'static, Option<Rc<dyn Claim>>> {
        let is_free = self.0.borrow_mut().insert(key.clone());
        let claim = is_free.then(|| Rc::new(Held(self.clone(), key)) as Rc<dyn Claim>);
        async move { claim }.boxed_local()
    }
    fn held(&self, prefix: String) -> LocalBoxFuture<'static, Vec<String>> {
        let found = self.0.borrow().iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        async move { found }.boxed_local()
    }
    fn lock(&self, key: String) -> LocalBoxFuture<'static, Rc<dyn Claim>> {
        self.0.borrow_mut().insert(key.clone());
        let claim = Rc::new(Held(self.clone(), key)) as Rc<dyn Claim>;
        async move { claim }.boxed_local()
    }
}

/// A wallet that answers by a function.
struct Answers<F>(RefCell<F>);

impl<F: FnMut(&str) -> Result<String, WalletFailure>> Wallet for Answers<F> {
    fn request(&self, method: &'static str, _params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let answer = (self.0.borrow_mut())(method);
        async move { answer }.boxed_local()
    }
}

/// A world whose servers are one function.
pub(crate) fn io(server: impl FnMut(&HttpRequest) -> Answer + 'static) -> (Io, Claims) {
    let claims = Claims::default();
    let io = Io {
        http: Rc::new(Server(RefCell::new(server))),
        clock: Rc::new(Time(Rc::new(Cell::new(NOW * 1000)))),
        tabs: Rc::new(claims.clone()),
        crypto: Rc::new(Hashes),
    };
    (io, claims)
}

/// A wallet that answers by a function of the method.
pub(crate) fn wallet(io: &Io, answer: impl FnMut(&str) -> Result<String, WalletFailure> + 'static) -> WalletHandle {
    WalletHandle::new(Rc::new(Answers(RefCell::new(answer))), Rc::new(Windows::default()), Rc::clone(&io.clock))
}

/// Runs a call to its end.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MAX_TURNS {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("a call that never ends");
}
