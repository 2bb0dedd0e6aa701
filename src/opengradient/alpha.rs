//! OpenGradient's own chain, the alpha network: where its contracts are, who signs, how a write is sent.

use std::rc::Rc;

use alloy_primitives::{Address, address};
use futures_util::FutureExt as _;

use crate::error::{Error, Kind, Said};
use crate::eth::call::WriteCall;
use crate::eth::follow::Receipt;
use crate::eth::nonce::NonceBook;
use crate::eth::revert::Reverted;
use crate::eth::rpc::Rpc;
use crate::eth::tx::{self, Gas, Signer, TxOptions};
use crate::eth::wallet::{ChainParams, WalletHandle};
use crate::io::Io;

/// One network with the inference contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name, shown when a wallet adds the chain.
    pub name: String,
    /// The chain id; asked of the RPC when absent.
    pub chain_id: Option<u64>,
    /// JSON-RPC endpoints, in the order in which they are asked.
    pub rpc_urls: Vec<String>,
    /// How many of them are asked at once what decides about money; they must agree. From 1 to their number.
    pub quorum: usize,
    /// The node API, which knows results that events leave out.
    pub api_url: String,
    /// The inference hub.
    pub hub: Address,
    /// The precompile that emits the inference's id.
    pub precompile: Address,
    /// The workflow scheduler.
    pub scheduler: Address,
    /// The block explorer, ending in a slash.
    pub explorer_url: String,
    /// Name and symbol of the native currency, which has 18 decimals.
    pub currency: (String, String),
}

impl Default for Network {
    /// The public alpha network, by the official SDK's defaults since 0.4.14.
    fn default() -> Self {
        Self {
            name: "OpenGradient Alpha".to_owned(),
            chain_id: None,
            rpc_urls: vec!["https://ogevmdevnet.opengradient.ai".to_owned()],
            quorum: 1,
            api_url: "https://sdk-devnet.opengradient.ai".to_owned(),
            hub: address!("8383C9bD7462F12Eb996DD02F78234C0421A6FaE"),
            precompile: address!("00000000000000000000000000000000000000F4"),
            scheduler: address!("7179724De4e7FF9271FA40C0337c7f90C0508eF6"),
            explorer_url: "https://explorer.opengradient.ai/".to_owned(),
            currency: ("OpenGradient".to_owned(), "OGETH".to_owned()),
        }
    }
}

/// The network, and the wallet that signs there, if any.
#[derive(Clone)]
pub struct Alpha {
    /// The network.
    pub network: Rc<Network>,
    /// Its chain.
    pub rpc: Rpc,
    signer: Option<Signer>,
}

impl Alpha {
    /// A client that reads. No request.
    pub fn read_only(io: Io, network: Network) -> Self {
        let rpc = Rpc::new(io, network.rpc_urls.clone()).with_quorum(network.quorum);
        let rpc = if let Some(chain_id) = network.chain_id { rpc.of_chain(chain_id) } else { rpc };
        Self { network: Rc::new(network), rpc, signer: None }
    }

    /// A client whose writes `account` signs. One HTTP request when the network's chain id is not given; the wallet is asked
    /// for nothing yet: it is brought to the chain at the first write.
    ///
    /// # Errors
    /// Those of [`Rpc`]'s reads.
    pub async fn with_wallet(
        io: Io,
        network: Network,
        book: NonceBook,
        wallet: WalletHandle,
        account: Address,
    ) -> Result<Self, Error> {
        let mut alpha = Self::read_only(io, network);
        let chain_id = match alpha.network.chain_id {
            Some(known) => known,
            None => {
                let mut batch = alpha.rpc.batch().decides();
                let asked = batch.push("eth_chainId", "[]");
                let told = batch.send().await?.quantity(asked)?;
                // What is signed is for this chain: from now on endpoints of another are not believed.
                alpha.rpc = alpha.rpc.of_chain(told);
                told
            }
        };
        let network = &alpha.network;
        let chain = ChainParams {
            chain_id,
            name: network.name.clone(),
            rpc_urls: network.rpc_urls.clone(),
            explorer_url: Some(network.explorer_url.clone()),
            currency: network.currency.clone(),
        };
        alpha.signer = Some(Signer { wallet, account, chain, book });
        Ok(alpha)
    }

    /// Who signs.
    pub fn account(&self) -> Option<Address> {
        self.signer.as_ref().map(|signer| signer.account)
    }

    /// Sends one transaction and waits for its receipt. `gas` holds unless the caller's options say otherwise.
    ///
    /// # Errors
    /// [`Kind::MissingSigner`] for a read-only client; those of [`tx::execute`].
    pub(crate) async fn write(&self, call: &WriteCall, gas: Gas, options: &TxOptions) -> Result<Receipt, Error> {
        let signer = self.signer.as_ref().ok_or(Error::from(Kind::MissingSigner { role: "user" }))?;
        let gas = if options.gas == Gas::default() { gas } else { options.gas };
        let options = TxOptions { gas, ..options.clone() };
        let explain = |reverted: Reverted| {
            let error = Error::from(Kind::TxRevert { reason: reverted.reason, data: reverted.data, hash: None });
            std::future::ready(error).boxed_local()
        };
        tx::execute(&self.rpc, signer, call, &options, &|_| Ok(()), &explain).await
    }

    /// Runs a view function and hands over its undecoded answer. One request.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when it reverts, those of [`Rpc`]'s reads.
    pub(crate) async fn view(&self, to: Address, calldata: &[u8]) -> Result<Vec<u8>, Error> {
        let mut batch = self.rpc.batch().decides();
        let slot = batch.push_view(to, calldata);
        batch.send().await?.returned(slot)
    }

    /// The explorer's page on an address.
    pub fn explorer_address(&self, address: Address) -> String {
        format!("{}address/{address}", self.network.explorer_url)
    }

    /// The explorer's page on a transaction.
    pub fn explorer_transaction(&self, hash: alloy_primitives::B256) -> String {
        format!("{}tx/{hash}", self.network.explorer_url)
    }
}

/// What a write's failure says about the node being behind: such a read may be repeated.
pub(crate) fn is_transient(error: &Error) -> bool {
    match &**error {
        Kind::Http { status, .. } => status.is_none_or(|status| status >= 429),
        Kind::Rpc { said: Said { code, .. }, .. } => code.is_some(),
        _ => false,
    }
}
