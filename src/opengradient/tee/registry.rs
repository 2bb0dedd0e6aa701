//! The registry of enclaves: which are active, which one to ask.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes};

use super::proof::tee_id;
use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;
use crate::io::Clock;
use crate::opengradient::abi::TEERegistry;

/// The type of the enclaves that answer LLM requests.
pub const LLM_PROXY: u8 = 0;
/// A list is this old, in milliseconds, when it is read again.
pub const REFRESH_MS: u64 = 300_000;
/// The same where one enclave is looked for by its id.
pub const PINNED_MS: u64 = 30_000;
/// When the registry cannot be read, a list still serves until this age.
pub const STALE_MS: u64 = 3_600_000;

/// An active enclave.
#[derive(Clone)]
pub struct Tee {
    /// keccak256 of its public key.
    pub id: B256,
    /// Its base URL, without a slash at the end.
    pub endpoint: String,
    /// Who is paid.
    pub payment_address: Address,
    /// The key that it signs with: DER, SubjectPublicKeyInfo.
    pub public_key: Bytes,
    /// Its TLS certificate: DER.
    pub tls_certificate: Bytes,
    /// The hash of its code's measurements.
    pub pcr_hash: B256,
    /// Its key for Oblivious HTTP, where it has one.
    pub ohttp: Option<TEERegistry::OhttpConfig>,
}

impl Tee {
    /// `None` for an entry that cannot be used: without https endpoint (or http on this machine), certificate or key.
    fn read(entry: TEERegistry::TEEInfo) -> Option<Self> {
        let endpoint = entry.endpoint.trim().trim_end_matches('/');
        if !(is_endpoint(endpoint) && is_private(endpoint)) || entry.tlsCertificate.is_empty() || entry.publicKey.is_empty() {
            return None;
        }
        Some(Self {
            id: tee_id(&entry.publicKey),
            endpoint: endpoint.to_owned(),
            payment_address: entry.paymentAddress,
            public_key: entry.publicKey,
            tls_certificate: entry.tlsCertificate,
            pcr_hash: entry.pcrHash,
            ohttp: Some(entry.ohttpConfig).filter(|config| !config.publicKey.is_empty()),
        })
    }
}

/// Whether text is a URL to which a path can be added.
pub fn is_endpoint(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', '@']) && !rest.contains(char::is_whitespace))
}

/// Whether nobody on the way can read what is sent there.
fn is_private(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
    host.is_none_or(|host| matches!(host, "localhost" | "127.0.0.1"))
}

/// A registry on some chain. Clones share what was read.
#[derive(Clone)]
pub struct Registry {
    rpc: Rpc,
    address: Address,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    tees: Rc<[Rc<Tee>]>,
    /// When the list was read, in milliseconds; `None` before the first time.
    read_ms: Option<u64>,
    /// The enclave that is asked for as long as it is active.
    current: Option<B256>,
}

impl Registry {
    /// The registry at `address`.
    pub fn new(rpc: Rpc, address: Address) -> Self {
        Self { rpc, address, state: Rc::default() }
    }

    /// The active enclaves, at most five minutes old. At most one request.
    ///
    /// # Errors
    /// [`Kind::TeeUnavailable`] when the registry cannot be read and the last list is older than an hour.
    pub async fn active(&self) -> Result<Rc<[Rc<Tee>]>, Error> {
        self.list(REFRESH_MS).await
    }

    /// The enclave to ask: a random one, and the same one again for as long as it is active. `failed` is left out, unless there
    /// is no other, and the list is read anew.
    ///
    /// # Errors
    /// [`Kind::TeeUnavailable`].
    pub async fn pick(&self, failed: Option<B256>) -> Result<Rc<Tee>, Error> {
        let tees = self.list(if failed.is_some() { 0 } else { REFRESH_MS }).await?;
        let current = self.state.borrow().current;
        let kept = tees.iter().find(|tee| Some(tee.id) == current && current != failed);
        if let Some(tee) = kept {
            return Ok(Rc::clone(tee));
        }
        let others: Vec<_> = tees.iter().filter(|tee| Some(tee.id) != failed).collect();
        let chosen = choose(&others, self.rpc.io().clock.as_ref()).copied().or_else(|| tees.first());
        let chosen = chosen.ok_or_else(|| unavailable(None, "the registry lists no active enclave"))?;
        self.state.borrow_mut().current = Some(chosen.id);
        Ok(Rc::clone(chosen))
    }

    /// The active enclave with this id, by a list that is at most 30 seconds old.
    ///
    /// # Errors
    /// [`Kind::TeeUnavailable`] with the id.
    pub async fn find(&self, id: B256) -> Result<Rc<Tee>, Error> {
        let tees = self.list(PINNED_MS).await?;
        let found = tees.iter().find(|tee| tee.id == id).cloned();
        found.ok_or_else(|| unavailable(Some(id), "it is not active in the registry"))
    }

    async fn list(&self, max_age_ms: u64) -> Result<Rc<[Rc<Tee>]>, Error> {
        let now = self.rpc.io().clock.now_ms();
        let age = {
            let state = self.state.borrow();
            let age = state.read_ms.map(|read| now.saturating_sub(read));
            if age.is_some_and(|age| age < max_age_ms) {
                return Ok(Rc::clone(&state.tees));
            }
            age
        };
        match self.rpc.call(self.address, &TEERegistry::getActiveTEEsCall { teeType: LLM_PROXY }).await {
            Ok(entries) => {
                let tees: Rc<[_]> = entries.into_iter().filter_map(Tee::read).map(Rc::new).collect();
                let mut state = self.state.borrow_mut();
                state.tees = Rc::clone(&tees);
                state.read_ms = Some(self.rpc.io().clock.now_ms());
                Ok(tees)
            }
            Err(_) if age.is_some_and(|age| age < STALE_MS) => Ok(Rc::clone(&self.state.borrow().tees)),
            Err(error) => Err(unavailable(None, &["the registry cannot be read: ", &error.to_string()].concat())),
        }
    }
}

fn unavailable(tee_id: Option<B256>, reason: &str) -> Error {
    Kind::TeeUnavailable { tee_id, reason: reason.to_owned() }.into()
}

/// One of them, at random.
fn choose<'a, T>(among: &'a [T], clock: &dyn Clock) -> Option<&'a T> {
    let count = u128::try_from(among.len()).ok().filter(|count| *count > 0)?;
    let at = u128::from_le_bytes(clock.random()) % count;
    among.get(usize::try_from(at).ok()?)
}

#[cfg(test)]
pub(in crate::opengradient) mod tests {
    use std::cell::Cell;

    use alloy_primitives::hex;
    use alloy_sol_types::SolCall as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake::{self, run};

    /// An entry of the registry.
    pub(in crate::opengradient) fn entry(endpoint: &str, key: &[u8]) -> TEERegistry::TEEInfo {
        TEERegistry::TEEInfo {
            owner: Address::ZERO,
            paymentAddress: Address::repeat_byte(7),
            endpoint: endpoint.to_owned(),
            publicKey: key.to_vec().into(),
            tlsCertificate: b"certificate".into(),
            pcrHash: B256::repeat_byte(9),
            teeType: 0,
            enabled: true,
            registeredAt: Default::default(),
            lastHeartbeatAt: Default::default(),
            ohttpConfig: TEERegistry::OhttpConfig {
                keyId: 1,
                kemId: 0x20,
                kdfId: 1,
                aeadId: 3,
                publicKey: Bytes::new(),
                keyConfig: Bytes::new(),
                registeredAt: Default::default(),
            },
        }
    }

    /// What the node answers to `getActiveTEEs`.
    pub(in crate::opengradient) fn listed(entries: &[TEERegistry::TEEInfo]) -> Value {
        json!(format!("0x{}", hex::encode(TEERegistry::getActiveTEEsCall::abi_encode_returns(&entries.to_vec()))))
    }

    fn registry(answer: impl FnMut() -> Result<Value, Value> + 'static) -> Registry {
        let mut answer = answer;
        let (io, _) = fake::node(move |method, params| {
            assert_eq!((method, &params[0]["data"].as_str().unwrap_or_default()[..10]), ("eth_call", "0x4b6014da"));
            answer()
        });
        Registry::new(Rpc::new(io, vec!["http://node".to_owned()]), Address::ZERO)
    }

    fn sleep(registry: &Registry, ms: u64) {
        run(registry.rpc.io().clock.sleep(ms));
    }

    #[test]
    fn entries_that_cannot_be_used_are_left_out() {
        let mut bare = entry("https://b", b"b");
        bare.tlsCertificate = Bytes::new();
        let entries = [
            entry("", b"a"),
            bare,
            entry("https://c", b""),
            entry("ftp://d", b"d"),
            entry("https://u@e", b"e"),
            entry("http://far", b"g"),
            entry(" https://f/ ", b"f"),
        ];
        let registry = registry(move || Ok(listed(&entries)));
        let active = run(registry.active()).unwrap_or_default();
        assert_eq!(active.iter().map(|tee| (tee.endpoint.as_str(), tee.id)).collect::<Vec<_>>(), [("https://f", tee_id(b"f"))]);
        assert!(active.iter().all(|tee| tee.ohttp.is_none()));
    }

    #[test]
    fn one_request_serves_five_minutes_and_a_pinned_id_thirty_seconds() {
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        let registry = registry(move || {
            count.set(count.get() + 1);
            Ok(listed(&[entry("https://a", b"a"), entry("https://b", b"b")]))
        });
        let picked = run(registry.pick(None)).map(|tee| tee.id).unwrap_or_default();
        assert!(run(registry.find(tee_id(b"b"))).is_ok());
        assert_eq!(run(registry.pick(None)).ok().map(|tee| tee.id), Some(picked));
        assert_eq!(asked.get(), 1);
        sleep(&registry, PINNED_MS);
        assert_eq!((run(registry.pick(None)).is_ok(), asked.get()), (true, 1));
        assert!(run(registry.find(B256::ZERO)).is_err_and(|e| matches!(&*e, Kind::TeeUnavailable { tee_id: Some(_), .. })));
        assert_eq!(asked.get(), 2);
        sleep(&registry, REFRESH_MS);
        assert_eq!((run(registry.pick(None)).is_ok(), asked.get()), (true, 3));
        let other = run(registry.pick(Some(picked))).map(|tee| tee.id).unwrap_or_default();
        assert_ne!(other, picked);
        assert_eq!((run(registry.pick(None)).map(|tee| tee.id).unwrap_or_default(), asked.get()), (other, 4));
    }

    #[test]
    fn a_registry_that_fails_is_survived_for_an_hour() {
        let calls = Rc::new(Cell::new(0));
        let count = Rc::clone(&calls);
        let registry = registry(move || {
            count.set(count.get() + 1);
            if count.get() == 1 {
                Ok(listed(&[entry("https://a", b"a")]))
            } else {
                Err(json!({"code": -32000, "message": "busy"}))
            }
        });
        assert!(run(registry.pick(None)).is_ok());
        sleep(&registry, REFRESH_MS);
        assert!(run(registry.pick(None)).is_ok());
        // The only one there is may be asked again.
        assert!(run(registry.pick(Some(tee_id(b"a")))).is_ok());
        sleep(&registry, STALE_MS);
        assert!(run(registry.pick(None)).is_err_and(|e| e.code() == "teeUnavailable"));
    }

    #[test]
    fn no_enclave_is_an_error_and_so_is_nonsense() {
        for answer in [listed(&[]), json!("0x"), json!("0x1234"), json!(5)] {
            let registry = registry(move || Ok(answer.clone()));
            assert!(run(registry.pick(None)).is_err_and(|e| e.code() == "teeUnavailable"));
        }
    }
}
