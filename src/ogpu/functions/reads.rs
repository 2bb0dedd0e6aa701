//! Every getter that users call, by the name under which the package calls it: `Contract.getter`.

use alloy_sol_types::SolCall as _;

use super::{Contract, Type};
use crate::ogpu::protocol::abi;

/// A function that reads.
#[derive(Debug)]
pub struct Read {
    /// `Vault.getBalanceOf`.
    pub name: &'static str,
    /// Where it lives.
    pub contract: Contract,
    /// Its selector.
    pub selector: [u8; 4],
    /// Its parameters' names and types.
    pub inputs: &'static [(&'static str, Type)],
    /// What it answers.
    pub output: Type,
}

impl Read {
    /// The getter with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        READS.iter().find(|read| read.name == name)
    }
}

macro_rules! reads {
    ($($contract:ident . $call:ident ($($input:ident: $kind:ident),*) -> $output:ident as $name:literal;)+) => {
        /// Every getter.
        pub const READS: &[Read] = &[$(Read {
            name: concat!(stringify!($contract), ".", $name),
            contract: Contract::$contract,
            selector: abi::$contract::$call::SELECTOR,
            inputs: &[$((stringify!($input), Type::$kind)),*],
            output: Type::$output,
        }),+];
    };
}

reads! {
    Nexus.getSourceCountCall() -> Count as "getSourceCount";
    Nexus.getSourcesCall(lower: Count, upper: Count) -> Addresses as "getSources";
    Nexus.getSourceIdCall(source: Address) -> Amount as "getSourceId";
    Nexus.getActiveSourceCountCall(client: Address) -> Count as "getActiveSourceCount";
    Source.getClientCall() -> Address as "getClient";
    Source.getStatusCall() -> SourceStatus as "getStatus";
    Source.getSourceParamsCall() -> SourceParams as "getParams";
    Source.getTaskCountCall() -> Count as "getTaskCount";
    Source.getTasksCall(lower: Count, upper: Count) -> Slots as "getTasks";
    Source.getRegistrantCountCall() -> Count as "getRegistrantCount";
    Source.getRegistrantsCall(lower: Count, upper: Count) -> Slots as "getRegistrants";
    Source.getRegistrantIdCall(provider: Address) -> Amount as "getRegistrantId";
    Source.preferredEnvironmentOfCall(provider: Address) -> Small as "getPreferredEnvironmentOf";
    Task.getSourceCall() -> Address as "getSource";
    Task.getStatusCall() -> TaskStatus as "getStatus";
    Task.taskParamsCall() -> TaskParams as "getParams";
    Task.getPaymentCall() -> Amount as "getPayment";
    Task.getExpiryTimeCall() -> Count as "getExpiryTime";
    Task.getDeliveryMethodCall() -> DeliveryMethod as "getDeliveryMethod";
    Task.getAttemptCountCall() -> Count as "getAttemptCount";
    Task.getAttemptersCall(lower: Count, upper: Count) -> Slots as "getAttempters";
    Task.getAttempterIdCall(provider: Address) -> Amount as "getAttempterId";
    Task.getAttemptTimestampsCall(lower: Count, upper: Count) -> Counts as "getAttemptTimestamps";
    Task.responseOfCall(provider: Address) -> Address as "getResponseOf";
    Task.getResponsesOfCall(lower: Count, upper: Count) -> Slots as "getResponsesOf";
    Task.winningProviderCall() -> Address as "getWinningProvider";
    Task.isAlreadySubmittedCall(hash: Hash) -> Flag as "isAlreadySubmitted";
    Response.getResponseParamsCall() -> ResponseParams as "getParams";
    Response.getStatusCall() -> ResponseStatus as "getStatus";
    Response.responseTimestampCall() -> Count as "getTimestamp";
    Response.confirmedFinalCall() -> Flag as "isConfirmed";
    Terminal.getMasterOfCall(provider: Address) -> Address as "getMasterOf";
    Terminal.providerOfCall(master: Address) -> Address as "getProviderOf";
    Terminal.baseDataOfCall(provider: Address) -> Text as "getBaseDataOf";
    Terminal.liveDataOfCall(provider: Address) -> Text as "getLiveDataOf";
    Terminal.isMasterCall(account: Address) -> Flag as "isMaster";
    Terminal.isProviderCall(account: Address) -> Flag as "isProvider";
    Terminal.isAgentOfCall(account: Address, agent: Address) -> Flag as "isAgentOf";
    Terminal.defaultAgentDisabledCall(account: Address) -> Flag as "isDefaultAgentDisabled";
    Vault.getBalanceOfCall(account: Address) -> Amount as "getBalanceOf";
    Vault.getLockupOfCall(account: Address) -> Amount as "getLockupOf";
    Vault.unbondingOfCall(account: Address) -> Amount as "getUnbondingOf";
    Vault.unbondingTimestampCall(account: Address) -> Count as "getUnbondingTimestamp";
    Vault.totalEarningsOfCall(account: Address) -> Amount as "getTotalEarningsOf";
    Vault.frozenPaymentCall(account: Address) -> Amount as "getFrozenPayment";
    Vault.sanctionOfCall(account: Address) -> Amount as "getSanctionOf";
    Vault.isEligibleCall(account: Address) -> Flag as "isEligible";
    Vault.isWhitelistedCall(account: Address) -> Flag as "isWhitelisted";
    Vault.MIN_LOCKUP_PER_SOURCECall() -> Amount as "getMinLockupPerSource";
    Vault.UNBONDING_PERIODCall() -> Count as "getUnbondingPeriod";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_inputs_have_one_word() {
        let names: BTreeSet<_> = READS.iter().map(|read| read.name).collect();
        assert_eq!(names.len(), READS.len());
        for (_, kind) in READS.iter().flat_map(|read| read.inputs) {
            assert!(matches!(kind, Type::Address | Type::Count | Type::Hash), "{kind:?}");
        }
    }
}
