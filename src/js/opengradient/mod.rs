//! The classes and functions of `ogkit/opengradient`. The package's TypeScript puts its objects on top.

mod alpha;
mod alpha_options;
mod alpha_types;
mod budget;
mod client;
mod hub;
mod image;
mod options;
mod output;
mod payer;
mod stream;
mod tensor;
mod twins;
mod types;
