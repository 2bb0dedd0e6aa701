//! The values that go in and come out, and their ABI words.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolValue};

use crate::ogpu::protocol::abi::{Response, Source, Task};
use crate::ogpu::types::{DeliveryMethod, ResponseStatus, SourceStatus, TaskStatus};

/// What a word or an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `address`.
    Address,
    /// `uint256` of wei, or an id without a bound.
    Amount,
    /// `uint256` that counts or is a time in seconds; beyond 2^53 it is the end of time.
    Count,
    /// `uint8` that is a number.
    Small,
    /// `bool`.
    Flag,
    /// `bytes32`.
    Hash,
    /// `string`.
    Text,
    /// `address[]`; zero addresses are removed slots and are left out.
    Addresses,
    /// `address[]` with its zero addresses.
    Slots,
    /// `uint256[]` of times in seconds.
    Counts,
    /// `uint8` of a task's status.
    TaskStatus,
    /// `uint8` of a source's status.
    SourceStatus,
    /// `uint8` of a response's status.
    ResponseStatus,
    /// `uint8` of a delivery method.
    DeliveryMethod,
    /// A source's terms.
    SourceParams,
    /// A task's terms.
    TaskParams,
    /// A response's terms.
    ResponseParams,
}

/// A value of one of the types.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named by what they hold")]
pub enum Value {
    /// Absent: the zero address.
    Nothing,
    Address(Address),
    Amount(U256),
    Number(u64),
    Flag(bool),
    Hash(B256),
    Text(String),
    /// A member of a closed set, by its official name.
    Name(&'static str),
    List(Vec<Self>),
    Fields(Vec<(&'static str, Self)>),
}

impl Value {
    /// As a word of calldata. Only values with one word go in.
    pub fn word(&self) -> Option<[u8; 32]> {
        Some(match self {
            Self::Nothing => [0; 32],
            Self::Address(address) => address.into_word().0,
            Self::Amount(amount) => amount.to_be_bytes(),
            Self::Number(number) => U256::from(*number).to_be_bytes(),
            Self::Flag(flag) => U256::from(u8::from(*flag)).to_be_bytes(),
            Self::Hash(hash) => hash.0,
            Self::Text(_) | Self::Name(_) | Self::List(_) | Self::Fields(_) => return None,
        })
    }

    /// The address, where it is one.
    pub const fn address(&self) -> Option<Address> {
        match self {
            Self::Address(address) => Some(*address),
            _ => None,
        }
    }

    /// The amount or number, where it is one.
    pub fn amount(&self) -> Option<U256> {
        match self {
            Self::Amount(amount) => Some(*amount),
            Self::Number(number) => Some(U256::from(*number)),
            _ => None,
        }
    }

    fn optional(address: Address) -> Self {
        if address.is_zero() { Self::Nothing } else { Self::Address(address) }
    }

    /// A count or a time; one beyond 2^53 is the end of time.
    fn count(value: U256) -> Self {
        const MAX_SAFE: u64 = (1 << 53) - 1;
        Self::Number(u64::try_from(value).unwrap_or(MAX_SAFE).min(MAX_SAFE))
    }
}

/// A closed set's member by its number.
fn member<T: TryFrom<u8>>(word: U256, name: fn(T) -> &'static str) -> Option<Value> {
    u8::try_from(word).ok().and_then(|number| T::try_from(number).ok()).map(|member| Value::Name(name(member)))
}

impl Type {
    /// Reads one word, from calldata or a log.
    pub fn read_word(self, word: U256) -> Option<Value> {
        Some(match self {
            Self::Address => {
                let bytes: [u8; 32] = word.to_be_bytes();
                let (padding, address) = bytes.split_at(12);
                padding.iter().all(|byte| *byte == 0).then(|| Value::optional(Address::from_slice(address)))?
            }
            Self::Amount => Value::Amount(word),
            Self::Count => Value::count(word),
            Self::Small => Value::Number(u64::from(u8::try_from(word).ok()?)),
            Self::Flag => Value::Flag(u8::try_from(word).ok().filter(|flag| *flag < 2)? == 1),
            Self::Hash => Value::Hash(word.into()),
            Self::TaskStatus => member(word, TaskStatus::name)?,
            Self::SourceStatus => member(word, SourceStatus::name)?,
            Self::ResponseStatus => member(word, ResponseStatus::name)?,
            Self::DeliveryMethod => member(word, DeliveryMethod::name)?,
            Self::Text
            | Self::Addresses
            | Self::Slots
            | Self::Counts
            | Self::SourceParams
            | Self::TaskParams
            | Self::ResponseParams => return None,
        })
    }

    /// Reads what a function returned.
    pub fn read(self, data: &[u8]) -> Option<Value> {
        match self {
            Self::Text => String::abi_decode(data).ok().map(Value::Text),
            Self::Addresses | Self::Slots => {
                let list = <Vec<Address>>::abi_decode(data).ok()?;
                let kept = list.into_iter().filter(|address| self == Self::Slots || !address.is_zero());
                Some(Value::List(kept.map(Value::optional).collect()))
            }
            Self::Counts => {
                let list = <Vec<U256>>::abi_decode(data).ok()?;
                Some(Value::List(list.into_iter().map(Value::count).collect()))
            }
            Self::SourceParams => Source::getSourceParamsCall::abi_decode_returns(data).ok().and_then(source_params),
            Self::TaskParams => {
                let params = Task::taskParamsCall::abi_decode_returns(data).ok()?;
                Some(Value::Fields(vec![
                    ("source", Value::Address(params.source)),
                    ("config", Value::Text(params.config)),
                    ("expiryTime", Value::count(params.expiryTime)),
                    ("payment", Value::Amount(params.payment)),
                ]))
            }
            Self::ResponseParams => {
                let params = Response::getResponseParamsCall::abi_decode_returns(data).ok()?;
                Some(Value::Fields(vec![
                    ("task", Value::Address(params.task)),
                    ("provider", Value::Address(params.provider)),
                    ("data", Value::Text(params.data)),
                    ("payment", Value::Amount(params.payment)),
                ]))
            }
            one_word => data.get(..32).and_then(|word| one_word.read_word(U256::from_be_slice(word))),
        }
    }
}

/// A source's terms as fields.
fn source_params(params: Source::SourceParams) -> Option<Value> {
    Some(Value::Fields(vec![
        ("client", Value::Address(params.client)),
        ("imageMetadataUrl", Value::Text(params.imageMetadataUrl)),
        ("imageEnvironments", Value::Number(u64::from(params.imageEnvironments))),
        ("minPayment", Value::Amount(params.minPayment)),
        ("minAvailableLockup", Value::Amount(params.minAvailableLockup)),
        ("maxExpiryDuration", Value::Amount(params.maxExpiryDuration)),
        ("privacyEnabled", Value::Flag(params.privacyEnabled)),
        ("optionalParamsUrl", Value::Text(params.optionalParamsUrl)),
        ("deliveryMethod", Type::DeliveryMethod.read_word(U256::from(params.deliveryMethod))?),
        ("lastUpdateTime", Value::Amount(params.lastUpdateTime)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_word_is_read_as_it_was_written(amount in proptest::array::uniform32(0_u8..), flag: bool, count in 0_u64..1 << 53) {
            let address = Address::from_slice(amount.split_at(12).1);
            for (kind, value) in [
                (Type::Amount, Value::Amount(U256::from_be_bytes(amount))),
                (Type::Hash, Value::Hash(amount.into())),
                (Type::Address, Value::optional(address)),
                (Type::Flag, Value::Flag(flag)),
                (Type::Count, Value::Number(count)),
            ] {
                proptest::prop_assert_eq!(value.word().and_then(|word| kind.read(&word)), Some(value));
            }
        }

        #[test]
        fn any_answer_is_read_or_refused(data in proptest::collection::vec(0_u8.., 0..200)) {
            for kind in [Type::Text, Type::Addresses, Type::Counts, Type::SourceParams, Type::TaskParams, Type::ResponseParams, Type::TaskStatus] {
                let _ = kind.read(&data);
            }
        }
    }

    #[test]
    fn dirty_words_are_refused() {
        assert_eq!(Type::Address.read(&[1; 32]), None);
        assert_eq!(Type::Flag.read(&U256::from(2).to_be_bytes::<32>()), None);
        assert_eq!(Type::TaskStatus.read(&U256::from(9).to_be_bytes::<32>()), None);
        assert_eq!(Type::Amount.read(&[0; 31]), None);
        assert_eq!(Type::Count.read(&[255; 32]), Some(Value::Number((1 << 53) - 1)));
    }
}
