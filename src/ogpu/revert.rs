//! A contract's words → the failure they mean, with the values on chain that the words do not carry.
//!
//! The contracts revert with short reason strings. They are matched whole, then as a substring, because nodes and
//! proxies put text around them. Some words mean several things ("NotProvider" is said of a provider that is none, of one that is
//! not registered, and of a caller who may not act for it), and a call to an address that is no such contract reverts with no
//! words at all: then the chain is asked what holds.

use alloy_primitives::{Address, U256};

use super::functions::Value;
use super::network::Contracts;
use super::reads::{Call, values};
use crate::error::{Error, Kind};
use crate::eth::revert::{Refusal, Reverted};
use crate::eth::rpc::Rpc;

/// What a call was about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Who calls.
    pub caller: Address,
    /// The account that must have a role, stake or balance; the caller where it is absent.
    pub account: Option<Address>,
    /// The task, where one is concerned.
    pub task: Option<Address>,
    /// The source, where one is concerned.
    pub source: Option<Address>,
    /// The response, where one is concerned.
    pub response: Option<Address>,
    /// The amount in wei that the call needs.
    pub amount: U256,
    /// The task's deadline, where the caller gave it, which is where a task is published.
    pub expiry: Option<u64>,
}

const REASONS: &[&str] = &[
    "NotOwner",
    "NotMaster",
    "NotProvider",
    "ExpiryTooLong",
    "PaymentTooLow",
    "Expired",
    "AlreadyConfirmed",
    "AlreadyFinalized",
    "InsufficientBalance",
    "InsufficientLockup",
    "UnbondingNotElapsed",
    "NotEligible",
    "SourceInactive",
];

/// Names the failure, reading the values that it tells of: one request more for most, none for some. Where a node does not
/// answer then, and the failure would be untrue without them, the contract's own word is told.
pub async fn explain(rpc: &Rpc, contracts: &Contracts, context: Context, reverted: Reverted) -> Error {
    let whole = REASONS.iter().find(|reason| **reason == reverted.reason);
    let reason = match whole.or_else(|| REASONS.iter().find(|reason| reverted.reason.contains(**reason))) {
        Some(reason) => reason,
        // A call to an address without code, or with another contract's, gives no words.
        None if matches!(reverted.kind, Refusal::Unnamed | Refusal::Panic(_)) => "",
        None => return reverted.into_error(None),
    };
    match (Case { rpc, contracts, context }).named(reason).await {
        Ok(Some(kind)) => kind.into(),
        Ok(None) | Err(_) => reverted.into_error(None),
    }
}

/// A call that reverted.
struct Case<'a> {
    rpc: &'a Rpc,
    contracts: &'a Contracts,
    context: Context,
}

impl Case<'_> {
    /// The failure that `reason` means; an empty one is none. `None` where the contract's word is all there is to tell.
    async fn named(&self, reason: &str) -> Result<Option<Kind>, Error> {
        let Context { caller, source, task, response, amount, .. } = self.context;
        let Contracts { vault, terminal, .. } = *self.contracts;
        let account = self.context.account.unwrap_or(caller);
        Ok(Some(match reason {
            // No contract, or one that says so of an address that it does not know.
            "" | "NotOwner" | "SourceInactive" => {
                let parts = match self.parts().await {
                    Ok(parts) => parts,
                    Err(error) if is_absent(&error) => return Ok(Some(error.into_kind())),
                    // What the contract says is true without them.
                    Err(_) => Vec::new(),
                };
                let part = parts.first();
                match reason {
                    "SourceInactive" => Kind::SourceInactive { source },
                    "NotOwner" if task.is_some() || response.is_some() => {
                        let of_response = part.and_then(|response| field(response, "task")).and_then(Value::address);
                        Kind::NotTaskOwner { task: task.or(of_response), caller }
                    }
                    "NotOwner" => Kind::NotSourceOwner { source, caller },
                    _ => return Ok(part.and_then(|source| self.broken_terms(source, true, true))),
                }
            }
            "ExpiryTooLong" | "PaymentTooLow" => {
                let parts = self.parts().await?;
                let expiry = reason == "ExpiryTooLong";
                return Ok(parts.first().and_then(|source| self.broken_terms(source, expiry, !expiry)));
            }
            "NotMaster" => Kind::NotMaster { account: caller, provider: self.context.account },
            "NotProvider" => {
                let mut asked =
                    vec![("Terminal.isProvider", terminal, vec![account]), ("Terminal.getMasterOf", terminal, vec![account])];
                asked.extend(task.map(|task| ("Task.getSource", task, Vec::new())));
                let found = self.read(asked).await?;
                let mut acts = true;
                if found.first() == Some(&Value::Flag(true)) && caller != account {
                    let master = found.get(1).and_then(Value::address).unwrap_or_default();
                    acts = caller == master
                        || self.read(vec![("Terminal.isAgentOf", terminal, vec![master, caller])]).await? == [Value::Flag(true)];
                } else if found.first() != Some(&Value::Flag(true)) {
                    return Ok(Some(Kind::NotProvider { account, caller: None, source: None }));
                }
                let source = source.or_else(|| found.get(2).and_then(Value::address)).filter(|_| acts);
                Kind::NotProvider { account, caller: (!acts).then_some(caller), source }
            }
            "Expired" => {
                let expiry = match (self.context.expiry, task) {
                    (Some(expiry), _) => expiry,
                    (None, Some(task)) => number(self.read(vec![("Task.getExpiryTime", task, Vec::new())]).await?.first()),
                    (None, None) => return Ok(None),
                };
                Kind::TaskExpired { task, expiry }
            }
            "AlreadyConfirmed" => Kind::ResponseAlreadyConfirmed { response },
            "AlreadyFinalized" => match (response, task) {
                (Some(_), _) => {
                    // The failure is true without its task.
                    let parts = self.parts().await.unwrap_or_default();
                    let task = parts.first().and_then(|response| field(response, "task")).and_then(Value::address);
                    Kind::TaskAlreadyFinalized { task }
                }
                (None, Some(at)) => match self.read(vec![("Task.getStatus", at, Vec::new())]).await?.first() {
                    Some(Value::Name(status @ ("ATTEMPTED" | "RESPONDED"))) => Kind::TaskInProgress { task, status },
                    Some(Value::Name("CANCELED" | "EXPIRED" | "FINALIZED")) => Kind::TaskAlreadyFinalized { task },
                    _ => return Ok(None),
                },
                (None, None) => Kind::TaskAlreadyFinalized { task },
            },
            "NotEligible" => Kind::NotEligible { account },
            "InsufficientBalance" => {
                let available = wei(self.read(vec![("Vault.getBalanceOf", vault, vec![account])]).await?.first());
                Kind::InsufficientBalance { account, required: amount, available }
            }
            "InsufficientLockup" => {
                let mut asked =
                    vec![("Vault.getLockupOf", vault, vec![account]), ("Vault.getMinLockupPerSource", vault, Vec::new())];
                asked.extend(source.map(|source| ("Source.getParams", source, Vec::new())));
                let found = self.read(asked).await?;
                let of_source = wei(found.get(2).and_then(|source| field(source, "minAvailableLockup")));
                let required = if amount.is_zero() { wei(found.get(1)).max(of_source) } else { amount };
                Kind::InsufficientLockup { account, required, available: wei(found.first()) }
            }
            _ => {
                let ends = number(self.read(vec![("Vault.getUnbondingTimestamp", vault, vec![account])]).await?.first());
                Kind::UnbondingPeriodNotElapsed { account, remaining_seconds: ends.saturating_sub(self.rpc.io().now()) }
            }
        }))
    }

    /// The terms of what the call is about, each by a getter that no other of the contracts has. One request, or none.
    async fn parts(&self) -> Result<Vec<Value>, Error> {
        let Context { source, task, response, .. } = self.context;
        let asked = [("Source.getParams", source), ("Task.getExpiryTime", task), ("Response.getParams", response)];
        self.read(asked.into_iter().filter_map(|(name, at)| Some((name, at?, Vec::new()))).collect()).await
    }

    /// What getters answer, in one request: their names, where they are asked, and for which accounts.
    async fn read(&self, asked: Vec<(&'static str, Address, Vec<Address>)>) -> Result<Vec<Value>, Error> {
        let mut calls = Vec::with_capacity(asked.len());
        for (name, at, accounts) in asked {
            calls.push(Call::named(name, at, accounts.into_iter().map(Value::Address).collect())?);
        }
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        match values(self.rpc, calls).await {
            // A contract that has no such getter has nothing of it.
            Err(error) if matches!(*error, Kind::Protocol { .. } | Kind::TxRevert { .. } | Kind::ContractPanic { .. }) => {
                Ok(Vec::new())
            }
            found => found,
        }
    }

    /// The terms of its source that a new task breaks, of those that are to be looked at.
    fn broken_terms(&self, source: &Value, expiry_too: bool, payment_too: bool) -> Option<Kind> {
        let (expiry, payment, now) = (self.context.expiry?, self.context.amount, self.rpc.io().now());
        let minimum = field(source, "minPayment").and_then(Value::amount)?;
        let limit = seconds(field(source, "maxExpiryDuration").and_then(Value::amount)?);
        if expiry_too && (!payment_too || expiry.saturating_sub(now) > limit) {
            let in_milliseconds = (now / 2..now.saturating_mul(2)).contains(&(expiry / 1000));
            return Some(Kind::ExpiryTooLong { expiry, limit, in_milliseconds });
        }
        (payment_too && (!expiry_too || payment < minimum)).then_some(Kind::PaymentTooLow { payment, minimum })
    }
}

const fn is_absent(error: &Kind) -> bool {
    matches!(error, Kind::SourceNotFound { .. } | Kind::TaskNotFound { .. } | Kind::ResponseNotFound { .. })
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Fields(fields) = value else { return None };
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn wei(value: Option<&Value>) -> U256 {
    value.and_then(Value::amount).unwrap_or_default()
}

fn number(value: Option<&Value>) -> u64 {
    seconds(wei(value))
}

/// A time; one that JavaScript does not hold exactly is the end of time.
fn seconds(value: U256) -> u64 {
    const MAX_SAFE: u64 = (1 << 53) - 1;
    u64::try_from(value).unwrap_or(MAX_SAFE).min(MAX_SAFE)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Bytes;
    use alloy_sol_types::{SolCall as _, SolValue as _};
    use serde_json::{Value as JsonValue, json};

    use super::*;
    use crate::eth::revert::decode;
    use crate::io::fake;
    use crate::ogpu::protocol::abi::{Response, Source, Task, Terminal, Vault};

    const NOW: u64 = 1_700_000_000;
    const CALLER: Address = Address::repeat_byte(0xca);
    const PROVIDER: Address = Address::repeat_byte(0xb1);
    const MASTER: Address = Address::repeat_byte(0xb2);
    const AGENT: Address = Address::repeat_byte(0xb3);
    const SOURCE: Address = Address::repeat_byte(0x50);
    const TASK: Address = Address::repeat_byte(0x7a);
    const RESPONSE: Address = Address::repeat_byte(0x4e);
    /// An address without code.
    const STRANGER: Address = Address::repeat_byte(0x99);

    /// A network with one source, one task of this status and one response.
    fn answer(status: u8, params: &JsonValue) -> Option<Vec<u8>> {
        let to: Address = params[0]["to"].as_str()?.parse().ok()?;
        let data = alloy_primitives::hex::decode(params[0]["data"].as_str()?).ok()?;
        let argument = data.get(16..36).map(Address::from_slice).unwrap_or_default();
        Some(match data.get(..4)?.try_into().ok()? {
            Source::getSourceParamsCall::SELECTOR if to == SOURCE => Source::SourceParams {
                client: CALLER,
                imageMetadataUrl: String::new(),
                imageEnvironments: 1,
                minPayment: U256::from(1000),
                minAvailableLockup: U256::from(80),
                maxExpiryDuration: U256::from(86400),
                privacyEnabled: false,
                optionalParamsUrl: String::new(),
                deliveryMethod: 0,
                lastUpdateTime: U256::ZERO,
            }
            .abi_encode(),
            Task::getExpiryTimeCall::SELECTOR if to == TASK => U256::from(NOW - 5).abi_encode(),
            Task::getStatusCall::SELECTOR if to == TASK => U256::from(status).abi_encode(),
            Task::getSourceCall::SELECTOR if to == TASK => SOURCE.abi_encode(),
            Response::getResponseParamsCall::SELECTOR if to == RESPONSE => {
                Response::ResponseParams { task: TASK, provider: PROVIDER, data: String::new(), payment: U256::ZERO }.abi_encode()
            }
            Terminal::isProviderCall::SELECTOR => (argument == PROVIDER).abi_encode(),
            Terminal::getMasterOfCall::SELECTOR => MASTER.abi_encode(),
            Terminal::isAgentOfCall::SELECTOR => {
                let asked = Terminal::isAgentOfCall::abi_decode(&data).ok()?;
                (asked.account == MASTER && asked.agent == AGENT).abi_encode()
            }
            Vault::getBalanceOfCall::SELECTOR => U256::from(7).abi_encode(),
            Vault::getLockupOfCall::SELECTOR => U256::from(50).abi_encode(),
            Vault::MIN_LOCKUP_PER_SOURCECall::SELECTOR => U256::from(60).abi_encode(),
            _ => return None,
        })
    }

    /// What a caller is told on that network.
    fn explained(reverted: Reverted, context: Context, status: u8, is_up: bool) -> Error {
        let (io, _) = fake::node(move |_, params| match (is_up, answer(status, params)) {
            (false, _) => Err(json!({ "code": -32000, "message": "header not found" })),
            (true, Some(data)) => Ok(json!(format!("0x{}", alloy_primitives::hex::encode(data)))),
            // What an address without code answers.
            (true, None) => Ok(json!("0x")),
        });
        let clock = fake::FakeClock::default();
        fake::run(crate::io::Clock::sleep(&clock, NOW * 1000));
        let io = crate::io::Io { clock: std::rc::Rc::new(clock), ..io };
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        let at = Address::repeat_byte;
        let contracts = Contracts { nexus: at(1), controller: at(2), terminal: at(3), vault: at(4) };
        let caller = if context.caller.is_zero() { CALLER } else { context.caller };
        fake::run(explain(&rpc, &contracts, Context { caller, ..context }, reverted))
    }

    fn said(words: &str) -> Reverted {
        decode(Bytes::new(), &format!("execution reverted: {words}"))
    }

    fn nothing() -> Reverted {
        decode(Bytes::new(), "execution reverted")
    }

    fn publish(expiry: u64, payment: u64) -> Context {
        Context { source: Some(SOURCE), expiry: Some(expiry), amount: U256::from(payment), ..Context::default() }
    }

    #[test]
    fn an_expiry_beyond_the_limit_is_told_with_it() {
        for reverted in [said("ExpiryTooLong"), nothing()] {
            let error = explained(reverted, publish(NOW + 86401, 1000), 0, true);
            assert!(matches!(*error, Kind::ExpiryTooLong { limit: 86400, in_milliseconds: false, .. }), "{error}");
            assert!(error.to_string().contains("86400 seconds"), "{error}");
        }
        let error = explained(said("ExpiryTooLong"), publish((NOW + 60) * 1000, 1000), 0, true);
        assert!(matches!(*error, Kind::ExpiryTooLong { in_milliseconds: true, .. }));
        assert!(error.to_string().contains("looks like milliseconds"), "{error}");
    }

    #[test]
    fn a_payment_below_the_least_is_told_with_it() {
        for reverted in [said("PaymentTooLow"), nothing()] {
            let error = explained(reverted, publish(NOW + 60, 999), 0, true);
            assert!(
                matches!(*error, Kind::PaymentTooLow { payment, minimum } if payment == U256::from(999) && minimum == U256::from(1000))
            );
        }
        // Terms that hold, and no words: nobody knows.
        assert_eq!(explained(nothing(), publish(NOW + 60, 1000), 0, true).code(), "txRevert");
    }

    #[test]
    fn an_address_that_is_no_such_contract_is_told_as_such() {
        let source = Context { source: Some(STRANGER), ..publish(NOW + 60, 1000) };
        for reverted in [nothing(), decode(Bytes::new(), "execution reverted: SourceInactive")] {
            let error = explained(reverted, source, 0, true);
            assert!(matches!(*error, Kind::SourceNotFound { address: STRANGER }), "{error}");
            assert!(error.to_string().contains("nothing was sent"), "{error}");
        }
        // A task has a status too, but no terms of a source.
        let task = Context { source: Some(TASK), ..publish(NOW + 60, 1000) };
        assert_eq!(explained(nothing(), task, 0, true).code(), "sourceNotFound");
        let cancel = Context { task: Some(STRANGER), ..Context::default() };
        assert_eq!(explained(said("NotOwner"), cancel, 0, true).code(), "taskNotFound");
        let confirm = Context { response: Some(TASK), ..Context::default() };
        for reverted in [nothing(), said("NotOwner")] {
            assert_eq!(explained(reverted, confirm, 0, true).code(), "responseNotFound");
        }
        // There, and not the caller's.
        let cancel = Context { task: Some(TASK), ..Context::default() };
        assert!(matches!(*explained(said("NotOwner"), cancel, 0, true), Kind::NotTaskOwner { task: Some(TASK), caller: CALLER }));
        let confirm = Context { response: Some(RESPONSE), ..Context::default() };
        assert!(matches!(*explained(said("NotOwner"), confirm, 0, true), Kind::NotTaskOwner { task: Some(TASK), .. }));
    }

    #[test]
    fn a_task_that_goes_on_is_not_over() {
        let cancel = Context { task: Some(TASK), ..Context::default() };
        for (status, name) in [(1, "ATTEMPTED"), (2, "RESPONDED")] {
            let error = explained(said("AlreadyFinalized"), cancel, status, true);
            assert!(matches!(*error, Kind::TaskInProgress { task: Some(TASK), status } if status == name));
            let words = error.to_string();
            assert!(words.contains(name) && words.contains("nothing was sent") && !words.contains("over"), "{words}");
        }
        for status in [3, 4, 5] {
            assert!(matches!(
                *explained(said("AlreadyFinalized"), cancel, status, true),
                Kind::TaskAlreadyFinalized { task: Some(TASK) }
            ));
        }
        assert_eq!(
            explained(said("AlreadyFinalized"), cancel, 0, true).code(),
            "txRevert",
            "it is new again: a chain that changes"
        );
        let confirm = Context { response: Some(RESPONSE), ..Context::default() };
        assert!(matches!(
            *explained(said("AlreadyFinalized"), confirm, 5, true),
            Kind::TaskAlreadyFinalized { task: Some(TASK) }
        ));
    }

    #[test]
    fn who_is_no_provider_is_told() {
        let register = |account| Context { account: Some(account), source: Some(SOURCE), ..Context::default() };
        let of = |caller, context: Context| {
            let error = explained(said("NotProvider"), Context { caller, ..context }, 0, true);
            assert!(error.to_string().contains("nothing was sent"));
            error
        };
        assert!(matches!(*of(CALLER, register(STRANGER)), Kind::NotProvider { account: STRANGER, caller: None, source: None }));
        let error = of(CALLER, register(PROVIDER));
        assert!(matches!(*error, Kind::NotProvider { account: PROVIDER, caller: Some(CALLER), source: None }));
        assert!(error.to_string().starts_with(&format!("{CALLER} may not act for the provider {PROVIDER}")), "{error}");
    }

    #[test]
    fn who_acts_for_a_provider_is_told_of_its_registration() {
        let attempt = Context { account: Some(PROVIDER), task: Some(TASK), ..Context::default() };
        for caller in [PROVIDER, MASTER, AGENT] {
            let error = explained(said("NotProvider"), Context { caller, ..attempt }, 0, true);
            assert!(
                matches!(*error, Kind::NotProvider { account: PROVIDER, caller: None, source: Some(SOURCE) }),
                "{caller} {error}"
            );
        }
    }

    #[test]
    fn values_that_no_node_tells_are_not_made_up() {
        let lock = Context { amount: U256::from(9), ..Context::default() };
        let error = explained(said("InsufficientBalance"), lock, 0, true);
        assert!(
            matches!(*error, Kind::InsufficientBalance { account: CALLER, required, available } if required == U256::from(9) && available == U256::from(7))
        );
        let register = Context { source: Some(SOURCE), ..Context::default() };
        let error = explained(said("InsufficientLockup"), register, 0, true);
        assert!(
            matches!(*error, Kind::InsufficientLockup { required, available, .. } if required == U256::from(80) && available == U256::from(50))
        );
        for (words, context) in [
            ("InsufficientBalance", lock),
            ("InsufficientLockup", register),
            ("ExpiryTooLong", publish(NOW + 99999, 1)),
            ("PaymentTooLow", publish(NOW + 60, 1)),
            ("UnbondingNotElapsed", Context::default()),
            ("NotProvider", register),
        ] {
            let error = explained(said(words), context, 0, false);
            assert!(matches!(&*error, Kind::TxRevert { reason, hash: None, .. } if reason == words), "{error}");
        }
        // These are true without.
        let cancel = Context { task: Some(TASK), ..Context::default() };
        assert!(matches!(*explained(said("NotOwner"), cancel, 0, false), Kind::NotTaskOwner { task: Some(TASK), .. }));
        assert_eq!(explained(said("SourceInactive"), register, 0, false).code(), "sourceInactive");
        assert_eq!(explained(said("words of its own"), register, 0, true).code(), "txRevert");
    }
}
