//! What wallets and their nodes say when they fail: taken from the field (spec/wallet.md, sections 1 and 13).

use ogkit::error::Said;
use ogkit::io::WalletFailure;

use crate::chain::Refusal;
use crate::world::Shared;

/// A failure with a number and words.
pub(crate) fn failure(code: Option<i64>, message: &str) -> WalletFailure {
    WalletFailure { said: Said { code, message: message.to_owned(), cause: None }, data: None }
}

/// A no in EIP-1193's number, or WalletConnect's.
pub(crate) fn rejected(world: &Shared) -> WalletFailure {
    let words =
        world.pick(&["MetaMask Tx Signature: User denied transaction signature.", "User rejected the request.", "no", ""]);
    failure(Some(world.pick(&[4001, 4001, 4001, 5000])), words)
}

/// A no in words that the field knows (Uniswap's and PancakeSwap's tables, web3-react).
pub(crate) fn rejected_in_words(world: &Shared) -> WalletFailure {
    let words = world.pick(&[
        "User declined transaction",
        "user rejected transaction",
        "User disapproved requested methods",
        "Cancelled by User",
        "canceled by the user",
        "Request rejected",
        "Rejected by user",
        "Rejected the request",
        "Transaction was rejected",
        "Modal closed",
        "The window was closed",
        "User closed the modal",
        "Connection request reset. Please try again.",
        "User denied account authorization",
        "Transaction declined",
    ]);
    failure(world.pick(&[Some(-32000), Some(-32603), None]), words)
}

/// A no in words that nobody knows.
pub(crate) fn rejected_oddly(world: &Shared) -> WalletFailure {
    let words = world.pick(&[
        "Ledger device: Condition of use not satisfied (denied by the user?) (0x6985)",
        "Abgelehnt",
        "Отклонено",
        "nope",
        "false",
        "",
        "Operation aborted",
        "Popup blocked",
        "An unexpected error occurred",
    ]);
    failure(world.pick(&[Some(-32000), Some(-32603), Some(-32099), Some(1), None]), words)
}

/// A failure before anybody was asked.
pub(crate) fn refused_to_ask(world: &Shared) -> WalletFailure {
    let (code, words) = world.pick(&[
        (4100, "The request has been blocked by the spam filter."),
        (-32002, "Request of type 'eth_sendTransaction' already pending for origin. Please wait."),
        (-32005, "Request limit exceeded."),
        (-32603, "Internal JSON-RPC error."),
        (4900, "The provider is disconnected from all chains."),
        (-32602, "Invalid parameters"),
        (4200, "The method is not supported."),
    ]);
    failure(Some(code), words)
}

/// What a node's refusal becomes on its way to the page.
pub(crate) fn refused_by_node(world: &Shared, refusal: Refusal) -> WalletFailure {
    let words = match refusal {
        Refusal::NonceTooLow => world.pick(&[
            "nonce too low",
            "nonce too low: next nonce 6, tx nonce 5",
            "INTERNAL_ERROR: nonce too low",
            "Nonce too low. Expected nonce to be 6 but got 5.",
            "OldNonce",
            "invalid nonce; got 5, expected 6",
        ]),
        Refusal::AlreadyKnown => world.pick(&[
            "already known",
            "AlreadyKnown",
            "Known transaction",
            "transaction already imported",
            "Transaction with the same hash was already imported.",
            "ALREADY_EXISTS: already known",
            // The pool's check of the money counts the first one already (geth).
            "insufficient funds for gas * price + value",
        ]),
        Refusal::Underpriced => world.pick(&[
            "replacement transaction underpriced",
            "Transaction gas price supplied is too low. There is another transaction with same nonce in the queue.",
            "transaction underpriced",
        ]),
        Refusal::InsufficientFunds => "insufficient funds for gas * price + value",
    };
    wrapped(world, words)
}

fn wrapped(world: &Shared, words: &str) -> WalletFailure {
    match world.between(0, 3) {
        0 => failure(Some(-32603), "Internal JSON-RPC error."),
        1 => failure(Some(-32603), &format!("RPC 0x42f Custom eth_sendRawTransaction: {words}")),
        2 => failure(world.pick(&[Some(-32000), Some(-32003), Some(-32010), None]), words),
        _ => failure(Some(-32603), words),
    }
}

/// What is said when no answer came from the wallet's node.
pub(crate) fn no_answer(world: &Shared) -> WalletFailure {
    let (code, words) = world.pick(&[
        (Some(-32603), "Internal JSON-RPC error."),
        (Some(-32603), "Request timed out."),
        (None, "Failed to fetch"),
        (None, "RPC endpoint not found or unavailable."),
        (Some(-32603), "Gateway timeout. The request took too long to process."),
        (Some(-32000), "Fetch failed"),
        (None, "read ECONNRESET"),
    ]);
    failure(code, words)
}

/// What sounds final and comes after the broadcast all the same.
pub(crate) fn after_broadcast(world: &Shared) -> WalletFailure {
    let (code, words) = world.pick(&[
        (-32003, "Transaction rejected"),
        (-32003, "transaction already imported"),
        (-32700, "Parse error"),
        (-32601, "Method not found"),
        (-32601, "The method does not exist / is not available."),
        (-32602, "Invalid params"),
        (-32600, "Invalid Request"),
        (-32002, "Request already pending"),
        (-32004, "Method not supported"),
        (-32005, "Limit exceeded"),
        (-32000, "nonce too low"),
        (-32000, "nonce too high"),
        (-32000, "replacement transaction underpriced"),
        (-32000, "insufficient funds for gas * price + value"),
        (-32000, "intrinsic gas too low"),
        (-32000, "exceeds block gas limit"),
        (3, "execution reverted"),
        (-32000, "execution reverted: AlreadyFinalized"),
        (4100, "Unauthorized"),
        (4200, "Unsupported method"),
        (4900, "Disconnected"),
        (4901, "Not connected to this chain"),
        (4902, "Unrecognized chain ID"),
        (5710, "chain not supported"),
    ]);
    failure(Some(code), words)
}
