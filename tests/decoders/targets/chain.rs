//! What nodes, contracts and wallets answer: JSON-RPC, logs, receipts, ABI, calldata, signatures.

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256};
use alloy_sol_types::{Panic, Revert, SolCall as _, SolError as _, SolValue as _};
use k256::elliptic_curve::sec1::{FromEncodedPoint as _, ToEncodedPoint as _};
use k256::{AffinePoint, EncodedPoint, ProjectivePoint, Scalar};
use ogkit::error::{Said, clip};
use ogkit::eth::call::WriteCall;
use ogkit::eth::logs::Cursor;
use ogkit::eth::replies::Log;
use ogkit::eth::rpc::Rpc;
use ogkit::eth::smart::{self, ENTRY_POINTS, Mined, Part};
use ogkit::eth::wallet::classify;
use ogkit::eth::{resume, revert, spelt};
use ogkit::io::{HttpRequest, Io, WalletFailure};
use ogkit::json::Json;
use ogkit::ogpu::events::{self, EVENTS, Interest};
use ogkit::ogpu::functions::{READS, Type, Value};
use ogkit::ogpu::protocol::abi::{Response, Source, Task};
use ogkit::x402::signature::{Signature, normalise, recover};

use super::{Target, bytes, joined, parts, short, text};
use crate::world::{self, Answer};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "rpc", run: rpc, samples: rpc_samples, memory: 96 },
    Target { name: "logs", run: logs, samples: logs_samples, memory: 128 },
    Target { name: "spelt_logs", run: spelt_logs, samples: spelt_samples, memory: 48 },
    Target { name: "receipt", run: receipt, samples: receipt_samples, memory: 128 },
    Target { name: "revert", run: revert_data, samples: revert_samples, memory: 24 },
    Target { name: "calldata", run: calldata, samples: calldata_samples, memory: 64 },
    Target { name: "ogpu_events", run: ogpu_events, samples: event_samples, memory: 24 },
    Target { name: "ogpu_abi", run: ogpu_abi, samples: abi_samples, memory: 24 },
    Target { name: "wallet", run: wallet, samples: wallet_samples, memory: 48 },
    Target { name: "signature", run: signature, samples: signature_samples, memory: 24 },
];

const ACCOUNT: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");
const TOPIC: B256 = b256!("c1396ff68bc2d8630100df29ce5561fa99078c602e8676ab72a53e37095d7168");
const HASH: B256 = b256!("9d0cb4d50d0bbdf7ab2bbd4d1ab1b1c4c2ae5d5ad1f4c0ad6f2a0a6bd8a7d3cc");

/// A world with one node, which answers each request of a batch with a result's text.
pub(super) fn node(result: impl Fn(&str) -> String + 'static) -> Io {
    let server = move |request: &HttpRequest| {
        let body = request.body.clone().unwrap_or_default();
        let asked = Json::parse_bytes(&body).expect("what we ask is JSON");
        let one = |item: Json<'_>| {
            let [id, method] = item.fields(["id", "method"]);
            let (id, method) = (id.map_or("null", Json::raw), method.and_then(Json::plain).unwrap_or_default());
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{}}}"#, result(method))
        };
        let all: Vec<String> = asked.elements().map(one).collect();
        Answer::ok(if asked.is_array() { format!("[{}]", all.join(",")) } else { one(asked) })
    };
    world::io(server).0
}

pub(super) fn client(io: Io) -> Rpc {
    Rpc::new(io, vec!["https://node.example".to_owned()])
}

/// Each request of a batch has an answer of the right shape, or an error.
fn rpc(data: &[u8]) {
    let Some((count, body)) = data.split_first() else { return };
    let answer = Answer::ok(body);
    let rpc = client(world::io(move |_| answer.clone()).0);
    let mut batch = rpc.batch();
    let count = usize::from(count % 3) + 1;
    for _ in 1..count {
        batch.push("eth_blockNumber", "[]");
    }
    let slot = batch.call(ACCOUNT, &Source::getSourceParamsCall {});
    let replies = match world::run(batch.send()) {
        Ok(replies) => replies,
        Err(error) => return short(&error),
    };
    for at in 0..count {
        match replies.raw(at) {
            Ok(json) => assert_eq!(Json::parse(json.raw()), Some(json), "an answer is JSON"),
            Err(fault) => {
                assert!(fault.message.len() <= 520, "a node's message is cut");
                let _ = revert::from_fault(fault);
            }
        }
        let read = [replies.quantity(at).err(), replies.amount(at).err(), replies.returned(at).err(), replies.json(at).err()];
        read.iter().flatten().for_each(short);
    }
    if let Err(error) = replies.call(slot) {
        short(&error);
    }
}

fn rpc_samples() -> Vec<Vec<u8>> {
    let params =
        format!(r#"[{{"id":0,"result":"0x1"}},{{"id":1,"result":"0x{}"}}]"#, alloy_primitives::hex::encode(source_params()));
    let mut all = bytes([
        r#"{"jsonrpc":"2.0","id":0,"result":"0x10"}"#,
        r#"{"id":0,"error":{"code":3,"message":"execution reverted: NotOwner","data":"0x08c379a0"}}"#,
        r#"{"id":0,"error":{"code":-32000,"message":"x","data":{"originalError":{"data":{"data":"0x"}}}}}"#,
        r#"[{"id":2,"result":null},{"id":1,"result":"0x"},{"id":0,"error":{"code":1,"message":"é"}}]"#,
        r#"{"error":{"code":-32600,"message":"batch too large"}}"#,
        &params,
    ]);
    for (at, sample) in all.iter_mut().enumerate() {
        sample.insert(0, [0, 0, 0, 2, 1, 1][at]);
    }
    all
}

fn log(address: Address, topics: &[B256], data: &[u8], index: u64) -> Log {
    let (topics, data) = (topics.to_vec(), Bytes::copy_from_slice(data));
    let (block_hash, transaction_hash) = (HASH, HASH);
    Log { address, topics, data, block_number: 7, block_hash, transaction_hash, log_index: index, removed: false }
}

fn wire(log: &Log) -> String {
    let topics: Vec<String> = log.topics.iter().map(|topic| format!("\"{topic}\"")).collect();
    format!(
        r#"{{"address":"{:?}","topics":[{}],"data":"{}","blockNumber":"0x{:x}","blockHash":"{}","transactionHash":"{}","logIndex":"0x{:x}","removed":{}}}"#,
        log.address,
        topics.join(","),
        log.data,
        log.block_number,
        log.block_hash,
        log.transaction_hash,
        log.log_index,
        log.removed
    )
}

/// Logs are read or refused; those that are read can be written and read again; a cursor gives only what was asked for, each once.
fn logs(data: &[u8]) {
    let Some(list) = Json::parse_bytes(data) else { return };
    match Log::list(list).collect::<Result<Vec<_>, _>>() {
        Ok(logs) => {
            let written = format!("[{}]", logs.iter().map(wire).collect::<Vec<_>>().join(","));
            let again = Json::parse(&written).map(|json| Log::list(json).collect::<Result<Vec<_>, _>>().ok());
            assert_eq!(again, Some(Some(logs.clone())), "read again");
            for operation in smart::operations(ACCOUNT, &logs) {
                assert!(operation.at < logs.len());
            }
        }
        Err(error) => short(&error),
    }
    let result = list.raw().to_owned();
    let rpc = client(node(move |method| if method == "eth_blockNumber" { "\"0x10\"".to_owned() } else { result.clone() }));
    let mut cursor = Cursor::new(vec![ACCOUNT], vec![TOPIC], Some(3));
    match world::run(cursor.look(&rpc)) {
        Ok(look) => {
            for log in &look.logs {
                assert!(log.address == ACCOUNT && log.topics.first() == Some(&TOPIC) && (3..=16).contains(&log.block_number));
            }
            let again = world::run(cursor.look(&rpc)).map(|look| look.logs.len());
            assert_eq!(again.ok(), Some(0), "the same logs twice");
        }
        Err(error) => short(&error),
    }
}

fn logs_samples() -> Vec<Vec<u8>> {
    let own = [
        log(ACCOUNT, &[TOPIC], &[7; 32], 1),
        log(ACCOUNT, &[TOPIC, HASH], &[], 2),
        log(ENTRY_POINTS[1], &operation(), &[1; 128], 3),
    ];
    let all: Vec<String> = own.iter().map(wire).collect();
    bytes([format!("[{}]", all.join(",")), format!("[{}]", all[0]), "[]".to_owned()])
}

/// `UserOperationEvent` of the account.
fn operation() -> [B256; 4] {
    let event = keccak256("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)");
    [event, HASH, ACCOUNT.into_word(), B256::ZERO]
}

fn spell(logs: &[Log]) -> String {
    let (block, hash) = logs.first().map_or((7, HASH), |log| (log.block_number, log.block_hash));
    let transaction = logs.first().map_or(HASH, |log| log.transaction_hash);
    let mut out = format!("{} {block} {hash} {transaction} ", logs.len());
    for log in logs {
        out.push_str(&format!("{} {} {} {} ", log.topics.len(), log.log_index, log.address, log.data));
        log.topics.iter().for_each(|topic| out.push_str(&format!("{topic} ")));
        out.push_str("\n ");
    }
    out
}

/// What is read is what was spelt.
fn spelt_logs(data: &[u8]) {
    let plain = text(data);
    let Some(found) = spelt::logs(&plain) else { return };
    let again = spelt::logs(&spell(&found));
    assert!(found.is_empty() || again.as_ref() == Some(&found), "spelt again");
}

fn spelt_samples() -> Vec<Vec<u8>> {
    let logs = [log(ACCOUNT, &[TOPIC], &[7; 32], 1), log(ACCOUNT, &[TOPIC, HASH], &[], 2)];
    bytes([spell(&logs), spell(&logs[..1]), spell(&[])])
}

/// A receipt and its transaction, as a node tells them, are read or refused; nothing of another hash is taken for ours.
fn receipt(data: &[u8]) {
    let [receipt, transaction, logs] = parts(data).map(|part| text(part).into_owned());
    let io = node(move |method| match method {
        "eth_getTransactionReceipt" => receipt.clone(),
        "eth_getTransactionByHash" => transaction.clone(),
        "eth_blockNumber" => "\"0x100\"".to_owned(),
        _ => logs.clone(),
    });
    let rpc = client(io);
    for account in [None, Some(ACCOUNT)] {
        match world::run(resume::find(&rpc, account, HASH)) {
            Ok(Some(receipt)) => assert!(receipt.logs.len() <= data.len()),
            Ok(None) => {}
            Err(error) => short(&error),
        }
    }
}

fn receipt_samples() -> Vec<Vec<u8>> {
    let logs = [log(ENTRY_POINTS[1], &operation(), &[[0; 32], B256::with_last_byte(1).0, [0; 32], [0; 32]].concat(), 3)];
    let logs = format!("[{}]", wire(&logs[0]));
    let receipt = format!(
        r#"{{"transactionHash":"{HASH}","blockNumber":"0x7","blockHash":"{HASH}","gasUsed":"0x5208","effectiveGasPrice":"0x1","from":"{ACCOUNT:?}","to":"{ACCOUNT:?}","contractAddress":null,"status":"0x1","logs":{logs}}}"#
    );
    let transaction =
        format!(r#"{{"hash":"{HASH}","from":"{:?}","to":null,"nonce":"0x1","value":"0x0","input":"0x1234"}}"#, ENTRY_POINTS[0]);
    vec![
        joined(&[receipt.as_bytes(), transaction.as_bytes(), logs.as_bytes()]),
        joined(&[b"null", b"null", logs.as_bytes()]),
        joined(&[receipt.replace("\"0x1\",\"logs", "\"0x0\",\"logs").as_bytes(), transaction.as_bytes(), b"[]"]),
    ]
}

/// Revert data has words, cut; those of `Error(string)` are the contract's.
fn revert_data(data: &[u8]) {
    let [message, bytes] = parts(data);
    let found = revert::decode(Bytes::copy_from_slice(bytes), &text(message));
    assert!(!found.reason.is_empty() || Revert::abi_decode(bytes).is_ok(), "no words");
    assert!(found.reason.len() <= 520, "words are cut");
    short(&found.into_error(Some(HASH)));
    let words: String = text(message).chars().take(64).collect();
    let encoded = Revert::from(words.as_str()).abi_encode();
    assert_eq!(revert::decode(encoded.into(), "").reason, words);
}

fn revert_samples() -> Vec<Vec<u8>> {
    vec![
        joined(&[b"execution reverted", &Revert::from("NotOwner").abi_encode()]),
        joined(&[b"", &Panic { code: U256::from(0x11) }.abi_encode()]),
        joined(&[b"execution reverted: x", b""]),
        joined(&[b"", &[&keccak256("OwnableUnauthorizedAccount(address)")[..4], &ACCOUNT.into_word()[..]].concat()]),
    ]
}

/// Whether a call is inside foreign calldata is told, whatever the offsets in it say; where its bytes are not, nothing is found.
fn calldata(data: &[u8]) {
    let [inner, input] = parts(data);
    let call = WriteCall::raw(ACCOUNT, Bytes::copy_from_slice(&inner[..inner.len().min(200)]));
    let found = smart::contains_call(input, ACCOUNT, &call);
    let is_there = |piece: &[u8]| piece.is_empty() || input.windows(piece.len()).any(|window| window == piece);
    if input.len() <= 4096 {
        assert!(!found || is_there(ACCOUNT.as_slice()) && is_there(&call.data), "a call that is not there");
    }
    let logs = [log(ENTRY_POINTS[1], &operation(), input, 0)];
    for (from, to) in [(ACCOUNT, ACCOUNT), (ENTRY_POINTS[0], ENTRY_POINTS[1]), (ENTRY_POINTS[0], ACCOUNT)] {
        let mined = Mined { from, to: Some(to), value: U256::ZERO, input, succeeded: true, logs: &logs };
        let part = smart::own_part(ACCOUNT, Some(HASH), &call, &mined);
        assert!(!matches!(&part, Part::Done { logs: own } if own.len() > logs.len()));
        assert!(!smart::is_edited(ACCOUNT, &call, &mined) || !found);
    }
    // A wrapping that every account's is like: the target, the value, the length, the bytes.
    let padded = call.data.len().next_multiple_of(32);
    let mut wrapped = [&[1, 2, 3, 4][..], &ACCOUNT.into_word()[..], &[0; 32], &B256::with_last_byte(0x60)[..]].concat();
    wrapped.extend(U256::from(call.data.len()).to_be_bytes::<32>());
    wrapped.extend_from_slice(&call.data);
    wrapped.resize(wrapped.len() + padded - call.data.len(), 0);
    assert!(smart::contains_call(&wrapped, ACCOUNT, &call), "a call that is there");
}

fn calldata_samples() -> Vec<Vec<u8>> {
    let inner = [0xa9, 0x05, 0x9c, 0xbb, 1, 2, 3];
    let mut all = Vec::new();
    // EntryPoint 0.7's `handleOps` around one operation of the account.
    let words = |words: &[u64]| words.iter().flat_map(|word| U256::from(*word).to_be_bytes::<32>()).collect::<Vec<_>>();
    let execute = [&ACCOUNT.into_word()[..], &words(&[0, 96, 7]), &inner, &[0; 25]].concat();
    let mut bundle = alloy_primitives::hex!("765e827f").to_vec();
    bundle.extend(words(&[64, 0, 1, 32]));
    bundle.extend_from_slice(&ACCOUNT.into_word()[..]);
    bundle.extend(words(&[1, 288, 320, 0, 0, 0, 640, 672, 0, 160]));
    bundle.extend(&execute);
    all.push(joined(&[&inner, &bundle]));
    // Operations that are all one: the search must not take their number times their length.
    const COUNT: u64 = 4000;
    let mut bomb = alloy_primitives::hex!("765e827f").to_vec();
    bomb.extend(words(&[64, 0, COUNT]));
    (0..COUNT).for_each(|_| bomb.extend(words(&[32 * COUNT])));
    bomb.extend_from_slice(&ACCOUNT.into_word()[..]);
    bomb.extend(words(&[1, 288, 128, 120_000]));
    bomb.resize(bomb.len() + 120_000, 7);
    all.push(joined(&[&inner, &bomb]));
    let mut safe = alloy_primitives::hex!("6a761202").to_vec();
    safe.extend_from_slice(&ACCOUNT.into_word()[..]);
    safe.extend(words(&[0, 320, 0, 0, 0, 0, 0, 0, 384, 7]));
    safe.extend_from_slice(&inner);
    all.push(joined(&[&inner, &safe]));
    all
}

/// A log of one of the network's contracts has all its event's values, or is refused.
fn ogpu_events(data: &[u8]) {
    let [which, topics, data] = parts(data);
    let event = &EVENTS[usize::from(which.first().copied().unwrap_or_default()) % EVENTS.len()];
    let mut all = vec![event.topic];
    all.extend(topics.chunks_exact(32).take(8).map(B256::from_slice));
    let log = log(ACCOUNT, &all, data, 1);
    match events::decode(&log, |_| Some(ACCOUNT)) {
        Ok(happened) => {
            assert_eq!(happened.name, EVENTS.iter().find(|other| other.topic == event.topic).map_or("", |event| event.name));
            assert_eq!(happened.fields.len(), event.fields.len());
            let _ = Interest::new(vec![event]).wants(&happened);
        }
        Err(error) => short(&error),
    }
    assert!(events::decode(&log, |_| None).is_err(), "a stranger's log");
}

fn source_params() -> Vec<u8> {
    let mut all = Source::getSourceParamsCall::abi_encode_returns(&Source::SourceParams {
        client: ACCOUNT,
        imageMetadataUrl: "https://gateway.example/ipfs/Qm".to_owned(),
        imageEnvironments: 3,
        minPayment: U256::from(1),
        minAvailableLockup: U256::from(2),
        maxExpiryDuration: U256::from(3600),
        privacyEnabled: false,
        optionalParamsUrl: String::new(),
        deliveryMethod: 1,
        lastUpdateTime: U256::from(1_700_000_000),
    });
    all.shrink_to_fit();
    all
}

fn event_samples() -> Vec<Vec<u8>> {
    let word = |at: u8| B256::with_last_byte(at).0;
    let mut all: Vec<Vec<u8>> = (0..EVENTS.len())
        .map(|at| joined(&[&[at as u8], b"", &[ACCOUNT.into_word().0, word(1), word(2), word(3)].concat()]))
        .collect();
    let updated = [&ACCOUNT.into_word()[..], &word(64), &source_params()[32..]].concat();
    all.push(joined(&[&[7], b"", &updated]));
    all.push(joined(&[&[9], &[ACCOUNT.into_word().0, ACCOUNT.into_word().0].concat(), b""]));
    all
}

/// Any bytes are a value of the getter's type, or none; one word is written as it was read.
fn ogpu_abi(data: &[u8]) {
    let mut kinds: Vec<Type> = READS.iter().map(|read| read.output).collect();
    kinds.dedup();
    for kind in kinds {
        let Some(value) = kind.read(data) else { continue };
        if let (Some(word), Some(given)) = (value.word(), data.get(..32))
            && !matches!(kind, Type::Count)
        {
            assert_eq!(word, given, "{kind:?}");
        }
        if let Value::List(items) = &value {
            assert!(items.len() * 32 <= data.len());
        }
    }
}

fn abi_samples() -> Vec<Vec<u8>> {
    let task = Task::taskParamsCall::abi_encode_returns(&Task::taskParamsReturn {
        source: ACCOUNT,
        config: "ipfs://Qm".to_owned(),
        expiryTime: U256::MAX,
        payment: U256::from(5),
    });
    let response = Response::getResponseParamsCall::abi_encode_returns(&Response::ResponseParams {
        task: ACCOUNT,
        provider: ACCOUNT,
        data: "{\"a\":1}".to_owned(),
        payment: U256::from(5),
    });
    vec![
        source_params(),
        task,
        response,
        vec![ACCOUNT, Address::ZERO, ACCOUNT].abi_encode(),
        vec![U256::MAX, U256::ONE].abi_encode(),
        "{\"gpu\":\"A100\"}".to_owned().abi_encode(),
        B256::with_last_byte(1).to_vec(),
    ]
}

/// A wallet's answers, whatever they are, give accounts and a chain, or an error; its failures have a class.
fn wallet(data: &[u8]) {
    let [accounts, chain, failure] = parts(data).map(|part| text(part).into_owned());
    let (io, _) = world::io(|_| Answer::default());
    let wallet = world::wallet(&io, move |method| match method {
        "eth_chainId" => Ok(chain.clone()),
        _ => Ok(accounts.clone()),
    });
    match world::run(wallet.accounts(false)) {
        Ok(accounts) => assert!(!accounts.is_empty() && accounts.len() * 40 <= data.len()),
        Err(error) => short(&error),
    }
    if let Err(error) = world::run(wallet.chain_id()) {
        short(&error);
    }
    let (code, message) = failure.split_once(' ').unwrap_or(("", &failure));
    // As the border hands it over.
    let said = Said { code: code.parse().ok(), message: clip(message), cause: None };
    short(&classify("eth_sendTransaction", WalletFailure { said, data: None }));
}

fn wallet_samples() -> Vec<Vec<u8>> {
    let accounts = format!("[\"{ACCOUNT:?}\",\"{ACCOUNT}\"]");
    vec![
        joined(&[accounts.as_bytes(), b"\"0x2105\"", b"4001 User rejected the request."]),
        joined(&[accounts.as_bytes(), b"8453", b"-32603 cannot estimate gas; transaction was rejected"]),
        joined(&[b"[]", b"\"8453\"", b" window was closed\nby the user"]),
    ]
}

/// The key that made a signature, by another implementation of the curve.
fn oracle(digest: &B256, signature: &Signature) -> Option<Address> {
    let scalar = |bytes: &[u8]| {
        let array: [u8; 32] = bytes.try_into().ok()?;
        Some(<Scalar as k256::elliptic_curve::ops::Reduce<k256::U256>>::reduce_bytes(&array.into()))
    };
    let (r, s, z) = (scalar(&signature[..32])?, scalar(&signature[32..64])?, scalar(&digest[..])?);
    let compressed = [&[2 + u8::from(signature[64] == 28)][..], &signature[..32]].concat();
    let point = EncodedPoint::from_bytes(&compressed).ok()?;
    let place = Option::<AffinePoint>::from(AffinePoint::from_encoded_point(&point))?;
    let inverse = Option::<Scalar>::from(r.invert())?;
    let key = (ProjectivePoint::from(place) * s - ProjectivePoint::GENERATOR * z) * inverse;
    let encoded = key.to_affine().to_encoded_point(false);
    encoded.as_bytes().get(1..65).map(|key| Address::from_slice(&keccak256(key)[12..]))
}

/// A signature has one form, and the signer that it has for k256.
fn signature(data: &[u8]) {
    let (digest, rest) = data.split_at(data.len().min(32));
    let digest = B256::right_padding_from(digest);
    match normalise(rest) {
        Ok(signature) => {
            assert!(matches!(signature[64], 27 | 28));
            assert_eq!(normalise(&signature), Ok(signature), "one form");
            let signer = recover(&digest, &signature);
            // The other implementation takes half a millisecond.
            if digest[31] % 8 < 2 {
                assert_eq!(signer, oracle(&digest, &signature), "the signer");
            }
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
}

fn signature_samples() -> Vec<Vec<u8>> {
    let vectors = super::vectors(include_str!("../../vectors/x402.json"));
    let (digests, signatures) = (super::all_named(&vectors, "digest"), super::all_named(&vectors, "signature"));
    let mut all: Vec<Vec<u8>> = digests
        .iter()
        .zip(&signatures)
        .filter(|(digest, signature)| digest.len() == 66 && signature.len() == 132)
        .map(|(digest, signature)| [super::unhex(digest), super::unhex(signature)].concat())
        .collect();
    // The compact form of EIP-2098.
    if let Some(first) = all.first().cloned() {
        let mut compact = first[..96].to_vec();
        compact[64] |= (first[96] - 27) << 7;
        all.push(compact);
    }
    all
}
