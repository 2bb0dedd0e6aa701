//! Where a network lives: chain id, contracts, endpoints.

use alloy_primitives::Address;

use crate::eth::wallet::ChainParams;

/// The chain id of the public testnet, whose contracts lack some functions.
pub const TESTNET: u64 = 200_820_172_034;

/// One OpenGPU network. The public ones are constants of the package; any other can be given by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name, shown when a wallet adds the chain.
    pub name: String,
    /// The chain id, below 2^53.
    pub chain_id: u64,
    /// JSON-RPC endpoints, in the order in which they are asked.
    pub rpc_urls: Vec<String>,
    /// How many of them are asked at once what decides about money; they must agree. From 1 to their number.
    pub quorum: usize,
    /// The singletons.
    pub contracts: Contracts,
    /// The pinning service: `POST`, multipart, one part `file`.
    pub pin_url: String,
    /// IPFS gateways, in the order in which they are asked; each ends in `/ipfs/`.
    pub gateway_urls: Vec<String>,
    /// The old HTTP API (`GET {url}/api/tasks/{address}`), if the network has one.
    pub management_url: Option<String>,
    /// The block explorer, if there is one.
    pub explorer_url: Option<String>,
    /// Name and symbol of the native currency, which has 18 decimals.
    pub currency: (String, String),
}

/// The contracts that exist once in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// Registry of sources; emits the lifecycle events.
    pub nexus: Address,
    /// Tasks and confirmation.
    pub controller: Address,
    /// Relations of masters, providers and agents.
    pub terminal: Address,
    /// Balances, stake, escrow.
    pub vault: Address,
}

impl Network {
    /// What a wallet must know to add this chain.
    pub fn chain_params(&self) -> ChainParams {
        ChainParams {
            chain_id: self.chain_id,
            name: self.name.clone(),
            rpc_urls: self.rpc_urls.clone(),
            explorer_url: self.explorer_url.clone(),
            currency: self.currency.clone(),
        }
    }
}
