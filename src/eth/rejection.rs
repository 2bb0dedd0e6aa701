//! When a wallet's failure is a person's no, which comes before anything is signed.
//!
//! Wallets say it in many ways, and a wallet passes on what its node says in the same field. So there are two sides to take
//! care of: a no that is not known becomes a search for a transaction that does not exist, and a node's words that are taken
//! for a no would tell of a transaction that may be out that nothing was sent. Where a message can be read in both ways it is
//! no rejection, and the chain is asked.

use crate::io::WalletFailure;

/// What a rejection is known by.
#[derive(Debug)]
pub enum Sign {
    /// The failure's number, whatever is said with it.
    Code(i64),
    /// A word in the place of the number.
    Name(&'static str),
    /// Words that name the person, one phrase or another. No node speaks of a person, so that they count with every number that
    /// has no other meaning, and with anything around them, as libraries put it there.
    Person(&'static [&'static str]),
    /// Words that a node or a service between could say too, in this order. They count without a number or with one that says
    /// nothing (−32603, −32000), where they end their line and the line speaks of no machine. Not with −32003: there
    /// "transaction rejected" is the standard text (EIP-1474), and nodes use it.
    Bare(&'static [&'static str]),
}

use Sign::{Bare, Code, Name, Person};

/// Every known rejection, for every method, and where it was met. Words are in lower case; `didUserReject` is Uniswap's table.
pub const REJECTIONS: &[Sign] = &[
    // EIP-1193: the user rejected the request.
    Code(4001),
    // WalletConnect's SDK: USER_REJECTED.
    Code(5000),
    // EIP-5792: the user or the wallet's settings refuse the upgrade of the account (didUserReject).
    Code(5750),
    // ethers 5.7 and 6, in `code`.
    Name("ACTION_REJECTED"),
    // MetaMask's rpc-errors, viem, Fireblocks (didUserReject).
    Person(&["user rejected"]),
    // MetaMask; Coinbase: "User denied account authorization" (didUserReject).
    Person(&["user denied"]),
    // Frame (didUserReject).
    Person(&["user declined"]),
    // WalletConnect (CAIP-25): "User disapproved requested methods".
    Person(&["user disapproved"]),
    // Trust: "User cancelled" and "User canceled" (didUserReject).
    Person(&["user cancel"]),
    // SafePal (didUserReject), Trezor.
    Person(&["cancelled by user", "cancelled by the user", "canceled by user", "canceled by the user"]),
    // web3-react's connectors.
    Person(&["rejected by user", "rejected by the user"]),
    // web3-react: "Rejected request from user".
    Person(&["rejected request from user", "rejected request from the user"]),
    // Ledger, status 0x6985: "Condition of use not satisfied (denied by the user?)".
    Person(&["denied by user", "denied by the user"]),
    // Rainbow: "Request rejected" (didUserReject).
    Bare(&["request", "rejected"]),
    // web3-react: "rejected the request".
    Bare(&["rejected", "request"]),
    // Solflare (didUserReject).
    Bare(&["connection rejected"]),
    // PancakeSwap's table.
    Bare(&["transaction was rejected"]),
    // Frame (didUserReject).
    Bare(&["declined"]),
    // Binance (didUserReject), Web3Modal.
    Bare(&["closed", "modal"]),
    // web3-react: "modal closed", "modal is closed".
    Bare(&["modal", "closed"]),
    // Wallets with a window of their own: "window was closed".
    Bare(&["window", "closed"]),
    // WalletConnect, when its dialog is closed before the answer: "Connection request reset. Please try again."
    Bare(&["connection request reset"]),
];

/// Numbers that have a meaning of their own, which words do not change (EIP-1193, EIP-1474, EIP-5792, the nodes' 3 for a revert).
const fn has_other_meaning(code: i64) -> bool {
    matches!(code, 3 | 4100 | 4200 | 4900..=4902 | 5700..=5760 | -32700 | -32602..=-32600 | -32005 | -32004 | -32002 | -32001)
}

/// What a node says of a transaction that it has or had before it, and what leaves open who gave up. With any of these in a
/// message nothing else in it proves a person's no (spec: MetaMask's service, ethers and viem send a raw transaction again).
const CONTRADICTIONS: &[&str] = &[
    "nonce too",
    "invalid nonce",
    "already known",
    "alreadyknown",
    "known transaction",
    "already imported",
    "underpriced",
    "insufficient funds",
    "eth_sendrawtransaction",
    "pool",
    "execution reverted",
    "timed out",
    "timeout",
];

/// Who else rejects requests and transactions.
const MACHINES: &[&str] = &[
    "node",
    "too many",
    "rpc",
    "server",
    "http",
    "api",
    "network rejected",
    "sequencer",
    "validator",
    "bundler",
    "paymaster",
    "relay",
    "nonce",
    "gas",
    "fee",
    "funds",
    "limit",
    "replac",
    "raw",
];

/// Whether `name`, in the place of a failure's number, is a rejection.
pub fn is_rejection_name(name: &str) -> bool {
    REJECTIONS.iter().any(|sign| matches!(sign, Name(known) if *known == name))
}

/// Whether a wallet's failure is a person's no. It surely comes before signing: nothing was sent.
pub fn is_rejection(failure: &WalletFailure) -> bool {
    let code = failure.said.code;
    if REJECTIONS.iter().any(|sign| matches!(sign, Code(known) if code == Some(*known))) {
        return true;
    }
    if code.is_some_and(has_other_meaning) {
        return false;
    }
    let words = failure.said.message.to_ascii_lowercase();
    if holds_any(&words, CONTRADICTIONS) {
        return false;
    }
    let vague = matches!(code, None | Some(-32603 | -32000));
    // viem puts the wallet's own words on a line of their own, after its own.
    words.lines().any(|line| {
        REJECTIONS.iter().any(|sign| match sign {
            Person(phrases) => holds_any(line, phrases),
            Bare(parts) => vague && !holds_any(line, MACHINES) && after(line, parts).is_some_and(ends),
            Code(_) | Name(_) => false,
        })
    })
}

fn holds_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What follows the parts in their order.
fn after<'a>(text: &'a str, parts: &[&str]) -> Option<&'a str> {
    parts.iter().try_fold(text, |rest, part| rest.split_once(part).map(|(_, rest)| rest))
}

/// What may still be said: where it happened, or by whom.
const TAILS: &[&str] = &[
    "by user",
    "by the user",
    "by wallet",
    "by the wallet",
    "in wallet",
    "in the wallet",
    "in your wallet",
    "on device",
    "on the device",
    "on your device",
    "please try again",
];

/// Whether nothing more is said, such as by which machine, or why.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
    rest.is_empty() || TAILS.contains(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fake::failure;

    /// The numbers that come with words.
    const VAGUE: [Option<i64>; 3] = [None, Some(-32603), Some(-32000)];

    #[test]
    fn a_number_or_a_name_is_enough() {
        for code in [4001, 5000, 5750] {
            assert!(is_rejection(&failure(Some(code), "")), "{code}");
            assert!(is_rejection(&failure(Some(code), "nonce too low")), "{code}");
        }
        for code in [4100, 4200, 4900, 4902, 5700, 5710, 5740, 5760, -32002, -32005, -32601, 3] {
            assert!(!is_rejection(&failure(Some(code), "")), "{code}");
        }
        assert!(is_rejection_name("ACTION_REJECTED"));
        assert!(!is_rejection_name("NONCE_EXPIRED") && !is_rejection_name("4001"));
    }

    #[test]
    fn words_that_name_the_person_count_with_every_number_that_means_nothing_else() {
        let words = [
            "MetaMask Tx Signature: User denied transaction signature.",
            "User rejected the request.",
            "User declined transaction",
            "User disapproved requested methods",
            "User Canceled",
            "User cancelled the transaction",
            "Cancelled by User",
            "Action cancelled by user",
            "Transaction canceled by the user",
            "Rejected by user",
            "Rejected request from user",
            "The request was rejected by the user.",
            "User denied account authorization",
            "Ledger device: Condition of use not satisfied (denied by the user?) (0x6985)",
            "User rejected the request.\n\nRequest Arguments:\n  gas: 60000\n  nonce: 5\n\nDetails: no\nVersion: viem@2.57.0",
            "could not coalesce error (error={ \"message\": \"User rejected\" }, payload={ \"method\": \"eth_sendTransaction\" })",
        ];
        for words in words {
            for code in VAGUE.into_iter().chain([Some(-32003), Some(-1), Some(5001), Some(1001), Some(27013)]) {
                assert!(is_rejection(&failure(code, words)), "{code:?} {words}");
            }
            for code in [4100, 4900, 4902, -32002, -32601, -32602, -32700] {
                assert!(!is_rejection(&failure(Some(code), words)), "{code} {words}");
            }
        }
    }

    #[test]
    fn bare_words_count_where_nobody_else_can_have_said_them() {
        let words = [
            "Request rejected",
            "Request of type 'wallet_switchEthereumChain' was rejected.",
            "The wallet rejected the request",
            "Rejected request",
            "Transaction was rejected",
            "Transaction was rejected on your device.",
            "Declined",
            "Transaction declined in your wallet",
            "Connection rejected",
            "Closed modal",
            "closed the modal",
            "Modal is closed",
            "Popup window was closed",
            "Connection request reset. Please try again.",
            "An unknown RPC error occurred.\n\nRequest Arguments:\n  gas: 60000\n\nDetails: Request rejected\nVersion: viem@2.57.0",
        ];
        for words in words {
            for code in VAGUE {
                assert!(is_rejection(&failure(code, words)), "{code:?} {words}");
            }
            for code in [-32003, -32005, -32602, 1001] {
                assert!(!is_rejection(&failure(Some(code), words)), "{code} {words}");
            }
        }
    }

    #[test]
    fn what_a_node_says_is_nobodys_no() {
        let words = [
            "nonce too low: next nonce 6, tx nonce 5",
            "nonce too low: user rejected",
            "invalid nonce; got 5, expected 6",
            "already known",
            "AlreadyKnown",
            "Known transaction",
            "transaction already imported",
            "Transaction with the same hash was already imported",
            "replacement transaction underpriced",
            "insufficient funds for gas * price + value",
            "transaction was rejected by the pool",
            "transaction was rejected: gas price below the minimum",
            "replacement transaction was rejected",
            "Transaction rejected.",
            "the node rejected the request",
            "request to the RPC was rejected",
            "request rejected due to rate limit",
            "request rejected: project ID is not allowed",
            "HTTP request was rejected",
            "RPC 0x7a69 Custom eth_sendRawTransaction: request rejected",
            "UserOperation rejected because the paymaster declined",
            "the request timed out and was rejected",
            "Internal JSON-RPC error.",
            "execution reverted: declined",
            "window closed by the server",
            "invalid request from user",
            "",
        ];
        for words in words {
            for code in VAGUE.into_iter().chain([Some(-32003), Some(-32005)]) {
                assert!(!is_rejection(&failure(code, words)), "{code:?} {words}");
            }
        }
    }

    #[test]
    fn every_row_is_in_lower_case_and_reachable() {
        for sign in REJECTIONS {
            let words = match sign {
                Code(_) | Name(_) => continue,
                Person(phrases) => phrases.iter().map(|phrase| (*phrase).to_owned()).collect(),
                Bare(parts) => vec![parts.join(" ")],
            };
            for words in words {
                assert_eq!(words, words.to_ascii_lowercase());
                assert!(is_rejection(&failure(None, &words.to_ascii_uppercase())), "{words}");
            }
        }
    }
}
