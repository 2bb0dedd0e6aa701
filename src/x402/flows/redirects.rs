//! Redirects by fetch's standard, and time limits over everything that a server may draw out.

use super::chain::{Chain, NODE, world_on};
use super::*;
use crate::io::{Http, HttpStream};

const ELSEWHERE: &str = "https://other.example/final";

/// A server at the usual URL that points to `to`, and one there that demands payment and serves.
fn pointing(status: u16, to: &'static str) -> World {
    let mut world = world(move |request, _| {
        if request.redirects == Redirects::Show && request.url == URL {
            return Ok(reply(&request.url, status, &[("location", to)], ""));
        }
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
    });
    world.payer.policy.hosts = Some(vec!["api.example".into(), "other.example".into()]);
    world
}

fn asked(world: &World, method: &'static str) -> Result<Paid, Error> {
    let header = |name: &'static str| (name.into(), "mine".to_owned());
    let mut request = HttpRequest { method, ..world.request() };
    for name in ["Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "accept"] {
        request.headers.push(header(name));
    }
    if method == "GET" {
        request.body = None;
    }
    fake::run(world.payer.fetch(request, &PayOptions::default()))
}

/// Method, body, and names of headers of the request that was paid.
fn paid_request(world: &World) -> (&'static str, bool, Vec<String>) {
    let requests = world.requests.borrow();
    let last = requests.last();
    let names = last.iter().flat_map(|request| &request.headers).map(|(name, _)| name.to_lowercase());
    let names = names.filter(|name| name != "payment-signature").collect();
    (last.map_or("", |request| request.method), last.is_some_and(|request| request.body.is_some()), names)
}

#[test]
fn a_redirect_is_followed_as_fetch_does_and_what_was_priced_is_paid() {
    for (status, method, expected) in [
        (301, "POST", ("GET", false)),
        (302, "POST", ("GET", false)),
        (303, "POST", ("GET", false)),
        (307, "POST", ("POST", true)),
        (308, "POST", ("POST", true)),
        (301, "PUT", ("PUT", true)),
        (303, "PUT", ("GET", false)),
        (303, "GET", ("GET", false)),
        (303, "HEAD", ("HEAD", true)),
    ] {
        let world = pointing(status, ELSEWHERE);
        assert_eq!(code(&asked(&world, method)), "paid", "{status} {method}");
        let (paid_by, has_body, names) = paid_request(&world);
        assert_eq!((paid_by, has_body), expected, "{status} {method}");
        // Nothing that names the caller goes to another origin, neither with the payment nor before it.
        let kept = if has_body || method == "GET" { vec!["content-type", "accept"] } else { vec!["accept"] };
        assert_eq!(names, kept, "{status} {method}");
        let requests = world.requests.borrow();
        let unpaid = &requests[1];
        assert_eq!((unpaid.method, unpaid.body.is_some(), unpaid.url.as_str()), (paid_by, has_body, ELSEWHERE));
        assert_eq!(unpaid.headers.len() + 1, requests[2].headers.len());
    }
    // Within one origin the caller's headers go along, and what described a body that is gone does not.
    let within = pointing(303, "/other?q");
    assert_eq!(code(&asked(&within, "POST")), "paid");
    assert_eq!(
        paid_request(&within),
        ("GET", false, ["authorization", "cookie", "proxy-authorization", "x-api-key", "accept"].map(str::to_owned).to_vec())
    );
    assert!(within.requests.borrow().last().is_some_and(|request| request.url == "https://api.example/other?q"));
}

#[test]
fn a_payment_behind_a_redirect_is_found_again_by_the_request_that_was_made() {
    let lost = Cell::new(false);
    let mut world = world(move |request, _| {
        Ok(match paid(request) {
            None if request.url == URL => reply(&request.url, 307, &[("location", "/moved")], ""),
            None => demand(request, &json!([opg()])),
            Some(_) if !lost.replace(true) => return Err(HttpFailure::Network("reset".into())),
            Some(_) => receipt(request, json!({})),
        })
    });
    world.payer.policy.hosts = None;
    assert_eq!(code(&world.fetch()), "paymentUncertain");
    let again = PayOptions { retry_paid: true, ..PayOptions::default() };
    assert_eq!((code(&world.fetch_with(again)), world.signatures(), world.payments().len()), ("paid", 1, 2));
}

#[test]
fn redirects_end_and_lead_to_web_pages_only() {
    for to in ["/v1/chat?x=1", "ftp://other.example/", "javascript:pay()"] {
        let world = pointing(307, to);
        let result = world.fetch();
        assert_eq!((code(&result), world.signatures()), ("http", 0), "{to}");
        assert!(world.sent() <= 21);
        assert!(result.err().is_some_and(|error| error.to_string().contains("nothing was signed or paid")));
    }
    // Who wants none gets none.
    let refusing = pointing(307, ELSEWHERE);
    let request = HttpRequest { redirects: Redirects::Refuse, ..refusing.request() };
    let _ = fake::run(refusing.payer.fetch(request, &PayOptions::default()));
    assert!(refusing.requests.borrow().iter().all(|request| request.redirects == Redirects::Refuse));
    // A target that is not listed is not paid, and one that could be read on the way neither.
    let mut stranger = pointing(307, ELSEWHERE);
    stranger.payer.policy.hosts = None;
    assert_eq!((code(&stranger.fetch()), stranger.signatures()), ("redirected", 0));
    let open = pointing(307, "http://other.example/");
    assert_eq!((code(&open.fetch()), open.signatures()), ("insecure", 0));
}

#[test]
fn a_redirect_that_a_browser_hides_is_paid_only_where_the_method_is_known() {
    let hidden_to = |to: &'static str| {
        let mut world = world(move |request, _| {
            if request.redirects == Redirects::Show {
                return Ok(reply("", 0, &[], ""));
            }
            let mut answer = if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) };
            answer.head.url = to.into();
            Ok(answer)
        });
        world.payer.policy.hosts = Some(vec!["other.example".into()]);
        world
    };
    let hidden = || hidden_to(ELSEWHERE);
    // A POST that comes back to its own URL may come as a GET.
    let round = hidden_to(URL);
    assert_eq!((code(&asked(&round, "POST")), round.signatures()), ("redirected", 0));
    let post = hidden();
    let result = asked(&post, "POST");
    assert_eq!((code(&result), post.signatures()), ("redirected", 0));
    assert!(result.err().is_some_and(|error| error.to_string().contains(ELSEWHERE)));
    let get = hidden();
    assert_eq!(code(&asked(&get, "GET")), "paid");
    let (method, _, names) = paid_request(&get);
    assert_eq!((method, names), ("GET", vec!["content-type".to_owned(), "accept".to_owned()]));
    // The platform takes `Authorization` off by itself where the redirect leads to another origin, and nothing else.
    let followed: Vec<_> = get.requests.borrow()[1].headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    assert_eq!(followed, ["content-type", "authorization", "accept"]);
    assert!(get.requests.borrow().last().is_some_and(|request| request.url == ELSEWHERE));
}

/// HTTP whose answers to some requests never come, or whose bodies come byte by byte without an end.
struct Slow {
    http: Rc<dyn Http>,
    clock: Rc<dyn Clock>,
    never: fn(&HttpRequest) -> bool,
    drips: fn(&HttpRequest) -> bool,
}

impl Http for Slow {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        if (self.never)(&request) {
            return futures_util::future::pending().boxed_local();
        }
        let drips = (self.drips)(&request).then(|| Rc::clone(&self.clock));
        let answer = self.http.open(request);
        async move {
            let mut stream = answer.await?;
            if let Some(clock) = drips {
                let drop = move |()| {
                    let sleep = clock.sleep(500);
                    async move {
                        sleep.await;
                        Some((Ok(b" ".to_vec()), ()))
                    }
                };
                stream.head.headers.clear();
                stream.body = futures_util::stream::unfold((), drop).boxed_local();
            }
            Ok(stream)
        }
        .boxed_local()
    }
}

/// A clock on which several wait at once: it moves with each look at it.
struct Ticking(Rc<Cell<u64>>);

impl Clock for Ticking {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        let (now, until) = (Rc::clone(&self.0), self.0.get() + ms);
        futures_util::future::poll_fn(
            move |_| {
                if now.get() >= until { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            },
        )
        .boxed_local()
    }
    fn random(&self) -> [u8; 16] {
        [7; 16]
    }
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        fake::run(task);
    }
}

/// How many seconds a call takes whose limit is one second, and how it ends.
fn took(mut world: World, never: fn(&HttpRequest) -> bool, drips: fn(&HttpRequest) -> bool) -> (&'static str, u64) {
    let now = Rc::new(Cell::new(START * 1000));
    let clock: Rc<dyn Clock> = Rc::new(Ticking(Rc::clone(&now)));
    let http = Rc::clone(&world.payer.io.http);
    world.payer.io.clock = Rc::clone(&clock);
    world.payer.io.http = Rc::new(Slow { http, clock, never, drips });
    if world.payer.chains[0].rpc.is_some() {
        world.payer.chains[0].rpc = Some(Rpc::new(world.payer.io.clone(), vec![NODE.to_owned()]));
    }
    let request = HttpRequest { timeout_ms: 1000, ..world.request() };
    let options = PayOptions::default();
    let mut call = std::pin::pin!(world.payer.fetch(request, &options));
    let waker = futures_util::task::noop_waker();
    loop {
        if let std::task::Poll::Ready(result) = call.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            return (code(&result), now.get() / 1000 - START);
        }
        now.set(now.get() + 10);
    }
}

#[test]
fn the_time_limit_holds_over_nodes_and_dripping_bodies() {
    let on_chain = || world_on(&Chain::new(), |request| Ok(demand(request, &json!([opg()]))));
    let is_node: fn(&HttpRequest) -> bool = |request| request.url == NODE;
    let (result, seconds) = took(on_chain(), is_node, |_| false);
    assert!(result == "http" && seconds <= 2, "{result} after {seconds} s");
    let (result, seconds) = took(on_chain(), |_| false, is_node);
    assert!(result == "http" && seconds <= 2, "{result} after {seconds} s");
    // The body of the demand, and that of the refusal of a payment.
    let (result, seconds) = took(shop(json!([opg()])), |_| false, |request| paid(request).is_none());
    assert!(result == "http" && seconds <= 2, "{result} after {seconds} s");
    let refusing = world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 402, &[], "") } else { demand(request, &json!([opg()])) })
    });
    let (result, seconds) = took(refusing, |_| false, |request| paid(request).is_some());
    assert!(result == "paymentRejected" && seconds <= 2, "{result} after {seconds} s");
}
