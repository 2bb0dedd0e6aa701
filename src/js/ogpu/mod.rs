//! The classes and functions of `ogkit/ogpu`.

mod client;
mod content;
mod events;
mod options;
mod output;
mod types;
