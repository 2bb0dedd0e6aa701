//! The events of Nexus, Terminal and Vault, as a table. But for ownership none of their values is indexed, so a node can
//! only filter by name; which task, source or account is meant is decided here.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent as _;

use super::functions::{Contract, Type, Value};
use super::protocol::abi;
use crate::error::Error;
use crate::eth::replies::Log;

/// An event's shape.
#[derive(Debug)]
pub struct Event {
    /// Its name, in the case of the package's event types.
    pub name: &'static str,
    /// Who emits it.
    pub contract: Contract,
    /// Its first topic.
    pub topic: B256,
    /// Its values' names and types.
    pub fields: &'static [(&'static str, Type)],
}

macro_rules! events {
    ($($contract:ident . $event:ident ($($field:literal: $kind:ident),*) as $name:literal;)+) => {
        /// Every event.
        pub const EVENTS: &[Event] = &[$(Event {
            name: $name,
            contract: Contract::$contract,
            topic: abi::$contract::$event::SIGNATURE_HASH,
            fields: &[$(($field, Type::$kind)),*],
        }),+];
    };
}

events! {
    Nexus.TaskPublished("task": Address, "source": Address) as "taskPublished";
    Nexus.Attempted("task": Address, "provider": Address, "suggestedPayment": Amount) as "attempted";
    Nexus.ResponseSubmitted("response": Address, "task": Address) as "responseSubmitted";
    Nexus.ResponseStatusChanged("response": Address, "status": ResponseStatus) as "responseStatusChanged";
    Nexus.TaskStatusChanged("task": Address, "status": TaskStatus) as "taskStatusChanged";
    Nexus.Registered("provider": Address, "registrantId": Amount, "source": Address, "preferredEnvironment": Small) as "registered";
    Nexus.SourcePublished("source": Address) as "sourcePublished";
    Nexus.SourceUpdated("source": Address, "params": SourceParams) as "sourceUpdated";
    Nexus.SourceStatusChanged("source": Address, "status": SourceStatus) as "sourceStatusChanged";
    Nexus.OwnershipTransferred("previousOwner": Address, "newOwner": Address) as "nexusOwnershipTransferred";
    Terminal.AgentSet("account": Address, "agent": Address, "value": Flag) as "agentSet";
    Terminal.BaseDataUpdated("provider": Address) as "baseDataUpdated";
    Terminal.DefaultAgentDisabled("master": Address, "value": Flag) as "defaultAgentDisabled";
    Terminal.LiveDataUpdated("provider": Address) as "liveDataUpdated";
    Terminal.MasterAnnounced("provider": Address, "master": Address) as "masterAnnounced";
    Terminal.ProviderAnnounced("provider": Address, "master": Address) as "providerAnnounced";
    Terminal.ProviderRemoved("provider": Address) as "providerRemoved";
    Terminal.RemoveContainer("provider": Address, "source": Address) as "removeContainer";
    Terminal.OwnershipTransferred("previousOwner": Address, "newOwner": Address) as "terminalOwnershipTransferred";
    Vault.Claimed("account": Address, "amount": Amount) as "claimed";
    Vault.Deposited("account": Address, "amount": Amount) as "deposited";
    Vault.Locked("account": Address, "amount": Amount) as "locked";
    Vault.Sanctioned("account": Address, "amount": Amount) as "sanctioned";
    Vault.Unbonded("account": Address, "amount": Amount) as "unbonded";
    Vault.UnbondingCanceled("account": Address, "amount": Amount) as "unbondingCanceled";
    Vault.Waived("account": Address, "amount": Amount) as "waived";
    Vault.Withdrawn("account": Address, "amount": Amount) as "withdrawn";
}

/// The events that make a task's and a source's life: what is watched where nothing else is said.
pub const LIFECYCLE: usize = 9;

impl Event {
    /// The event with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        EVENTS.iter().find(|event| event.name == name)
    }
}

/// What happened, with its values in the event's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// The event's name.
    pub name: &'static str,
    /// Its values; a zero address is [`Value::Nothing`].
    pub fields: Vec<(&'static str, Value)>,
}

impl Happened {
    fn address(&self, name: &str) -> Option<Address> {
        self.fields.iter().find(|(field, _)| *field == name).and_then(|(_, value)| value.address())
    }
}

/// Reads a log of one of the contracts that `emitter` knows by address.
///
/// # Errors
/// [`Kind::Protocol`](crate::error::Kind::Protocol) for another event or data that does not fit.
pub fn decode(log: &Log, emitter: impl Fn(Contract) -> Option<Address>) -> Result<Happened, Error> {
    let wrong = || Error::protocol("an event of the network", format!("log {} of {}", log.log_index, log.transaction_hash));
    let topic = log.topics.first();
    let mut known = EVENTS.iter().filter(|event| Some(&event.topic) == topic);
    let event = known.find(|event| emitter(event.contract) == Some(log.address)).ok_or_else(wrong)?;
    let mut fields = Vec::with_capacity(event.fields.len());
    for (at, (name, kind)) in event.fields.iter().enumerate() {
        let value = if *kind == Type::SourceParams {
            // The struct, as the one answer of a getter would be: its offset, then itself.
            let mut answer = U256::from(32).to_be_bytes::<32>().to_vec();
            answer.extend_from_slice(log.data.get(64..).unwrap_or_default());
            kind.read(&answer)
        } else {
            // Indexed values are topics; they come before the others, and no event here has both.
            let indexed = log.topics.get(at + 1).map(|topic| U256::from_be_bytes(topic.0));
            indexed.or_else(|| log.data.get(at * 32..at * 32 + 32).map(U256::from_be_slice)).and_then(|word| kind.read_word(word))
        };
        fields.push((*name, value.ok_or_else(wrong)?));
    }
    Ok(Happened { name: event.name, fields })
}

/// Which events a watcher wants.
#[derive(Clone, Debug, Default)]
pub struct Interest {
    /// Only these; there is at least one.
    pub names: Vec<&'static Event>,
    /// Only those of this task. A confirmed response is its, once its submission was seen.
    pub task: Option<Address>,
    /// Only those of this source, its tasks' publication included.
    pub source: Option<Address>,
    /// Only those that name this response.
    pub response: Option<Address>,
    /// Only those that name this account, as provider, master, agent or account.
    pub account: Option<Address>,
    /// The watched task's responses seen so far.
    responses: Vec<Address>,
}

impl Interest {
    /// Wants these events, whoever is meant; the lifecycle where none are named.
    pub fn new(names: Vec<&'static Event>) -> Self {
        let names = if names.is_empty() { EVENTS.iter().take(LIFECYCLE).collect() } else { names };
        Self { names, ..Self::default() }
    }

    /// Whether this event is wanted.
    pub fn wants(&mut self, event: &Happened) -> bool {
        let (task, response) = (event.address("task"), event.address("response"));
        if let (Some(wanted), Some(response)) = (self.task, response)
            && task == Some(wanted)
        {
            self.responses.push(response);
        }
        let named = self.names.iter().any(|wanted| wanted.name == event.name);
        let same = |wanted: Option<Address>, found: Option<Address>| wanted.is_none() || wanted == found;
        let of_task = same(self.task, task) || response.is_some_and(|response| self.responses.contains(&response));
        let of_account = self.account.is_none()
            || ["account", "provider", "master", "agent"].iter().any(|role| self.account == event.address(role));
        named && of_task && of_account && same(self.source, event.address("source")) && same(self.response, response)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use alloy_sol_types::SolEvent;

    use super::*;
    use crate::ogpu::protocol::abi::{Nexus, Vault};

    fn log(topics: Vec<B256>, data: Vec<u8>) -> Log {
        Log {
            address: Address::repeat_byte(1),
            topics,
            data: data.into(),
            block_number: 1,
            block_hash: B256::ZERO,
            transaction_hash: B256::ZERO,
            log_index: 0,
            removed: false,
        }
    }

    fn read(event: &impl SolEvent) -> Option<Happened> {
        let encoded = event.encode_log_data();
        decode(&log(encoded.topics().to_vec(), encoded.data.to_vec()), |_| Some(Address::repeat_byte(1))).ok()
    }

    #[test]
    fn events_are_read_as_the_bindings_write_them() {
        let (a, b) = (Address::repeat_byte(2), Address::repeat_byte(3));
        let attempted = read(&Nexus::Attempted { task: a, provider: b, suggestedPayment: U256::from(7) });
        let expected = vec![
            ("task", Value::Address(a)),
            ("provider", Value::Address(b)),
            ("suggestedPayment", Value::Amount(U256::from(7))),
        ];
        assert_eq!(attempted, Some(Happened { name: "attempted", fields: expected }));
        let owner = read(&Vault::Deposited { account: a, amount: U256::MAX });
        assert_eq!(owner.and_then(|event| event.address("account")), Some(a));
        let moved = read(&Nexus::OwnershipTransferred { previousOwner: Address::ZERO, newOwner: b });
        assert_eq!(moved.map(|event| (event.address("previousOwner"), event.address("newOwner"))), Some((None, Some(b))));
        let params = Nexus::SourceParams {
            client: a,
            imageMetadataUrl: "ipfs://x".into(),
            imageEnvironments: 3,
            minPayment: U256::from(1),
            minAvailableLockup: U256::from(2),
            maxExpiryDuration: U256::from(3),
            privacyEnabled: false,
            optionalParamsUrl: String::new(),
            deliveryMethod: 1,
            lastUpdateTime: U256::from(4),
        };
        let updated = read(&Nexus::SourceUpdated { source: b, sourceParams: params });
        let Some((_, Value::Fields(fields))) = updated.and_then(|event| event.fields.into_iter().nth(1)) else {
            unreachable!("no params");
        };
        assert_eq!(fields.first(), Some(&("client", Value::Address(a))));
        assert_eq!(fields.get(1), Some(&("imageMetadataUrl", Value::Text("ipfs://x".into()))));
    }

    #[test]
    fn names_are_unique_and_strangers_are_refused() {
        assert_eq!(EVENTS.iter().map(|event| event.name).collect::<BTreeSet<_>>().len(), EVENTS.len());
        let topics: BTreeSet<_> = EVENTS.iter().map(|event| (event.topic, event.contract as u8)).collect();
        assert_eq!(topics.len(), EVENTS.len());
        assert!(decode(&log(vec![B256::ZERO], Vec::new()), |_| Some(Address::repeat_byte(1))).is_err());
        let claimed = Vault::Claimed::SIGNATURE_HASH;
        assert!(decode(&log(vec![claimed], vec![0; 63]), |_| Some(Address::repeat_byte(1))).is_err());
        assert!(decode(&log(vec![claimed], vec![0; 64]), |_| Some(Address::repeat_byte(9))).is_err());
    }

    #[test]
    fn a_tasks_watcher_sees_its_response_confirmed_and_no_other() {
        let (task, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let (mine, theirs) = (Address::repeat_byte(3), Address::repeat_byte(4));
        let mut interest = Interest { task: Some(task), ..Interest::new(Vec::new()) };
        let submitted = |response, task| Happened {
            name: "responseSubmitted",
            fields: vec![("response", Value::Address(response)), ("task", Value::Address(task))],
        };
        let confirmed = |response| Happened {
            name: "responseStatusChanged",
            fields: vec![("response", Value::Address(response)), ("status", Value::Name("CONFIRMED"))],
        };
        assert!(interest.wants(&submitted(mine, task)));
        assert!(!interest.wants(&submitted(theirs, other)));
        assert!(interest.wants(&confirmed(mine)));
        assert!(!interest.wants(&confirmed(theirs)));
        assert!(!interest.wants(&Happened { name: "sourcePublished", fields: vec![("source", Value::Address(other))] }));
        assert!(!interest.wants(&Happened { name: "deposited", fields: vec![("account", Value::Address(other))] }));
    }
}
