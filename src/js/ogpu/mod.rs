//! The classes and functions of `ogkit/ogpu`.

mod client;
mod content;
mod events;
mod options;
mod output;
mod types;

use crate::eth::nonce::NonceBook;

thread_local! {
    /// All clients of one module share one book of nonces; the origin's tabs share it by their locks.
    static BOOK: NonceBook = NonceBook::default();
}

fn book() -> NonceBook {
    BOOK.with(Clone::clone)
}
