//! The lifecycle events of `Nexus`. None of their values is indexed, so a node can only filter by name; which task or
//! source is meant is decided here.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;

use super::protocol::abi::Nexus;
use super::types::{ResponseStatus, SourceStatus, TaskStatus};
use crate::error::Error;
use crate::eth::replies::Log;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    target_arch = "wasm32",
    derive(tsify::Tsify),
    serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")
)]
#[allow(missing_docs, reason = "the fields are the contract's own; each variant is documented")]
pub enum NexusEvent {
    /// A task was published for a source.
    TaskPublished { task: Address, source: Address },
    /// A provider took a task and says what it asks (wei).
    Attempted {
        task: Address,
        provider: Address,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        suggested_payment: U256,
    },
    /// A provider answered a task.
    ResponseSubmitted { response: Address, task: Address },
    /// A response was confirmed.
    ResponseStatusChanged { response: Address, status: ResponseStatus },
    /// A task went on.
    TaskStatusChanged { task: Address, status: TaskStatus },
    /// A provider registered for a source.
    Registered {
        provider: Address,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        registrant_id: U256,
        source: Address,
        preferred_environment: u8,
    },
    /// A source was published.
    SourcePublished { source: Address },
    /// A source's terms changed.
    SourceUpdated { source: Address },
    /// A source was inactivated.
    SourceStatusChanged { source: Address, status: SourceStatus },
}

/// The first topics of all events here.
pub fn topics() -> Vec<B256> {
    vec![
        Nexus::TaskPublished::SIGNATURE_HASH,
        Nexus::Attempted::SIGNATURE_HASH,
        Nexus::ResponseSubmitted::SIGNATURE_HASH,
        Nexus::ResponseStatusChanged::SIGNATURE_HASH,
        Nexus::TaskStatusChanged::SIGNATURE_HASH,
        Nexus::Registered::SIGNATURE_HASH,
        Nexus::SourcePublished::SIGNATURE_HASH,
        Nexus::SourceUpdated::SIGNATURE_HASH,
        Nexus::SourceStatusChanged::SIGNATURE_HASH,
    ]
}

/// Reads a log of `Nexus`.
///
/// # Errors
/// [`Kind::Protocol`] for another event or data that does not fit.
pub fn decode(log: &Log) -> Result<NexusEvent, Error> {
    fn read<E: SolEvent>(log: &Log) -> Option<E> {
        (log.topics.first() == Some(&E::SIGNATURE_HASH))
            .then(|| E::decode_raw_log(log.topics.iter().copied(), &log.data).ok())
            .flatten()
    }
    let event = if let Some(e) = read::<Nexus::TaskPublished>(log) {
        NexusEvent::TaskPublished { task: e.task, source: e.source }
    } else if let Some(e) = read::<Nexus::Attempted>(log) {
        NexusEvent::Attempted { task: e.task, provider: e.provider, suggested_payment: e.suggestedPayment }
    } else if let Some(e) = read::<Nexus::ResponseSubmitted>(log) {
        NexusEvent::ResponseSubmitted { response: e.response, task: e.task }
    } else if let Some(e) = read::<Nexus::ResponseStatusChanged>(log) {
        NexusEvent::ResponseStatusChanged { response: e.response, status: ResponseStatus::try_from(e.status)? }
    } else if let Some(e) = read::<Nexus::TaskStatusChanged>(log) {
        NexusEvent::TaskStatusChanged { task: e.task, status: TaskStatus::try_from(e.status)? }
    } else if let Some(e) = read::<Nexus::Registered>(log) {
        NexusEvent::Registered {
            provider: e.provider,
            registrant_id: e.registrantId,
            source: e.source,
            preferred_environment: e.preferredEnvironment,
        }
    } else if let Some(e) = read::<Nexus::SourcePublished>(log) {
        NexusEvent::SourcePublished { source: e.source }
    } else if let Some(e) = read::<Nexus::SourceUpdated>(log) {
        NexusEvent::SourceUpdated { source: e.source }
    } else if let Some(e) = read::<Nexus::SourceStatusChanged>(log) {
        NexusEvent::SourceStatusChanged { source: e.source, status: SourceStatus::try_from(e.status)? }
    } else {
        return Err(Error::protocol("an event of Nexus", format!("log {} of {}", log.log_index, log.transaction_hash)));
    };
    Ok(event)
}

/// Which events a watcher wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Only those of this task. A confirmed response is its, once its submission was seen.
    pub task: Option<Address>,
    /// Only those of this source, its tasks' publication included.
    pub source: Option<Address>,
    /// The watched task's responses seen so far.
    responses: Vec<Address>,
}

impl Interest {
    /// Wants the events of one task, of one source, or all.
    pub const fn new(task: Option<Address>, source: Option<Address>) -> Self {
        Self { task, source, responses: Vec::new() }
    }

    /// Whether this event is wanted.
    pub fn wants(&mut self, event: &NexusEvent) -> bool {
        if let (Some(wanted), NexusEvent::ResponseSubmitted { response, task }) = (self.task, event)
            && wanted == *task
        {
            self.responses.push(*response);
        }
        let (task, source, response) = match event {
            NexusEvent::TaskPublished { task, source } => (Some(task), Some(source), None),
            NexusEvent::Attempted { task, .. } | NexusEvent::TaskStatusChanged { task, .. } => (Some(task), None, None),
            NexusEvent::ResponseSubmitted { response, task } => (Some(task), None, Some(response)),
            NexusEvent::ResponseStatusChanged { response, .. } => (None, None, Some(response)),
            NexusEvent::Registered { source, .. }
            | NexusEvent::SourcePublished { source }
            | NexusEvent::SourceUpdated { source }
            | NexusEvent::SourceStatusChanged { source, .. } => (None, Some(source), None),
        };
        match (self.task, self.source) {
            (None, None) => true,
            (Some(wanted), _) if task == Some(&wanted) => true,
            (Some(_), _) if response.is_some_and(|response| self.responses.contains(response)) => true,
            (_, Some(wanted)) => source == Some(&wanted),
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tasks_watcher_sees_its_response_confirmed_and_no_other() {
        let (task, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let (mine, theirs) = (Address::repeat_byte(3), Address::repeat_byte(4));
        let mut interest = Interest::new(Some(task), None);
        assert!(interest.wants(&NexusEvent::ResponseSubmitted { response: mine, task }));
        assert!(!interest.wants(&NexusEvent::ResponseSubmitted { response: theirs, task: other }));
        let confirmed = |response| NexusEvent::ResponseStatusChanged { response, status: ResponseStatus::Confirmed };
        assert!(interest.wants(&confirmed(mine)));
        assert!(!interest.wants(&confirmed(theirs)));
        assert!(!interest.wants(&NexusEvent::SourcePublished { source: other }));
    }
}
