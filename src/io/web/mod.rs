//! The traits over the web platform: `fetch`, timers, an injected provider, Web Locks. The only code that differs
//! between a test and a browser.

mod abort;
#[cfg(feature = "ogpu")]
mod blob;
mod clock;
mod crypto;
#[cfg(feature = "ogpu")]
mod hash;
mod http;
mod tabs;
mod wallet;

use std::rc::Rc;

pub use abort::{Aborted, abortable};
#[cfg(feature = "ogpu")]
pub use blob::WebSource;
pub use http::Detached;
pub(crate) use http::set_public_fetch;
pub use wallet::WebWallet;
pub(crate) use wallet::{listen, unlisten};

use super::Io;

/// The outside world of this page, worker or process.
pub fn io() -> Io {
    io_with(None)
}

/// The same, with HTTP requests made by the caller's `fetch` where there is one.
pub fn io_with(fetch: Option<js_sys::Function>) -> Io {
    Io {
        http: Rc::new(http::Fetch(fetch)),
        clock: Rc::new(clock::Platform),
        tabs: Rc::new(tabs::Origin),
        crypto: Rc::new(crypto::Subtle),
    }
}
