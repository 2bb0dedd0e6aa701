//! Every function that users may call and that changes the chain, by the name under which the package calls it.
//!
//! Left out, as the official SDK leaves them out: `submitResponse`, `setBaseData` and `setLiveData`, which are claims about
//! work done that only a provider's runtime may make; and what only owners, controllers and judges may call. Publishing,
//! which takes structs, is in [`protocol`](crate::ogpu::protocol).

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall as _;

use super::{Contract, Type, Value, calldata};
use crate::error::{Error, Kind};
use crate::eth::call::WriteCall;
use crate::ogpu::network::{Contracts, TESTNET};
use crate::ogpu::protocol::abi;
use crate::ogpu::revert::Context;

/// What an argument means to whoever explains a revert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The source that the call is about.
    Source,
    /// The task that the call is about.
    Task,
    /// The response that the call is about.
    Response,
    /// The account that must have a role, stake or balance, in place of the sender.
    Account,
    /// The wei that the call needs.
    Amount,
    /// The wei that go with the transaction, and no argument of the function.
    Value,
    /// The wei that go with the transaction and are an argument too.
    AmountAndValue,
    /// Nothing of these.
    Plain,
}

/// A function that writes.
#[derive(Debug)]
pub struct Write {
    /// `Vault.deposit`.
    pub name: &'static str,
    /// Where it lives.
    pub contract: Contract,
    /// Its selector.
    pub selector: [u8; 4],
    /// Its parameters' names, types and roles.
    pub inputs: &'static [(&'static str, Type, Role)],
}

impl Write {
    /// The function with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        WRITES.iter().find(|write| write.name == name)
    }

    /// `Controller.confirmResponse`.
    ///
    /// # Errors
    /// None, as long as the table has it.
    pub fn confirm_response(contracts: &Contracts, response: Address) -> Result<(WriteCall, Context), Error> {
        let write = Self::named("Controller.confirmResponse").ok_or_else(|| Error::protocol("a writer of the table", "none"))?;
        write.call(contracts, 0, &[Value::Address(response)])
    }

    /// The call with these arguments, one for each input, and what it is about.
    ///
    /// # Errors
    /// [`Kind::NotOnNetwork`] for what a network's contracts lack.
    pub fn call(&self, contracts: &Contracts, chain_id: u64, arguments: &[Value]) -> Result<(WriteCall, Context), Error> {
        if chain_id == TESTNET && self.name == "Vault.cancelUnbonding" {
            return Err(Error::from(Kind::NotOnNetwork { function: self.name, chain_id }));
        }
        let mut context = Context::default();
        let mut value = U256::ZERO;
        let mut words = Vec::new();
        for ((_, _, role), argument) in self.inputs.iter().zip(arguments) {
            match role {
                Role::Source => context.source = argument.address(),
                Role::Task => context.task = argument.address(),
                Role::Response => context.response = argument.address(),
                Role::Account => context.account = argument.address(),
                Role::Amount | Role::AmountAndValue | Role::Value => context.amount = argument.amount().unwrap_or_default(),
                Role::Plain => {}
            }
            if matches!(role, Role::Value | Role::AmountAndValue) {
                value = context.amount;
            }
            if *role != Role::Value {
                words.extend(argument.word());
            }
        }
        // Writers live on the contracts that exist once.
        let to = self.contract.singleton(contracts).unwrap_or_default();
        Ok((WriteCall::raw(to, calldata(self.selector, &words)).with_value(value), context))
    }
}

macro_rules! writes {
    ($($contract:ident . $call:ident ($($input:ident: $kind:ident $role:ident),*) as $name:literal;)+) => {
        /// Every writer.
        pub const WRITES: &[Write] = &[$(Write {
            name: concat!(stringify!($contract), ".", $name),
            contract: Contract::$contract,
            selector: abi::$contract::$call::SELECTOR,
            inputs: &[$((stringify!($input), Type::$kind, Role::$role)),*],
        }),+];
    };
}

writes! {
    Nexus.inactivateSourceCall(source: Address Source) as "inactivateSource";
    Nexus.registerCall(source: Address Source, provider: Address Account, environment: Small Plain) as "register";
    Nexus.unregisterCall(source: Address Source, provider: Address Account) as "unregister";
    Nexus.attemptCall(task: Address Task, provider: Address Account, suggestedPayment: Amount Plain) as "attempt";
    Controller.confirmResponseCall(response: Address Response) as "confirmResponse";
    Controller.cancelTaskCall(task: Address Task) as "cancelTask";
    Terminal.setAgentCall(agent: Address Plain, value: Flag Plain) as "setAgent";
    Terminal.announceMasterCall(master: Address Plain) as "announceMaster";
    Terminal.announceProviderCall(provider: Address Account, amount: Amount AmountAndValue) as "announceProvider";
    Terminal.removeProviderCall(provider: Address Account) as "removeProvider";
    Terminal.removeContainerCall(provider: Address Account, source: Address Source) as "removeContainer";
    Terminal.setDefaultAgentDisabledCall(value: Flag Plain) as "setDefaultAgentDisabled";
    Vault.depositCall(account: Address Plain, amount: Amount Value) as "deposit";
    Vault.withdrawCall(amount: Amount Amount) as "withdraw";
    Vault.lockCall(amount: Amount Amount) as "lock";
    Vault.unbondCall(amount: Amount Amount) as "unbond";
    Vault.cancelUnbondingCall() as "cancelUnbonding";
    Vault.claimCall() as "claim";
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolCall;

    use super::*;
    use crate::eth::rpc::transaction_params;
    use crate::ogpu::protocol::abi::{Nexus, Terminal, Vault};

    fn contracts() -> Contracts {
        let at = |byte| Address::repeat_byte(byte);
        Contracts { nexus: at(1), controller: at(2), terminal: at(3), vault: at(4) }
    }

    fn made(name: &str, arguments: &[Value]) -> Option<(WriteCall, Context)> {
        Write::named(name).and_then(|write| write.call(&contracts(), 1, arguments).ok())
    }

    #[test]
    fn calldata_is_what_the_bindings_encode() {
        let (source, provider) = (Address::repeat_byte(0xa), Address::repeat_byte(0xb));
        let call = made("Nexus.register", &[Value::Address(source), Value::Address(provider), Value::Number(2)]);
        let expected = Nexus::registerCall { source, provider, preferredEnvironment: 2 }.abi_encode();
        assert_eq!(call.as_ref().map(|(call, _)| call.data.to_vec()), Some(expected));
        assert_eq!(call.map(|(_, context)| (context.source, context.account)), Some((Some(source), Some(provider))));
        let call = made("Terminal.setAgent", &[Value::Address(source), Value::Flag(true)]);
        assert_eq!(
            call.map(|(call, _)| call.data.to_vec()),
            Some(Terminal::setAgentCall { agent: source, value: true }.abi_encode())
        );
    }

    #[test]
    fn what_is_paid_goes_with_the_call() {
        let (account, amount) = (Address::repeat_byte(0xa), U256::from(7));
        let deposit = made("Vault.deposit", &[Value::Address(account), Value::Amount(amount)]);
        let expected = WriteCall::new(contracts().vault, &Vault::depositCall { account }).with_value(amount);
        assert_eq!(deposit.map(|(call, _)| call), Some(expected));
        let announce = made("Terminal.announceProvider", &[Value::Address(account), Value::Amount(amount)]);
        let expected = WriteCall::new(contracts().terminal, &Terminal::announceProviderCall { provider: account, amount })
            .with_value(amount);
        assert_eq!(announce.map(|(call, _)| call), Some(expected));
    }

    #[test]
    fn the_wallet_is_asked_for_just_the_amount_that_was_passed() {
        let account = Address::repeat_byte(0xa);
        for amount in [U256::ZERO, U256::from(7), U256::MAX] {
            let call = WriteCall::new(contracts().vault, &Vault::depositCall { account }).with_value(amount);
            let asked = transaction_params(account, &call, "}]".to_owned());
            assert!(asked.contains(&format!(r#","value":"0x{amount:x}","#)), "{asked}");
        }
    }

    #[test]
    fn what_testnet_lacks_is_said() {
        let error = Write::named("Vault.cancelUnbonding").map(|write| write.call(&contracts(), TESTNET, &[]));
        assert!(error.is_some_and(|result| result.is_err_and(|error| error.code() == "notOnNetwork")));
    }
}
