//! What the wallet signs: EIP-712 values as the text of `eth_signTypedData_v4`, and the digest that they must have.
//!
//! The types are few and fixed, so their hashes stand here, and the tests take them of the type strings. The text's `types`
//! are the members of the same strings.

use std::cell::RefCell;

use alloy_primitives::{Address, B256, U256, b256, keccak256};

use super::offer::{Offer, Scheme};
use super::{EXACT_PROXY, PERMIT2, UPTO_PROXY};
use crate::eth::checksum::text;
use crate::json::quote;

/// A type: its string and those of the types that it refers to, and the hash of all of them.
struct Type {
    strings: &'static [&'static str],
    hash: B256,
}

const DOMAIN: Type = Type {
    strings: &["EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"],
    hash: b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f"),
};
/// Permit2's domain has no version.
const PERMIT2_DOMAIN: Type = Type {
    strings: &["EIP712Domain(string name,uint256 chainId,address verifyingContract)"],
    hash: b256!("8cad95687ba82c2ce50e74f7b754645e5117c3a5bec8151c0726d5857980a866"),
};
const TRANSFER: Type = Type {
    strings: &[
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
    ],
    hash: b256!("7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267"),
};
const PERMIT: Type = Type {
    strings: &["Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"],
    hash: b256!("6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"),
};
const TOKEN_PERMISSIONS: Type = Type {
    strings: &["TokenPermissions(address token,uint256 amount)"],
    hash: b256!("618358ac3db8dc274f0cd8829da7e234bd48cd73c4a740aede1adec9846d06a1"),
};
const EXACT_WITNESS: Type = Type {
    strings: &["Witness(address to,uint256 validAfter)"],
    hash: b256!("d97b3239a7f32295517bd14cb074edfdd188dfe5eb42f802bb26d4fd1eb12c37"),
};
const UPTO_WITNESS: Type = Type {
    strings: &["Witness(address to,address facilitator,uint256 validAfter)"],
    hash: b256!("d4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b75"),
};
const WITNESS_TRANSFER: &str =
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)";
const EXACT_TRANSFER: Type = Type {
    strings: &[WITNESS_TRANSFER, TOKEN_PERMISSIONS.strings[0], EXACT_WITNESS.strings[0]],
    hash: b256!("ebc156cd23678a74c94df13d772ef5478420637f0c94bd10d509e1dc98f521c7"),
};
const UPTO_TRANSFER: Type = Type {
    strings: &[WITNESS_TRANSFER, TOKEN_PERMISSIONS.strings[0], UPTO_WITNESS.strings[0]],
    hash: b256!("51dff6974ad4388c499e7fcfe838d2bd767162553a144098ce20ea661d70c2ee"),
};

/// Typed data, ready for a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedData {
    /// The second parameter of `eth_signTypedData_v4`, as JSON text.
    pub json: String,
    /// What is signed in the end.
    pub digest: B256,
    /// The message's members with `from`, as the payment's payload carries them: JSON text.
    pub payload: String,
}

/// A domain: the contract that will check the signature, and what it calls itself.
pub(crate) struct Domain<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
    pub(crate) chain_id: u64,
    pub(crate) contract: Address,
}

/// A domain's members and its separator.
type Separated = ((String, Option<String>, u64, Address), B256);

thread_local! {
    /// The last domain: whoever pays again mostly pays with the same token on the same chain.
    static LAST: RefCell<Separated> = const { RefCell::new(((String::new(), None, 0, Address::ZERO), B256::ZERO)) };
}

impl Domain<'_> {
    const fn kind(&self) -> &'static Type {
        if self.version.is_some() { &DOMAIN } else { &PERMIT2_DOMAIN }
    }

    fn separator(&self) -> B256 {
        let mut words = vec![keccak256(self.name)];
        words.extend(self.version.map(keccak256));
        words.extend([number(self.chain_id), self.contract.into_word()]);
        hash_struct(self.kind(), &words)
    }

    /// The separator; the last one is remembered.
    fn known_separator(&self) -> B256 {
        LAST.with_borrow_mut(|((name, version, chain_id, contract), separator)| {
            let same = name == self.name && version.as_deref() == self.version;
            if !(same && *chain_id == self.chain_id && *contract == self.contract && !separator.is_zero()) {
                *separator = self.separator();
                (*name, *version) = (self.name.to_owned(), self.version.map(str::to_owned));
                (*chain_id, *contract) = (self.chain_id, self.contract);
            }
            *separator
        })
    }

    /// What is signed for a struct with this hash.
    pub(crate) fn digest(&self, struct_hash: B256) -> B256 {
        keccak256([b"\x19\x01", self.known_separator().as_slice(), struct_hash.as_slice()].concat())
    }
}

/// `hashStruct` of a type whose members are each one word.
fn hash_struct(kind: &Type, words: &[B256]) -> B256 {
    let mut bytes = Vec::with_capacity(32 * (words.len() + 1));
    bytes.extend_from_slice(kind.hash.as_slice());
    for word in words {
        bytes.extend_from_slice(word.as_slice());
    }
    keccak256(bytes)
}

fn number(value: u64) -> B256 {
    U256::from(value).into()
}

/// The entries of `types`.
fn push_types(out: &mut String, kind: &Type) {
    for one in kind.strings {
        let Some((name, members)) = one.trim_end_matches(')').split_once('(') else { continue };
        out.push_str(if out.ends_with('{') { "\"" } else { ",\"" });
        out.push_str(name);
        out.push_str("\":[");
        for (at, member) in members.split(',').enumerate() {
            let (kind, name) = member.split_once(' ').unwrap_or_default();
            out.push_str(if at == 0 { "" } else { "," });
            out.push_str(&[r#"{"name":""#, name, r#"","type":""#, kind, r#""}"#].concat());
        }
        out.push(']');
    }
}

fn typed(domain: &Domain<'_>, kind: &Type, struct_hash: B256, message: &str, payload: String) -> TypedData {
    let digest = domain.digest(struct_hash);
    let mut json = String::from(r#"{"types":{"#);
    push_types(&mut json, domain.kind());
    push_types(&mut json, kind);
    let primary = kind.strings.first().and_then(|one| one.split('(').next()).unwrap_or_default();
    json.push_str(&[r#"},"primaryType":""#, primary, r#"","domain":{"name":"#, &quote(domain.name)].concat());
    if let Some(version) = domain.version {
        json.push_str(r#","version":"#);
        json.push_str(&quote(version));
    }
    let (chain_id, contract) = (domain.chain_id.to_string(), text(domain.contract));
    json.push_str(
        &[r#","chainId":"#, &chain_id, r#","verifyingContract":""#, &contract, r#""},"message":{"#, message, "}}"].concat(),
    );
    TypedData { json, digest, payload }
}

/// The span in which a signature is good, in unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// After this.
    pub after: u64,
    /// Before this.
    pub before: u64,
}

/// EIP-3009's transfer of exactly the offer's amount, in the token's own domain.
pub fn transfer_with_authorization(offer: &Offer, domain: (&str, &str), from: Address, span: Span, nonce: B256) -> TypedData {
    let words = [from.into_word(), offer.pay_to.into_word(), offer.amount.into(), number(span.after), number(span.before), nonce];
    let message = format!(
        r#""from":"{}","to":"{}","value":"{}","validAfter":"{}","validBefore":"{}","nonce":"{nonce}""#,
        text(from),
        text(offer.pay_to),
        offer.amount,
        span.after,
        span.before
    );
    let domain = Domain { name: domain.0, version: Some(domain.1), chain_id: offer.chain_id, contract: offer.asset };
    let payload = ["{", &message, "}"].concat();
    typed(&domain, &TRANSFER, hash_struct(&TRANSFER, &words), &message, payload)
}

/// A transfer that Permit2 makes for whoever signs it. x402's contracts add a witness: who gets it in the end and, with
/// `upto`, at whose call.
pub(crate) struct WitnessTransfer {
    pub(crate) token: Address,
    pub(crate) amount: U256,
    pub(crate) spender: Address,
    pub(crate) nonce: U256,
    pub(crate) deadline: U256,
    pub(crate) to: Address,
    pub(crate) facilitator: Option<Address>,
    pub(crate) valid_after: U256,
}

impl WitnessTransfer {
    const fn kind(&self) -> &'static Type {
        if self.facilitator.is_some() { &UPTO_TRANSFER } else { &EXACT_TRANSFER }
    }

    /// `hashStruct`.
    pub(crate) fn hash(&self) -> B256 {
        let (to, after) = (self.to.into_word(), self.valid_after.into());
        let witness = match self.facilitator {
            Some(facilitator) => hash_struct(&UPTO_WITNESS, &[to, facilitator.into_word(), after]),
            None => hash_struct(&EXACT_WITNESS, &[to, after]),
        };
        let permitted = hash_struct(&TOKEN_PERMISSIONS, &[self.token.into_word(), self.amount.into()]);
        let words = [permitted, self.spender.into_word(), self.nonce.into(), self.deadline.into(), witness];
        hash_struct(self.kind(), &words)
    }
}

/// Permit2's transfer of the offer's amount to x402's contract, which passes it on to the receiver; with `upto` up to the
/// amount, and only at the facilitator's call.
pub fn permit_witness_transfer(offer: &Offer, from: Address, span: Span, nonce: U256) -> TypedData {
    let transfer = WitnessTransfer {
        token: offer.asset,
        amount: offer.amount,
        spender: match offer.scheme {
            Scheme::Exact => EXACT_PROXY,
            Scheme::Upto => UPTO_PROXY,
        },
        nonce,
        deadline: U256::from(span.before),
        to: offer.pay_to,
        facilitator: offer.facilitator,
        valid_after: U256::from(span.after),
    };
    let facilitator = offer.facilitator.map(|account| format!(r#""facilitator":"{}","#, text(account))).unwrap_or_default();
    let message = format!(
        r#""permitted":{{"token":"{}","amount":"{}"}},"spender":"{}","nonce":"{nonce}","deadline":"{}","witness":{{"to":"{}",{facilitator}"validAfter":"{}"}}"#,
        text(transfer.token),
        transfer.amount,
        text(transfer.spender),
        span.before,
        text(transfer.to),
        span.after
    );
    let payload = format!(r#"{{"from":"{}",{message}}}"#, text(from));
    let domain = Domain { name: "Permit2", version: None, chain_id: offer.chain_id, contract: PERMIT2 };
    typed(&domain, transfer.kind(), transfer.hash(), &message, payload)
}

/// EIP-2612's allowance for Permit2 of exactly the offer's amount: x402's contract reverts on any other. `nonce` is the
/// token's `nonces(owner)`.
pub fn permit(offer: &Offer, domain: (&str, &str), owner: Address, nonce: U256, deadline: u64) -> TypedData {
    let words = [owner.into_word(), PERMIT2.into_word(), offer.amount.into(), nonce.into(), number(deadline)];
    let message = format!(
        r#""owner":"{}","spender":"{}","value":"{}","nonce":"{nonce}","deadline":"{deadline}""#,
        text(owner),
        text(PERMIT2),
        offer.amount
    );
    let domain = Domain { name: domain.0, version: Some(domain.1), chain_id: offer.chain_id, contract: offer.asset };
    typed(&domain, &PERMIT, hash_struct(&PERMIT, &words), &message, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_hash_is_that_of_its_strings() {
        for kind in [
            DOMAIN,
            PERMIT2_DOMAIN,
            TRANSFER,
            PERMIT,
            TOKEN_PERMISSIONS,
            EXACT_WITNESS,
            UPTO_WITNESS,
            EXACT_TRANSFER,
            UPTO_TRANSFER,
        ] {
            assert_eq!(kind.hash, keccak256(kind.strings.concat()), "{:?}", kind.strings);
        }
    }

    #[test]
    fn a_domain_is_remembered_and_no_other_taken_for_it() {
        let domain = |at: u8| Domain {
            name: if at & 1 == 0 { "Permit2" } else { "USD Coin" },
            version: [None, Some("1"), Some("2"), Some("")].get(usize::from(at >> 1 & 3)).copied().flatten(),
            chain_id: u64::from(at >> 3 & 1),
            contract: Address::repeat_byte(at >> 4),
        };
        for at in (0..=255).chain((0..=255).rev()) {
            let domain = domain(at);
            for _ in 0..2 {
                assert_eq!(domain.known_separator(), domain.separator(), "{at}");
            }
        }
    }
}
