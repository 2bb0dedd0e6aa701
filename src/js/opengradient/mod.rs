//! The classes and functions of `ogkit/opengradient`. The package's TypeScript puts its objects on top.

mod client;
mod options;
mod output;
mod payer;
mod stream;
mod types;
