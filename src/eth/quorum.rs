//! What several endpoints must agree on, and how their answers are compared.
//!
//! Each of them gets the same requests at once. One that fails is replaced by the next in the list; where one refuses a request that
//! others answer, the next is asked too, and when there is none the request counts as refused. The same holds where one answer is enough,
//! because many nodes have no `eth_getLogs`, or no older state. Nobody is outvoted: where two differ, all are
//! asked once more after a pause, because nodes are a block apart, and then none is believed.
//!
//! | request | must be equal | which answer is taken | why |
//! |---|---|---|---|
//! | `eth_call` | the bytes returned; where all revert, the revert data that they give | any | it simulates the write, and reads balances, allowances and who a response is for |
//! | `eth_estimateGas` | whether it reverts, and the revert data | the highest | it stands for the simulation of large calldata; nodes add margins of their own, and gas that is not used is not paid |
//! | `eth_getTransactionReceipt` | transaction, block, status, sender, receiver, new contract, each log | any | it says what became of money; gas prices are left out, because some nodes do not give them |
//! | `eth_getTransactionByHash` | hash, sender, receiver, nonce, value, calldata; the block, once all have it | one without a block, if there is one | it says what was mined |
//! | the same, pending and not known to all | nothing | unknown | pools differ, and what one alone says of its own decides nothing |
//! | `eth_getTransactionCount`, mined | the number | any | it says whether a nonce is taken |
//! | `eth_getTransactionCount`, pending | nothing | the highest | pools differ; a nonce that one of them has seen is not to be used twice |
//! | `eth_getBlockByNumber` | the block's hash; each transaction's hash, sender, receiver, nonce, value, calldata | any | it is searched for who took a nonce |
//! | the same, pending | nothing | the first | pools differ |
//! | `eth_getLogs` | each log with its place | any | logs say what happened |
//! | `eth_blockNumber` | nothing | the lowest | nodes are a block apart; up to the lowest all have them |
//! | `eth_gasPrice` | nothing | the lowest | each node estimates; a price that is too low waits, one that is too high is paid |
//! | anything else (`eth_getBalance`, `eth_chainId` …) | the whole value | any | |

use alloy_primitives::{B256, U256};

use super::endpoints::{Endpoints, Failed, Gathered};
use super::replies::{Replies, RpcFault, amount};
use super::revert;
use super::rpc::Item;
use crate::error::{Error, Kind, clip};
use crate::json::Json;

/// The pause before endpoints that differ are asked once more: about a block, and no multiple of a usual block time, because nodes that
/// differed just after a block would then differ just after the next.
const BLOCK_MS: u64 = 2700;
/// What two long answers have in common is not shown.
const MAX_COMMON: usize = 256;

/// Asks `count` endpoints, and answers what they agree on. One HTTP request to each, and one more to each where they differ at first.
///
/// # Errors
/// An endpoint's own, when there are too few that answer; [`Kind::RpcDisagreement`].
pub(super) async fn ask(endpoints: &Endpoints, items: &[Item<'_>], count: usize) -> Result<Replies, Failed> {
    let mut repeated = false;
    loop {
        let mut gathered = Gathered::default();
        let (mut wanted, mut is_last) = (count, false);
        let disagreement = loop {
            match endpoints.gather(&mut gathered, items, wanted).await {
                // Nobody is left to ask what one of them refused.
                Err(_) if wanted > count => is_last = true,
                gathered => gathered?,
            }
            match compare(items, &gathered.answers, count, is_last) {
                Ok(picks) => {
                    if gathered.answers.len() == 1
                        && let Some((_, replies)) = gathered.answers.pop()
                    {
                        return Ok(replies);
                    }
                    let mut all = Replies::default();
                    gathered.answers.into_iter().for_each(|(_, replies)| all.append(replies));
                    return Ok(all.choose(&picks));
                }
                Err((_, Objection::Refused)) => wanted = gathered.answers.len() + 1,
                Err((at, Objection::Differ(who, answers))) => {
                    let method = items.get(at).map_or("", |item| item.method);
                    let url =
                        |answer: usize| gathered.answers.get(answer).map(|(_, replies)| replies.url(at)).unwrap_or_default();
                    break Kind::RpcDisagreement { method, answers: answers.into(), urls: who.map(url).into(), hash: None };
                }
            }
        };
        if repeated {
            return Err(Failed::Ever(disagreement.into()));
        }
        repeated = true;
        endpoints.io().clock.sleep(BLOCK_MS).await;
    }
}

/// The failure, if endpoints disagree, as one about a transaction that was sent.
pub(super) fn about(failure: &Error, hash: B256) -> Option<Error> {
    let Kind::RpcDisagreement { method, answers, urls, .. } = &**failure else { return None };
    Some(Kind::RpcDisagreement { method, answers: answers.clone(), urls: urls.clone(), hash: Some(hash) }.into())
}

/// Why the answers to a request are not taken.
enum Objection {
    /// Too few of them answer it, and others refuse.
    Refused,
    /// These two differ, with what they say.
    Differ([usize; 2], [String; 2]),
}

/// How answers to a request are compared; see the table.
#[derive(Clone, Copy)]
enum Rule {
    Equal(&'static Shape),
    Transaction,
    Estimate,
    Lowest,
    Highest,
    First,
}

/// Which members of an object count, and of each element of a list; without any, the value as it is.
struct Shape(&'static [(&'static str, Shape)]);

const WHOLE: Shape = Shape(&[]);

const TRANSACTION: Shape =
    Shape(&[("hash", WHOLE), ("from", WHOLE), ("to", WHOLE), ("nonce", WHOLE), ("value", WHOLE), ("input", WHOLE)]);

const MINED: Shape = Shape(&[
    ("blockHash", WHOLE),
    ("hash", WHOLE),
    ("from", WHOLE),
    ("to", WHOLE),
    ("nonce", WHOLE),
    ("value", WHOLE),
    ("input", WHOLE),
]);

const BLOCK: Shape = Shape(&[("hash", WHOLE), ("transactions", TRANSACTION)]);

const LOG: Shape = Shape(&[
    ("address", WHOLE),
    ("topics", WHOLE),
    ("data", WHOLE),
    ("blockHash", WHOLE),
    ("transactionHash", WHOLE),
    ("logIndex", WHOLE),
]);

const RECEIPT: Shape = Shape(&[
    ("transactionHash", WHOLE),
    ("blockHash", WHOLE),
    ("blockNumber", WHOLE),
    ("status", WHOLE),
    ("from", WHOLE),
    ("to", WHOLE),
    ("contractAddress", WHOLE),
    ("logs", LOG),
]);

fn rule(item: &Item<'_>) -> Rule {
    match item.method {
        "eth_estimateGas" => Rule::Estimate,
        "eth_getTransactionReceipt" => Rule::Equal(&RECEIPT),
        "eth_getTransactionByHash" => Rule::Transaction,
        "eth_getTransactionCount" if item.is_pending() => Rule::Highest,
        "eth_getBlockByNumber" if item.is_pending() => Rule::First,
        "eth_getBlockByNumber" => Rule::Equal(&BLOCK),
        "eth_getLogs" => Rule::Equal(&LOG),
        "eth_blockNumber" | "eth_gasPrice" => Rule::Lowest,
        _ => Rule::Equal(&WHOLE),
    }
}

/// Whose answer, and what it is.
type Answer<'a> = (usize, Result<Json<'a>, &'a RpcFault>);

/// Whose answer is taken, for each request; or the first request of which none is, and why. So many endpoints must answer it;
/// where nobody else is left to ask (`is_last`) and there are fewer, a refusal is taken.
fn compare(
    items: &[Item<'_>],
    answers: &[(usize, Replies)],
    count: usize,
    is_last: bool,
) -> Result<Vec<usize>, (usize, Objection)> {
    let mut picks = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let given = answers.iter().enumerate().map(|(who, (_, replies))| (who, replies.raw(at))).collect();
        picks.push(judge(rule(item), given, count, is_last).map_err(|objection| (at, objection))?);
    }
    Ok(picks)
}

fn judge(rule: Rule, mut given: Vec<Answer<'_>>, count: usize, is_last: bool) -> Result<usize, Objection> {
    let mut refused = None;
    given.retain(|(who, answer)| {
        // A revert is an answer. Any other refusal is the node's own business, unless all of them have it.
        let is_answer = answer.map_or_else(|fault| revert::from_fault(fault).is_some(), |_| true);
        if !is_answer {
            refused = refused.or(Some(*who));
        }
        is_answer
    });
    if count < 2 {
        let first = given.first().map(|(who, _)| *who);
        return first.or(refused.filter(|_| is_last)).ok_or(Objection::Refused);
    }
    let is_compared = matches!(rule, Rule::Equal(_) | Rule::Transaction | Rule::Estimate);
    match refused {
        Some(refused) if given.is_empty() || (is_compared && is_last && given.len() < count) => return Ok(refused),
        Some(_) if is_compared && given.len() < count => return Err(Objection::Refused),
        _ => {}
    }
    match rule {
        Rule::Equal(shape) => equal(&given, Some(shape)),
        Rule::Transaction => transaction(&given),
        // One number is as good as another.
        Rule::Estimate => equal(&given, None).map(|first| extreme(&given, true).unwrap_or(first)),
        Rule::Lowest => Ok(extreme(&given, false).unwrap_or_default()),
        Rule::Highest => Ok(extreme(&given, true).unwrap_or_default()),
        Rule::First => Ok(first(&given)),
    }
}

fn first(given: &[Answer<'_>]) -> usize {
    given.first().map(|(who, _)| *who).unwrap_or_default()
}

/// All have the same value by this shape, or any value without one; or all revert, and with the same data.
fn equal(given: &[Answer<'_>], shape: Option<&Shape>) -> Result<usize, Objection> {
    // Some nodes keep the revert data to themselves.
    let tells = given.iter().find(|(_, answer)| answer.err().is_none_or(|fault| fault.data.is_some()));
    let Some((first, one)) = tells.or(given.first()) else { return Ok(0) };
    for (other, answer) in given {
        let texts = match (one, answer) {
            (Ok(a), Ok(b)) => shape.and_then(|shape| difference(a.present(), b.present(), shape)),
            (Err(a), Err(b)) if b.data.is_none() || a.data == b.data => None,
            (a, b) => Some([show(a), show(b)]),
        };
        if let Some(texts) = texts {
            return Err(Objection::Differ([*first, *other], texts));
        }
    }
    Ok(*first)
}

fn transaction(given: &[Answer<'_>]) -> Result<usize, Objection> {
    let (mut unknown, mut pending, mut mined) = (None, None, false);
    for (who, answer) in given {
        match answer {
            Ok(found) if !found.is_null() && found.fields(["blockHash"]) != [None] => mined = true,
            Ok(found) if !found.is_null() => pending = pending.or(Some(*who)),
            _ => unknown = unknown.or(Some(*who)),
        }
    }
    match (unknown, pending) {
        (Some(who), _) if !mined => Ok(who),
        (None, Some(who)) => equal(given, Some(&TRANSACTION)).map(|_| who),
        _ => equal(given, Some(&MINED)),
    }
}

/// Whose number is the lowest, or the highest.
fn extreme(given: &[Answer<'_>], highest: bool) -> Option<usize> {
    let mut found: Option<(usize, U256)> = None;
    for (who, answer) in given {
        let Ok(number) = amount(answer.ok()) else { continue };
        if found.is_none_or(|(_, best)| (number > best) == highest && number != best) {
            found = Some((*who, number));
        }
    }
    found.map(|(who, _)| who)
}

/// What is not the same in two values; hex text may be in either case.
fn difference(one: Option<Json<'_>>, other: Option<Json<'_>>, shape: &Shape) -> Option<[String; 2]> {
    let (Some(a), Some(b)) = (one, other) else {
        let show = |value: Option<Json<'_>>| value.map_or_else(|| "nothing".to_owned(), |value| clip(value.raw()));
        return (one != other).then(|| [one, other].map(show));
    };
    if a.is_array() && b.is_array() {
        let (mut a, mut b) = (a.elements(), b.elements());
        loop {
            let (one, other) = (a.next(), b.next());
            if one.is_none() && other.is_none() {
                return None;
            }
            let found = difference(one, other, shape);
            if found.is_some() {
                return found;
            }
        }
    }
    let is_object = |value: Json<'_>| value.raw().starts_with('{');
    if !shape.0.is_empty() && is_object(a) && is_object(b) {
        return shape.0.iter().find_map(|(name, inner)| {
            let ([one], [other]) = (a.fields([name]), b.fields([name]));
            difference(one, other, inner).map(|texts| texts.map(|text| [name, ": ", &text].concat()))
        });
    }
    (!a.raw().eq_ignore_ascii_case(b.raw())).then(|| show_pair(a.raw(), b.raw()))
}

/// Two texts, cut so that the place where they begin to differ is seen.
fn show_pair(one: &str, other: &str) -> [String; 2] {
    let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let from = if common > MAX_COMMON { common - MAX_COMMON / 4 } else { 0 };
    [one, other].map(|text| match text.get(from..) {
        Some(rest) if from > 0 => ["…", &clip(rest)].concat(),
        _ => clip(text),
    })
}

fn show(answer: &Result<Json<'_>, &RpcFault>) -> String {
    match answer {
        Ok(value) => clip(value.raw()),
        Err(fault) => ["reverted: ", &revert::decode(fault.data.clone().unwrap_or_default(), &fault.message).reason].concat(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The answers of some endpoints, each either a result or an error object.
    fn judged(rule: Rule, answers: &[Result<Value, Value>]) -> Result<usize, Objection> {
        let replies: Vec<_> = answers
            .iter()
            .map(|answer| {
                let body = match answer {
                    Ok(result) => json!({ "id": 0, "result": result }),
                    Err(error) => json!({ "id": 0, "error": error }),
                };
                Replies::read(1, "http://node".into(), body.to_string().into_bytes(), 1).unwrap_or_default()
            })
            .collect();
        judge(rule, replies.iter().enumerate().map(|(who, replies)| (who, replies.raw(0))).collect(), 2, false)
    }

    fn verdict(method: &'static str, params: &str, answers: &[Result<Value, Value>]) -> Result<usize, &'static str> {
        judged(rule(&Item::of(method, params)), answers).map_err(|objection| match objection {
            Objection::Refused => "refused",
            Objection::Differ(..) => "differs",
        })
    }

    fn values(answers: &[Value]) -> Vec<Result<Value, Value>> {
        answers.iter().cloned().map(Ok).collect()
    }

    fn receipt(change: (&str, Value)) -> Value {
        let log = json!({ "address": "0xaB", "topics": ["0x1"], "data": "0x2", "blockHash": "0x3", "transactionHash": "0x4", "logIndex": "0x0" });
        let mut receipt = json!({ "transactionHash": "0x4", "blockHash": "0x3", "blockNumber": "0x9", "status": "0x1", "from": "0xAA",
            "to": null, "contractAddress": "0xCC", "logs": [log], "effectiveGasPrice": "0x5" });
        receipt[change.0] = change.1;
        receipt
    }

    #[test]
    fn what_decides_must_be_equal() {
        for (method, one, other) in [
            ("eth_call", json!("0x01"), json!("0x02")),
            ("eth_call", json!("0x"), json!("0x00")),
            ("eth_getBalance", json!("0x1"), json!("0x2")),
            ("eth_getTransactionCount", json!("0x1"), json!("0x2")),
            ("eth_chainId", json!("0x1"), json!("0x2")),
            ("eth_getLogs", json!([]), json!([{ "address": "0x1" }])),
            ("eth_getLogs", json!([{ "data": "0x1" }]), json!([{ "data": "0x2" }])),
            ("eth_getBlockByNumber", json!({ "hash": "0x1" }), json!({ "hash": "0x2" })),
            (
                "eth_getBlockByNumber",
                json!({ "transactions": [{ "nonce": "0x1" }] }),
                json!({ "transactions": [{ "nonce": "0x2" }] }),
            ),
            ("eth_getBlockByNumber", json!({ "transactions": ["0x1"] }), json!({ "transactions": ["0x2"] })),
            ("eth_getTransactionByHash", json!({ "blockHash": "0x1" }), json!({ "blockHash": "0x2" })),
            ("eth_getTransactionByHash", json!({ "blockHash": "0x1" }), Value::Null),
            ("eth_getTransactionByHash", json!({ "value": "0x1" }), json!({ "value": "0x2" })),
            ("eth_getTransactionByHash", json!({ "value": "0x1", "blockHash": "0x1" }), json!({ "value": "0x2" })),
            ("eth_getTransactionReceipt", receipt(("x", json!(1))), Value::Null),
            ("something_else", json!({ "a": 1 }), json!({ "a": 2 })),
        ] {
            let text = format!("{method} {one} {other}");
            assert_eq!(verdict(method, r#"["0x1","latest"]"#, &values(&[one.clone(), other.clone()])), Err("differs"), "{text}");
            assert_eq!(
                verdict(method, r#"["0x1","latest"]"#, &values(&[other.clone(), other, one.clone()])),
                Err("differs"),
                "{text}"
            );
            assert_eq!(verdict(method, r#"["0x1","latest"]"#, &values(&[one.clone(), one])), Ok(0), "{text}");
        }
        for (name, value) in [
            ("status", json!("0x0")),
            ("blockHash", json!("0x9")),
            ("logs", json!([])),
            ("logs", json!([{ "address": "0xab" }])),
            ("from", json!("0xab")),
            ("to", json!("0xab")),
            ("contractAddress", Value::Null),
            ("transactionHash", json!("0x5")),
            ("blockNumber", json!("0x5")),
        ] {
            let differing = values(&[receipt(("x", json!(1))), receipt((name, value))]);
            assert_eq!(verdict("eth_getTransactionReceipt", "[]", &differing), Err("differs"), "{name}");
        }
    }

    #[test]
    fn what_means_the_same_is_equal() {
        let spelt = receipt(("x", json!(1))).to_string().to_lowercase().replace("transactionhash", "transactionHash");
        let spelt = spelt.replace("blockhash", "blockHash").replace("blocknumber", "blockNumber").replace("logindex", "logIndex");
        let spelt: Value = serde_json::from_str(&spelt.replace("contractaddress", "contractAddress")).unwrap_or_default();
        for other in [receipt(("effectiveGasPrice", Value::Null)), receipt(("cumulativeGasUsed", json!("0x1"))), spelt] {
            assert_eq!(verdict("eth_getTransactionReceipt", "[]", &values(&[receipt(("x", json!(1))), other])), Ok(0));
        }
        assert_eq!(verdict("eth_call", "[]", &values(&[json!("0xAB"), json!("0xab")])), Ok(0));
        let mined = |more: &str| json!({ "hash": "0x1", "blockHash": "0x2", "gasPrice": more });
        assert_eq!(verdict("eth_getTransactionByHash", "[]", &values(&[mined("0x1"), mined("0x2")])), Ok(0));
    }

    #[test]
    fn reverts_are_answers_and_other_refusals_are_not() {
        let reverted = |data: &str| Err(json!({ "code": 3, "message": "execution reverted", "data": data }));
        let silent = || Err(json!({ "code": -32000, "message": "execution reverted" }));
        let busy = || Err(json!({ "code": -32005, "message": "limit exceeded" }));
        for method in ["eth_call", "eth_estimateGas"] {
            let verdict = |answers: &[Result<Value, Value>]| verdict(method, "[]", answers);
            assert_eq!(verdict(&[reverted("0x01"), reverted("0x01")]), Ok(0));
            assert_eq!(verdict(&[silent(), reverted("0x01")]), Ok(1), "the one that gives the data");
            assert_eq!(verdict(&[reverted("0x01"), reverted("0x02")]), Err("differs"));
            assert_eq!(verdict(&[reverted("0x01"), Ok(json!("0x1"))]), Err("differs"));
            assert_eq!(verdict(&[Ok(json!("0x1")), busy()]), Err("refused"));
            assert_eq!(verdict(&[silent(), busy()]), Err("refused"));
            assert_eq!(verdict(&[busy(), silent(), reverted("0x01")]), Ok(2));
            assert_eq!(verdict(&[busy(), reverted("0x02"), reverted("0x01")]), Err("differs"));
            assert_eq!(verdict(&[busy(), busy()]), Ok(0));
        }
    }

    #[test]
    fn what_differs_by_nature_is_taken_and_not_compared() {
        let numbers = values(&[json!("0x5"), json!("0x9"), json!("0x4")]);
        assert_eq!(verdict("eth_blockNumber", "[]", &numbers), Ok(2));
        assert_eq!(verdict("eth_gasPrice", "[]", &numbers), Ok(2));
        assert_eq!(verdict("eth_estimateGas", "[]", &numbers), Ok(1));
        assert_eq!(verdict("eth_getTransactionCount", r#"["0x1","pending"]"#, &numbers), Ok(1));
        assert_eq!(verdict("eth_getBlockByNumber", r#"["pending",true]"#, &numbers), Ok(0));
        let some = [Err(json!({ "code": -32005, "message": "" })), Ok(json!("0x5"))];
        assert_eq!(verdict("eth_blockNumber", "[]", &some), Ok(1));
        assert_eq!(verdict("eth_getBlockByNumber", r#"["pending",true]"#, &some), Ok(1));
        let (pending, mined) =
            (json!({ "hash": "0x1", "nonce": "0x5" }), json!({ "hash": "0x1", "nonce": "0x5", "blockHash": "0x2" }));
        let by_hash = |answers: &[Value]| verdict("eth_getTransactionByHash", "[]", &values(answers));
        assert_eq!(by_hash(&[pending.clone(), Value::Null]), Ok(1), "what one alone knows is not known");
        assert_eq!(by_hash(&[mined.clone(), pending.clone()]), Ok(1), "it is mined once all say so");
        assert_eq!(by_hash(&[mined.clone(), pending, Value::Null]), Err("differs"));
        assert_eq!(by_hash(&[mined.clone(), mined]), Ok(0));
    }

    #[test]
    fn a_disagreement_shows_where_it_is() {
        let shown = |answers: &[Value]| match judged(Rule::Equal(&RECEIPT), &values(answers)) {
            Err(Objection::Differ(_, texts)) => texts,
            _ => Default::default(),
        };
        assert_eq!(
            shown(&[receipt(("status", json!("0x1"))), receipt(("status", json!("0x0")))]),
            [r#"status: "0x1""#, r#"status: "0x0""#]
        );
        let [one, other] = shown(&[receipt(("x", json!(1))), receipt(("logs", json!([])))]);
        assert!(one.starts_with(r#"logs: {"address":"0xaB""#) && other == "logs: nothing", "{one} {other}");
        let long = |end: &str| json!(format!("0x{}{end}", "0".repeat(9000)));
        let [one, other] = shown(&[long("1"), long("2")]);
        assert!(one.starts_with('…') && one.ends_with("01\"") && other.ends_with("02\"") && one.len() < 100, "{one}");
    }

    fn any_answer() -> impl Strategy<Value = Result<Value, Value>> {
        let leaf = prop_oneof![
            Just(Value::Null),
            prop::sample::select(vec!["0x1", "0x2", "0xAB", "0xab", "ü"]).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
        ];
        let keys = prop::sample::select(vec!["hash", "blockHash", "logs", "transactions", "status", "data", "code", "message"]);
        let value = leaf.prop_recursive(3, 16, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((keys.clone(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
            ]
        });
        let error = (prop::sample::select(vec![3, -32000, -32005]), prop::sample::select(vec!["reverted", "busy"]))
            .prop_flat_map(|(code, message)| (Just(code), Just(message), prop::sample::select(vec!["0x01", "0x02", ""])))
            .prop_map(|(code, message, data)| json!({ "code": code, "message": message, "data": data }));
        prop_oneof![4 => value.prop_map(Ok), 1 => error.prop_map(Err)]
    }

    proptest! {
        #[test]
        fn any_answers_have_a_verdict_that_does_not_depend_on_their_order(
            method in prop::sample::select(vec!["eth_call", "eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBlockByNumber", "eth_getLogs", "eth_estimateGas", "eth_blockNumber"]),
            mut answers in prop::collection::vec(any_answer(), 1..4),
        ) {
            let forward = verdict(method, "[]", &answers);
            prop_assert!(forward.is_err() || forward.is_ok_and(|at| at < answers.len()));
            if answers.len() == 1 {
                prop_assert_eq!(forward, Ok(0));
            }
            answers.reverse();
            prop_assert_eq!(forward.is_ok(), verdict(method, "[]", &answers).is_ok());
            let same = vec![answers[0].clone(); 3];
            prop_assert!(verdict(method, "[]", &same).is_ok());
        }
    }
}
