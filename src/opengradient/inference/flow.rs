//! `infer`: one transaction, and the result from its event or from the node.

use super::abi::{InferenceHub, InferencePrecompile};
use super::output::{ModelOutput, inference_id};
use super::tensor::TensorInput;
use super::{InferenceMode, input, node};
use crate::error::{Error, Kind};
use crate::eth::call::WriteCall;
use crate::eth::follow::Receipt;
use crate::eth::resume;
use crate::eth::tx::{Gas, TxOptions};
use crate::io::HttpRequest;
use crate::opengradient::alpha::Alpha;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;

/// Three times the estimate (spec: the official SDK's): what an inference costs is known only when it is done.
const GAS: Gas = Gas::Estimate { percent: 300, fallback: None };
/// The node's answer may have this many bytes.
const MAX_RESULT: usize = 64 << 20;
/// How often the node is asked for a result that it does not have yet, and the first pause, which doubles.
const NODE_TRIES: u32 = 6;
const NODE_PAUSE_MS: u64 = 500;

/// An inference that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferenceResult {
    /// Its transaction.
    pub receipt: Receipt,
    /// What the model answered.
    pub output: ModelOutput,
    /// Its id, when the result came from the node.
    pub inference_id: Option<String>,
}

impl Alpha {
    /// Runs a model on chain. Simulates, asks the wallet once, waits for the receipt; when the event has no output, asks the
    /// node API.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] before anything is sent; those of [`tx::execute`](crate::eth::tx::execute);
    /// [`Kind::ResultRetrieval`] when the transaction was mined and paid, but its result is not to be had.
    pub async fn infer(
        &self,
        model_cid: &str,
        mode: InferenceMode,
        inputs: &[TensorInput],
        options: &TxOptions,
    ) -> Result<InferenceResult, Error> {
        self.infer_encoded(input::run(model_cid, mode, inputs)?, mode, options).await
    }

    /// As [`Alpha::infer`], with the calldata that [`input::run`] made: the tensors need not be kept meanwhile.
    ///
    /// # Errors
    /// As [`Alpha::infer`].
    pub async fn infer_encoded(
        &self,
        calldata: Vec<u8>,
        mode: InferenceMode,
        options: &TxOptions,
    ) -> Result<InferenceResult, Error> {
        let receipt = self.write(&WriteCall::raw(self.network.hub, calldata), GAS, options).await?;
        self.result_of(receipt, mode).await
    }

    /// Takes up an inference that was sent earlier, by its transaction's hash; `None` while it is not mined.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when it failed, those of [`Rpc`](crate::eth::rpc::Rpc)'s reads, [`Kind::ResultRetrieval`].
    pub async fn resume_inference(&self, hash: B256, mode: InferenceMode) -> Result<Option<InferenceResult>, Error> {
        match resume::find(&self.rpc, self.account(), hash).await? {
            Some(receipt) => self.result_of(receipt, mode).await.map(Some),
            None => Ok(None),
        }
    }

    async fn result_of(&self, receipt: Receipt, mode: InferenceMode) -> Result<InferenceResult, Error> {
        let failed = |error: Error, inference_id| {
            Error::from(Kind::ResultRetrieval { hash: receipt.hash, inference_id, reason: error.to_string() })
        };
        let data = event_data(&receipt, self.network.hub, InferenceHub::InferenceResult::SIGNATURE_HASH);
        let data = data.ok_or_else(|| failed(Error::protocol("an InferenceResult event", "none"), None))?;
        let output = ModelOutput::decode(data).map_err(|error| failed(error, None))?;
        if !output.is_empty() {
            return Ok(InferenceResult { receipt, output, inference_id: None });
        }
        let topic = InferencePrecompile::ModelInferenceEvent::SIGNATURE_HASH;
        let id = event_data(&receipt, self.network.precompile, topic)
            .ok_or_else(|| Error::protocol("a ModelInferenceEvent event", "none"))
            .and_then(inference_id)
            .map_err(|error| failed(error, None))?;
        match self.inference_result(&id, mode).await {
            Ok(output) => Ok(InferenceResult { receipt, output, inference_id: Some(id) }),
            Err(error) => Err(failed(error, Some(id))),
        }
    }

    /// Asks the node API for a result by its inference id, a few times while it has none: about 15 seconds.
    ///
    /// # Errors
    /// [`Kind::Http`], [`Kind::Protocol`].
    pub async fn inference_result(&self, inference_id: &str, mode: InferenceMode) -> Result<ModelOutput, Error> {
        let io = self.rpc.io();
        let url = node::url(&self.network.api_url, inference_id);
        let fail = |status, reason: String| Error::from(Kind::Http { url: crate::error::public_url(&url), status, reason });
        let mut pause = NODE_PAUSE_MS;
        let mut attempt = 1;
        loop {
            let request = HttpRequest { max_bytes: MAX_RESULT, ..HttpRequest::get(&url) };
            let error = match io.send(request).await {
                Ok(reply) if reply.head.status == 200 => match node::read(&reply.body, mode)? {
                    Some(output) => return Ok(output),
                    None => fail(None, "the node has no result for it yet".to_owned()),
                },
                Ok(reply) => fail(Some(reply.head.status), String::from("a bad status")),
                Err(failure) => fail(None, failure.to_string()),
            };
            if attempt == NODE_TRIES {
                return Err(error);
            }
            attempt += 1;
            io.clock.sleep(pause).await;
            pause *= 2;
        }
    }
}

/// The data of a contract's first event of a kind.
pub(crate) fn event_data(receipt: &Receipt, emitter: Address, topic: B256) -> Option<&[u8]> {
    let mut logs = receipt.logs.iter();
    logs.find(|log| log.address == emitter && log.topics.first() == Some(&topic)).map(|log| log.data.as_ref())
}
