//! A workflow's life: deployed, registered, run, read.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;

use super::abi::{PriceHistoryInference, WorkflowScheduler};
use super::{HistoricalInputQuery, SchedulerParams, deployment};
use crate::error::{Error, Kind};
use crate::eth::call::WriteCall;
use crate::eth::follow::Receipt;
use crate::eth::resume;
use crate::eth::tx::{Gas, TxOptions};
use crate::io::Progress;
use crate::opengradient::alpha::{Alpha, is_transient};
use crate::opengradient::inference::output::ModelOutput;

/// What each write offers (spec: the official SDK's).
const DEPLOY_GAS: Gas = Gas::Estimate { percent: 120, fallback: Some(5_000_000) };
const REGISTER_GAS: Gas = Gas::Fixed(300_000);
const RUN_GAS: Gas = Gas::Fixed(30_000_000);
/// How often a result is asked for, and the pause between.
const TRIES: u32 = 5;
const PAUSE_MS: u64 = 1000;
/// The most results that are asked for at once.
const MAX_RESULTS: u32 = 10_000;

/// A new workflow.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its contract, which is on chain whatever became of the schedule.
    pub address: Address,
    /// The deployment.
    pub receipt: Receipt,
    /// Whether it runs by itself.
    pub schedule: Schedule,
}

/// What became of a workflow's registration with the scheduler.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// None was wanted.
    NotAsked,
    /// It is registered until `end_time` (unix seconds).
    Registered {
        /// The registration.
        receipt: Box<Receipt>,
        /// When it ends.
        end_time: u64,
    },
    /// The registration failed; the contract is there and can be run by hand, or registered again by
    /// [`Alpha::schedule_workflow`].
    Failed(Error),
}

impl Alpha {
    /// Deploys a workflow through the wallet and, if asked, registers it with the scheduler: one or two transactions, each
    /// told by `on_progress`; [`Progress::Deployed`] comes between them, so that an interrupted call can be taken up again
    /// with [`Alpha::schedule_workflow`]. `bytecode` as in [`deployment`].
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] before anything is sent, and those of the deployment. A registration that fails is no error:
    /// see [`Schedule::Failed`].
    pub async fn new_workflow(
        &self,
        bytecode: &[u8],
        model_cid: &str,
        query: &HistoricalInputQuery,
        input_tensor_name: &str,
        schedule: Option<SchedulerParams>,
        options: &TxOptions,
    ) -> Result<Workflow, Error> {
        if let Some(params) = schedule {
            params.end_time(0)?;
        }
        let call = deployment(bytecode, model_cid, query, input_tensor_name)?;
        let receipt = self.write(&call, DEPLOY_GAS, options).await?;
        let missing = || format!("none in the receipt of {}, which was mined", receipt.hash);
        let address = receipt.contract.ok_or_else(|| Error::protocol("the address of the new contract", missing()))?;
        (options.on_progress)(Progress::Deployed { address });
        let schedule = match schedule {
            None => Schedule::NotAsked,
            Some(params) => {
                // The caller's nonce was the deployment's.
                let options = TxOptions { nonce: None, gas: Gas::default(), ..options.clone() };
                match self.schedule_workflow(address, params, &options).await {
                    Ok((receipt, end_time)) => Schedule::Registered { receipt: Box::new(receipt), end_time },
                    Err(error) => Schedule::Failed(error),
                }
            }
        };
        Ok(Workflow { address, receipt, schedule })
    }

    /// The contract that a deployment made, by its transaction's hash: takes up a [`Alpha::new_workflow`] that was
    /// interrupted after the wallet had sent. `None` while it is not mined. One request.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when the deployment failed, [`Kind::Protocol`] when the transaction deployed nothing, those of
    /// [`Rpc`](crate::eth::rpc::Rpc)'s reads.
    pub async fn deployed_workflow(&self, hash: B256) -> Result<Option<Address>, Error> {
        let Some(receipt) = resume::find(&self.rpc, self.account(), hash).await? else { return Ok(None) };
        receipt
            .contract
            .map(Some)
            .ok_or_else(|| Error::protocol("the deployment of a contract", format!("the transaction {hash}")))
    }

    /// Registers a deployed workflow with the scheduler. Answers when the schedule ends, in unix seconds.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`], and those of [`tx::execute`](crate::eth::tx::execute).
    pub async fn schedule_workflow(
        &self,
        address: Address,
        params: SchedulerParams,
        options: &TxOptions,
    ) -> Result<(Receipt, u64), Error> {
        let end_time = params.end_time(self.rpc.io().now())?;
        let SchedulerParams { frequency, .. } = params;
        let scheduler = self.network.scheduler;
        (options.on_progress)(Progress::Scheduling { scheduler, end_time, frequency });
        let call = WriteCall::new(
            scheduler,
            &WorkflowScheduler::registerTaskCall {
                contractAddress: address,
                endTime: U256::from(end_time),
                frequency: U256::from(frequency),
            },
        );
        Ok((self.write(&call, REGISTER_GAS, options).await?, end_time))
    }

    /// Runs a workflow once and reads the result.
    ///
    /// # Errors
    /// Those of [`tx::execute`](crate::eth::tx::execute); [`Kind::ResultRetrieval`] when it ran and the result is not to be
    /// read.
    pub async fn run_workflow(&self, address: Address, options: &TxOptions) -> Result<(Receipt, ModelOutput), Error> {
        let call = WriteCall::new(address, &PriceHistoryInference::runCall {});
        let receipt = self.write(&call, RUN_GAS, options).await?;
        // The node that is read may be a block behind the one that had the receipt.
        let behind = |error: &Error| is_transient(error) || matches!(**error, Kind::TxRevert { .. } | Kind::Protocol { .. });
        match self.read_until(address, behind).await {
            Ok(output) => Ok((receipt, output)),
            Err(error) => {
                Err(Error::from(Kind::ResultRetrieval { hash: receipt.hash, inference_id: None, reason: error.to_string() }))
            }
        }
    }

    /// A workflow's newest result. One request; a node that fails is asked again, up to five times.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when the workflow has no result yet, [`Kind::Protocol`] when no workflow lives there, and those of
    /// [`Rpc`](crate::eth::rpc::Rpc)'s reads.
    pub async fn read_workflow_result(&self, address: Address) -> Result<ModelOutput, Error> {
        self.read_until(address, is_transient).await
    }

    async fn read_until(&self, address: Address, again: impl Fn(&Error) -> bool) -> Result<ModelOutput, Error> {
        let calldata = PriceHistoryInference::getInferenceResultCall {}.abi_encode();
        let mut attempt = 1;
        loop {
            let read = self.view(address, &calldata).await.and_then(|data| ModelOutput::decode(&data));
            match read {
                Err(error) if attempt < TRIES && again(&error) => attempt += 1,
                result => return result,
            }
            self.rpc.io().clock.sleep(PAUSE_MS).await;
        }
    }

    /// A workflow's last results, newest first. One request. 0.4's contracts do not keep them.
    ///
    /// The official SDK's documents promise this order too, but the SDK hands over what the contract gives, which has the
    /// oldest of them first; here it is turned round.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] for none or more than 10,000; as [`Alpha::read_workflow_result`] otherwise.
    pub async fn read_workflow_history(&self, address: Address, num_results: u32) -> Result<Vec<ModelOutput>, Error> {
        if !(1..=MAX_RESULTS).contains(&num_results) {
            return Err(Error::input("numResults", "expected 1 to 10,000"));
        }
        let call = PriceHistoryInference::getLastInferenceResultsCall { num: U256::from(num_results) };
        let mut results = ModelOutput::decode_list(&self.view(address, &call.abi_encode()).await?)?;
        results.reverse();
        Ok(results)
    }
}
