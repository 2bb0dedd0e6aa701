//! HTTP: RPC endpoints with a few backends each, and the pinning service.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::{LocalBoxFuture, pending};
use futures_util::stream;
use ogkit::io::{Http, HttpFailure, HttpHead, HttpRequest, HttpStream};
use ogkit::ipfs::unixfs::{KUBO_V0, root};

use crate::chain::CHAIN_ID;
use crate::faults::Fault;
use crate::node::{Backend, Fault as NodeFault, OTHER_CHAIN, Request, item};
use crate::wallet::outside;
use crate::world::{MAX_STALE_MS, Shared};

/// The pinning service.
pub(crate) const PIN_URL: &str = "http://pin.test/file/create";

/// The URL of an RPC endpoint.
pub(crate) fn rpc_url(endpoint: usize) -> String {
    format!("http://rpc{endpoint}.test/")
}

/// What one endpoint always does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) hides_pool: bool,
    pub(crate) hides_block: bool,
    /// It has no `eth_getLogs`.
    pub(crate) refuses_logs: bool,
    pub(crate) forgets: bool,
    pub(crate) is_other_chain: bool,
    /// It may lie: there are others to hold it against.
    pub(crate) lies: bool,
}

/// The network of one page.
pub(crate) struct Net(pub(crate) Shared);

type Reply = Result<(u16, String), HttpFailure>;

impl Http for Net {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        let world = Rc::clone(&self.0);
        async move {
            let _under_way = UnderWay::new(&world);
            let (up, down) = (world.between(2, 60), world.between(2, 60));
            world.exec.sleep(up).await;
            let reply = if request.url == PIN_URL { pin(&world, &request).await } else { rpc(&world, &request).await };
            world.exec.sleep(down).await;
            if let Err(failure) = &reply {
                world.say(|| format!("{}: {failure:?}", request.url));
            }
            let (status, body) = reply?;
            let head = HttpHead { status, url: request.url, headers: Vec::new() };
            let pieces: Vec<Result<Vec<u8>, HttpFailure>> = vec![Ok(body.into_bytes())];
            Ok(HttpStream { head, body: stream::iter(pieces).boxed_local(), detach: None })
        }
        .boxed_local()
    }
}

/// A call of ours waits for a server.
struct UnderWay(Shared, u32);

impl UnderWay {
    fn new(world: &Shared) -> Self {
        let call = world.exec.current().call;
        outside(world, call, 1);
        Self(Rc::clone(world), call)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        outside(&self.0, self.1, -1);
    }
}

async fn rpc(world: &Shared, request: &HttpRequest) -> Reply {
    let endpoint = (0..world.endpoints.len()).find(|at| rpc_url(*at) == request.url);
    let Some(endpoint) = endpoint else { panic!("the simulator has no server at {}", request.url) };
    if world.strikes(Fault::RpcHangs) {
        world.say(|| format!("{} never answers", request.url));
        world.blind(30_000);
        pending::<()>().await;
    }
    let body = request.body.clone().unwrap_or_default();
    let is_lost = world.strikes(Fault::RpcLost);
    let (is_busy, is_broken) = (world.strikes(Fault::RpcTooMany), world.strikes(Fault::RpcServerError));
    let reply = if is_lost {
        Err(HttpFailure::Network("connection reset".to_owned()))
    } else if is_busy {
        Ok((429, "{\"error\":\"too many requests\"}".to_owned()))
    } else if is_broken {
        Ok((world.pick(&[500, 502, 503, 504]), "<html>upstream</html>".to_owned()))
    } else {
        Ok((200, answer(world, endpoint, &body)))
    };
    // The answer is made, and takes its time on the way.
    if world.strikes(Fault::RpcLate) {
        let late = world.between(800, 9000);
        world.exec.sleep(late).await;
    }
    if !matches!(reply, Ok((200, _))) {
        world.blind(0);
    }
    if let Ok((status, _)) = &reply
        && *status != 200
    {
        world.say(|| format!("{} answers {status}", request.url));
    }
    reply
}

/// A backend of an endpoint, as its balancer picks one.
fn backend(world: &Shared, endpoint: usize) -> Backend {
    let is_stale = world.strikes(Fault::RpcStale);
    let (lag, delay) = (world.between(0, 200), world.between(20, 400));
    let (lag, delay) = if is_stale { (world.between(0, MAX_STALE_MS), world.between(0, 1500)) } else { (lag, delay) };
    let Endpoint { hides_pool, hides_block, forgets, is_other_chain, .. } = world.endpoints[endpoint];
    let chain = if is_other_chain { world.elsewhere.borrow() } else { world.chain.borrow() };
    if hides_pool && chain.pool.iter().any(|pooled| pooled.until.is_none()) {
        world.count(Fault::RpcHidesPool);
    }
    if is_other_chain {
        world.count(Fault::RpcWrongChain);
    }
    // A backend that is behind with blocks is behind with the pool too.
    let view = chain.view(world.exec.now().saturating_sub(lag));
    Backend { view, delay, hides_pool, hides_block, forgets, chain_id: if is_other_chain { OTHER_CHAIN } else { CHAIN_ID } }
}

fn answer(world: &Shared, endpoint: usize, body: &[u8]) -> String {
    if world.strikes(Fault::RpcGarbage) {
        world.blind(0);
        return world
            .pick(&["<html>captcha</html>", "", "{\"jsonrpc\":\"2.0\"", "null", "{\"id\":0}", "[]", "\"ok\""])
            .to_owned();
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    let single: Option<Request<'_>> = serde_json::from_str(text).ok();
    let is_batch = single.is_none();
    let requests: Vec<Request<'_>> = match single {
        Some(request) => vec![request],
        None => serde_json::from_str(text).unwrap_or_else(|error| panic!("a request that is no JSON-RPC: {error}: {text}")),
    };
    if is_batch && world.strikes(Fault::RpcBatchRefused) {
        world.blind(0);
        return "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"batches are not allowed\"}}"
            .to_owned();
    }
    let is_torn = is_batch && world.strikes(Fault::RpcTorn);
    let mut seen = backend(world, endpoint);
    let mut items = Vec::with_capacity(requests.len());
    for request in &requests {
        if is_torn {
            seen = backend(world, endpoint);
        }
        match request.method {
            "eth_getBlockByNumber" if seen.hides_block && request.params.get().contains("pending") => {
                world.count(Fault::RpcNoPendingBlock);
            }
            "eth_getTransactionCount" if seen.forgets && request.params.get().matches("0x").count() > 1 => {
                world.count(Fault::RpcNoHistory);
            }
            _ => {}
        }
        let result = if request.method == "eth_getLogs" && world.endpoints[endpoint].refuses_logs {
            world.count(Fault::RpcNoLogs);
            world.blind(0);
            Err((-32601, "the method eth_getLogs is not available").into_fault())
        } else if world.strikes(Fault::RpcItemError) {
            world.blind(0);
            Err(world.pick(&[(-32005, "limit exceeded"), (-32000, "header not found"), (-32603, "Internal error")]).into_fault())
        } else {
            let chain = if world.endpoints[endpoint].is_other_chain { &world.elsewhere } else { &world.chain };
            seen.answer(&chain.borrow(), request.method, request.params.get())
        };
        let result = if world.endpoints[endpoint].lies { lie(world, request, result) } else { result };
        let mut out = String::new();
        item(&mut out, request.id, &result);
        items.push(out);
    }
    if !is_batch {
        return items.swap_remove(0);
    }
    if world.strikes(Fault::RpcOutOfOrder) {
        items.reverse();
        let middle = items.len() / 2;
        items.rotate_left(middle);
    }
    if world.strikes(Fault::RpcDoubled) {
        let again = items[0].clone();
        items.push(again);
    }
    if world.strikes(Fault::RpcBatchPartial) {
        world.blind(0);
        items.pop();
    }
    format!("[{}]", items.join(","))
}

/// What an endpoint that lies makes of its answer, in what decides about money.
fn lie(world: &Shared, request: &Request<'_>, honest: Result<String, NodeFault>) -> Result<String, NodeFault> {
    let method = request.method;
    // Pools differ, and nobody can be held to his.
    if request.params.get().contains("pending")
        || !matches!(method, "eth_call" | "eth_getTransactionReceipt" | "eth_getTransactionCount" | "eth_getTransactionByHash")
    {
        return honest;
    }
    if !world.strikes(Fault::RpcLies) {
        return honest;
    }
    // Beside an honest one neither is believed.
    world.blind(0);
    match (method, honest) {
        ("eth_call", Err(_)) => Ok("\"0x\"".to_owned()),
        ("eth_call", Ok(_)) => Err((3, "execution reverted: NotOwner".to_owned(), None)),
        ("eth_getTransactionCount", Ok(count)) => {
            let count = u64::from_str_radix(count.trim_matches('"').trim_start_matches("0x"), 16).unwrap_or_default();
            Ok(format!("\"0x{:x}\"", if world.chance(500) { count + 1 } else { count.saturating_sub(1) }))
        }
        ("eth_getTransactionReceipt", Ok(receipt)) if receipt != "null" => {
            let (good, bad) = ("\"status\":\"0x1\"", "\"status\":\"0x0\"");
            Ok(if receipt.contains(good) { receipt.replace(good, bad) } else { receipt.replace(bad, good) })
        }
        (_, Ok(_)) => Ok("null".to_owned()),
        (_, fault) => fault,
    }
}

/// Words → an error object.
trait IntoFault {
    fn into_fault(self) -> NodeFault;
}

impl IntoFault for (i64, &str) {
    fn into_fault(self) -> NodeFault {
        (self.0, self.1.to_owned(), None)
    }
}

async fn pin(world: &Shared, request: &HttpRequest) -> Reply {
    if world.strikes(Fault::PinLate) {
        let late = world.between(1000, 20_000);
        world.exec.sleep(late).await;
    }
    if world.strikes(Fault::PinLost) {
        return Err(HttpFailure::Network("connection reset".to_owned()));
    }
    if world.strikes(Fault::PinServerError) {
        return Ok((world.pick(&[500, 503]), String::new()));
    }
    if world.strikes(Fault::PinGarbage) {
        return Ok((200, world.pick(&["", "{}", "{\"link\":7}", "[]"]).to_owned()));
    }
    let body = request.body.clone().unwrap_or_default();
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let content = text.split_once("\r\n\r\n").and_then(|(_, rest)| rest.rsplit_once("\r\n--ogkit-")).map(|(content, _)| content);
    let content = content.unwrap_or_else(|| panic!("an upload that is no multipart: {text}"));
    let wrong = world.strikes(Fault::PinWrongCid);
    Ok((200, format!("{{\"link\":\"{}\"}}", link(if wrong { "something else" } else { content }))))
}

/// Where a document is once it is pinned.
pub(crate) fn link(content: &str) -> String {
    format!("http://ipfs.test/ipfs/{}", root(content.as_bytes(), &KUBO_V0))
}
