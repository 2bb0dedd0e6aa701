//! OpenGradient's own workflows: forecasts that run on a schedule and are read for nothing.

use alloy_primitives::{Address, address};

use super::percent::percent;
use crate::error::{Error, clip};
use crate::opengradient::alpha::Alpha;
use crate::opengradient::inference::output::ModelOutput;

/// A workflow that OpenGradient runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowModel {
    /// The name of the official function that reads it.
    pub name: &'static str,
    /// Its contract on the public alpha network.
    pub address: Address,
    /// The output tensor that holds its one number.
    pub tensor: &'static str,
}

const fn model(name: &'static str, address: Address, tensor: &'static str) -> WorkflowModel {
    WorkflowModel { name, address, tensor }
}

/// All of them (spec: the official SDK's, 0.7.4).
pub const MODELS: [WorkflowModel; 7] = [
    model("read_eth_usdt_one_hour_volatility_forecast", address!("D5629A5b95dde11e4B5772B5Ad8a13B933e33845"), "Y"),
    model("read_btc_1_hour_price_forecast", address!("b4146E095c2CD2a7aA497EdfB513F1cB868Dcc3D"), "regression_output"),
    model("read_eth_1_hour_price_forecast", address!("58826c6dc9A608238d9d57a65bDd50EcaE27FE99"), "regression_output"),
    model("read_sol_1_hour_price_forecast", address!("aE12EC7314e91A612CF4Fa4DC07dC02cfCc4dF95"), "regression_output"),
    model("read_sui_1_hour_price_forecast", address!("90FE6434C46838c96E9ACb8d394C0fdfe38C6182"), "regression_output"),
    model(
        "read_sui_usdt_30_min_price_forecast",
        address!("D85BA71f5701dc4C5BDf9780189Db49C6F3708D2"),
        "destandardized_prediction",
    ),
    model(
        "read_sui_usdt_6_hour_price_forecast",
        address!("3C2E4DbD653Bd30F1333d456480c1b7aB122e946"),
        "destandardized_prediction",
    ),
];

/// A forecast in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowModelOutput {
    /// The number as a percentage with ten decimals.
    pub result: String,
    /// The explorer's page on the workflow.
    pub block_explorer_link: String,
}

impl WorkflowModel {
    /// The forecast in a result.
    ///
    /// # Errors
    /// [`Kind::Protocol`](crate::error::Kind::Protocol) when the result has no such tensor with one number.
    pub fn format(&self, output: &ModelOutput) -> Result<String, Error> {
        let tensor = output.number(self.tensor);
        match tensor.map(|tensor| tensor.values.as_slice()) {
            // 32 bits on the way, as the official SDK has it: the digits would differ otherwise.
            Some([number]) => Ok(percent(f64::from(number.to_f32()))),
            found => {
                let names: Vec<&str> = output.numbers.iter().map(|tensor| tensor.name.as_str()).collect();
                let count = found.map_or(0, <[_]>::len);
                Err(Error::protocol(
                    "one number in the workflow's tensor",
                    clip(&format!("{count} in {}, of {}", self.tensor, names.join(", "))),
                ))
            }
        }
    }
}

impl Alpha {
    /// Reads one of OpenGradient's own workflows; `address` where it lives elsewhere than on the public network. One request.
    ///
    /// # Errors
    /// As [`Alpha::read_workflow_result`] and [`WorkflowModel::format`].
    pub async fn read_workflow_model(
        &self,
        model: &WorkflowModel,
        address: Option<Address>,
    ) -> Result<WorkflowModelOutput, Error> {
        let address = address.unwrap_or(model.address);
        let output = self.read_workflow_result(address).await?;
        Ok(WorkflowModelOutput { result: model.format(&output)?, block_explorer_link: self.explorer_address(address) })
    }
}
