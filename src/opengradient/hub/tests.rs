//! The hub and the identity service, scripted.

use std::cell::RefCell;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::upload::UploadPlan;
use super::*;
use crate::io::fake;

const PASSWORD: &str = "correct \"horse\"";
const REFRESH: &str = "refresh-token-1";

type Asked = Rc<RefCell<Vec<HttpRequest>>>;

fn signed_in(life: &str) -> String {
    json!({ "idToken": "id-token-1", "refreshToken": REFRESH, "expiresIn": life, "email": "x" }).to_string()
}

/// The identity service, and a hub that answers one call after another.
fn services(life: &'static str, hub: Vec<(u16, Value)>) -> (Io, Asked) {
    let asked: Asked = Rc::default();
    let log = Rc::clone(&asked);
    let mut hub = hub.into_iter();
    let (io, _) = fake::io(move |request| {
        log.borrow_mut().push(request.clone());
        let (status, body) = if request.url.contains("signInWithPassword") {
            (200, signed_in(life))
        } else if request.url.contains("securetoken") {
            (200, json!({ "id_token": "id-token-2", "refresh_token": "refresh-token-2", "expires_in": "3600" }).to_string())
        } else {
            hub.next().map(|(status, body)| (status, body.to_string())).unwrap_or((500, String::new()))
        };
        Ok(fake::reply(&request.url, status, &[], body))
    });
    (io, asked)
}

fn login(io: &Io) -> Result<ModelHub, Error> {
    fake::run(ModelHub::login(io.clone(), HUB_URL, Identity::firebase("key/1"), "a@b.c", PASSWORD))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str())
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body.clone().unwrap_or_default()).unwrap_or_default()
}

#[test]
fn signing_in_shows_the_password_once_and_nowhere_else() {
    let (io, asked) = services("3600", vec![(201, json!([]))]);
    let Ok(hub) = login(&io) else { return assert!(login(&io).is_ok()) };
    assert_eq!(fake::run(hub.create_version("my model/1", "", true)).ok().as_deref(), Some(UNKNOWN_VERSION));
    let asked = asked.borrow();
    let [sign_in, version] = asked.as_slice() else { return assert_eq!(asked.len(), 2) };
    assert!(sign_in.url.ends_with("accounts:signInWithPassword?key=key%2F1"));
    assert_eq!(body(sign_in), json!({ "email": "a@b.c", "password": PASSWORD, "returnSecureToken": true }));
    assert_eq!(version.url, "https://api.opengradient.ai/api/v0/models/my%20model%2F1/versions");
    assert_eq!((bearer(version), version.redirects), (Some("Bearer id-token-1"), Redirects::Refuse));
    assert_eq!(body(version), json!({ "notes": "", "is_major": true }));
    let shown = format!("{hub:?}");
    assert!(!shown.contains("token-1") && !shown.contains("horse") && !shown.contains("key/1"), "{shown}");
}

#[test]
fn a_token_is_renewed_a_minute_early_and_once() {
    let (io, asked) = services("61", (0..3).map(|_| (200, json!([]))).collect());
    let Ok(hub) = login(&io) else { return assert!(login(&io).is_ok()) };
    let list = || fake::run(hub.list_files("m", "1.00")).map(|files| files.len()).unwrap_or(9);
    assert_eq!(list(), 0);
    fake::run(io.clock.sleep(1001));
    assert_eq!((list(), list()), (0, 0));
    let asked = asked.borrow();
    let renewals: Vec<_> = asked.iter().filter(|request| request.url.contains("securetoken")).collect();
    let form = renewals.first().and_then(|request| request.body.clone()).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&form), "grant_type=refresh_token&refresh_token=refresh-token-1");
    assert_eq!(renewals.len(), 1);
    assert_eq!(asked.last().and_then(bearer), Some("Bearer id-token-2"));
}

#[test]
fn a_refused_sign_in_has_the_services_word_and_no_secret() {
    for (status, reply, code) in [
        (400, json!({ "error": { "message": "INVALID_LOGIN_CREDENTIALS" } }), "authentication"),
        (403, json!("?"), "authentication"),
        (500, json!(PASSWORD), "http"),
        (200, json!({ "idToken": "leaky\r\nheader", "refreshToken": "leaky" }), "protocol"),
        (200, json!(["leaky"]), "protocol"),
    ] {
        let (io, _) = fake::io(move |request| Ok(fake::reply(&request.url, status, &[], reply.to_string())));
        let error = login(&io).err().map(|error| (error.code(), format!("{error} {:?} {error:?}", error.fields())));
        let (found, text) = error.unwrap_or_default();
        assert_eq!(found, code);
        assert!(!text.contains("horse") && !text.contains("key") && !text.contains("leaky"), "{text}");
    }
    let (io, _) = services("3600", vec![]);
    let nothing = fake::run(ModelHub::login(io, HUB_URL, Identity::firebase(""), "a@b.c", "x"));
    assert!(nothing.is_err_and(|error| error.code() == "invalidInput"));
}

#[test]
fn a_model_and_its_first_version() {
    let (io, asked) = services("3600", vec![(200, json!({ "name": "m" })), (200, json!({ "versionString": "1.00" }))]);
    let made = login(&io).and_then(|hub| fake::run(hub.create_model("m", "what it \"does\"", None)));
    assert_eq!(made.ok(), Some(ModelRepository { name: "m".to_owned(), initial_version: "1.00".to_owned() }));
    let asked = asked.borrow();
    assert_eq!(asked.get(1).map(body), Some(json!({ "name": "m", "description": "what it \"does\"" })));
    assert_eq!(asked.get(2).map(body), Some(json!({ "notes": "1.00", "is_major": false })));
}

#[test]
fn a_model_without_a_version_says_both() {
    let (io, _) = services("3600", vec![(200, json!({ "name": "m" })), (409, json!({ "detail": "busy" }))]);
    let error = login(&io).and_then(|hub| fake::run(hub.create_model("m", "", None))).err();
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("the model m exists now") && text.contains("busy"), "{text}");
}

#[test]
fn refusals_have_the_hubs_words() {
    for (status, detail, code) in [
        (404, json!("no such model"), "service"),
        (422, json!([{ "loc": ["x"], "msg": "no such model" }]), "service"),
        (401, json!("no such model"), "authentication"),
    ] {
        let (io, _) = services("3600", vec![(status, json!({ "detail": detail }))]);
        let error = login(&io).and_then(|hub| fake::run(hub.list_files("m", "1"))).err();
        assert!(error.is_some_and(|error| error.code() == code && error.to_string().contains("no such model")));
    }
    let (io, asked) = services("3600", vec![]);
    let Ok(hub) = login(&io) else { return assert!(login(&io).is_ok()) };
    for bad in ["", ".", ".."] {
        assert!(fake::run(hub.list_files(bad, "1")).is_err());
        assert!(fake::run(hub.list_files("m", bad)).is_err());
    }
    assert_eq!(asked.borrow().len(), 1);
}

#[test]
fn files_are_listed_as_the_hub_has_them() {
    let files = json!([{ "name": "a.onnx", "size": 5, "type": "x" }, { "size": null }]);
    let (io, _) = services("3600", vec![(200, files)]);
    let listed = login(&io).and_then(|hub| fake::run(hub.list_files("m", "1.00"))).unwrap_or_default();
    assert_eq!(
        listed.iter().map(|file| (file.name.as_deref(), file.size)).collect::<Vec<_>>(),
        [(Some("a.onnx"), Some(5)), (None, None)]
    );
    assert!(listed.first().is_some_and(|file| file.json.contains("\"type\":\"x\"")));
}

/// Bytes in memory; what was sent is kept.
struct File {
    name: &'static str,
    bytes: Vec<u8>,
    reply: (u16, Value),
    sent: RefCell<Option<UploadPlan>>,
}

impl ModelFile for File {
    fn name(&self) -> &str {
        self.name
    }
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn send(&self, plan: UploadPlan) -> LocalBoxFuture<'static, Result<HttpResponse, HttpFailure>> {
        let reply = fake::reply(&plan.url, self.reply.0, &[], self.reply.1.to_string());
        self.sent.replace(Some(plan));
        async { Ok(reply) }.boxed_local()
    }
    fn read(&self, offset: u64, length: u64) -> LocalBoxFuture<'static, Result<Vec<u8>, String>> {
        let piece = self.bytes.get(offset as usize..(offset + length) as usize).map(<[u8]>::to_vec);
        async move { piece.ok_or_else(|| "gone".to_owned()) }.boxed_local()
    }
}

fn upload(file: &File) -> Result<FileUploadResult, Error> {
    let (io, _) = services("3600", vec![]);
    login(&io).and_then(|hub| fake::run(hub.upload(file, "m", "1.00")))
}

fn file(status: u16, reply: Value) -> File {
    File { name: "m.onnx", bytes: b"hello world\n".to_vec(), reply: (status, reply), sent: RefCell::default() }
}

const HELLO: &str = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";

#[test]
fn an_upload_is_framed_and_its_cid_proven() {
    let good = file(201, json!({ "ipfsCid": HELLO, "size": 12 }));
    let done = upload(&good);
    assert_eq!(
        done.as_ref().ok().map(|done| (done.model_cid.as_str(), done.size, done.proof.is_some())),
        Some((HELLO, 12, true))
    );
    let plan = good.sent.take();
    let (head, tail) =
        plan.as_ref().map(|plan| (String::from_utf8_lossy(&plan.head), String::from_utf8_lossy(&plan.tail))).unwrap_or_default();
    assert!(head.starts_with("--ogkit-0707") && head.ends_with("Content-Type: application/octet-stream\r\n\r\n"), "{head}");
    assert!(head.contains("name=\"file\"; filename=\"m.onnx\""));
    assert!(tail.starts_with("\r\n--ogkit-0707") && tail.ends_with("--\r\n"));
    let url = plan.map(|plan| plan.url).unwrap_or_default();
    assert_eq!(url, "https://api.opengradient.ai/api/v0/models/m/versions/1.00/files");
}

#[test]
fn an_id_of_another_store_is_told_as_unproven() {
    let done = upload(&file(201, json!({ "ipfsCid": "hJD2Ja3akZFt1A2LT-D_1oxOCz_OtuGYw4V9eE1m39M", "size": 12 })));
    assert_eq!(done.ok().map(|done| done.proof), Some(None));
}

#[test]
fn a_hub_with_other_bytes_is_caught() {
    let other = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
    for reply in [json!({ "ipfsCid": other, "size": 12 }), json!({ "ipfsCid": HELLO, "size": 13 })] {
        assert!(upload(&file(201, reply)).is_err_and(|error| error.code() == "contentUnverified"));
    }
    for (status, reply, code) in [
        (201, json!(null), "protocol"),
        (201, json!({ "ipfsCid": "", "size": 12 }), "protocol"),
        (500, json!({}), "service"),
        (413, json!({ "detail": "too large" }), "service"),
        (200, json!({ "ipfsCid": HELLO, "size": 12 }), "service"),
    ] {
        assert!(upload(&file(status, reply)).is_err_and(|error| error.code() == code), "{status}");
    }
    let mut named = file(201, json!({}));
    named.name = "a\"; filename=\"b";
    assert!(upload(&named).is_err_and(|error| error.code() == "invalidInput"));
    assert!(named.sent.take().is_none());
}
