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
pub use wallet::WebWallet;

use super::Io;

/// The outside world of this page, worker or process.
pub fn io() -> Io {
    Io {
        http: Rc::new(http::Fetch),
        clock: Rc::new(clock::Platform),
        tabs: Rc::new(tabs::Origin),
        crypto: Rc::new(crypto::Subtle),
    }
}
