//! Workflows: a contract for each, which reads price history, runs one model on it and keeps the results.
//!
//! ```text
//! new_workflow: deploy ──▶ address ──registerTask──▶ runs on a schedule
//!                             └─ run_workflow, read_workflow_result, read_workflow_history
//! ```

pub mod abi;
pub mod flow;
pub mod models;
mod percent;
#[cfg(test)]
mod tests;

use alloy_primitives::{Address, B256, b256, keccak256};
use alloy_sol_types::SolValue;

use self::abi::{ModelExecutorHistorical, PriceHistoryInference};
use super::inference::check_model_cid;
use crate::error::Error;
use crate::eth::call::WriteCall;

/// In which order candles are given to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CandleOrder {
    /// Oldest first.
    Ascending = 0,
    /// Newest first.
    Descending = 1,
}

/// One of a candle's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CandleType {
    High = 0,
    Low = 1,
    Open = 2,
    Close = 3,
    /// Since 0.7.
    Volume = 4,
}

impl TryFrom<&str> for CandleOrder {
    type Error = Error;
    /// Reads the official name.
    fn try_from(name: &str) -> Result<Self, Error> {
        match name {
            "ASCENDING" => Ok(Self::Ascending),
            "DESCENDING" => Ok(Self::Descending),
            other => {
                Err(Error::input("order", format!("expected ASCENDING or DESCENDING, but found {}", crate::error::clip(other))))
            }
        }
    }
}

impl TryFrom<&str> for CandleType {
    type Error = Error;
    /// Reads the official name.
    fn try_from(name: &str) -> Result<Self, Error> {
        match name {
            "HIGH" => Ok(Self::High),
            "LOW" => Ok(Self::Low),
            "OPEN" => Ok(Self::Open),
            "CLOSE" => Ok(Self::Close),
            "VOLUME" => Ok(Self::Volume),
            other => {
                let reason = format!("expected HIGH, LOW, OPEN, CLOSE or VOLUME, but found {}", crate::error::clip(other));
                Err(Error::input("candleTypes", reason))
            }
        }
    }
}

/// What is quoted: each era has its own contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Base and quote currency (since 0.7): `PriceHistoryInference`.
    Split {
        /// Such as ETH.
        base: String,
        /// Such as USD.
        quote: String,
    },
    /// Both in one text such as `ETH/USDT` (0.4): `ModelExecutorHistorical`.
    Joined {
        /// The text.
        currency_pair: String,
        /// Where its candles come from.
        historical_contract: Address,
    },
}

/// The contract from which 0.4's workflows read candles (spec: the official SDK's).
pub const HISTORICAL_CONTRACT: Address = alloy_primitives::address!("00000000000000000000000000000000000000F5");

/// Which candles a workflow reads at each run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoricalInputQuery {
    /// What is quoted.
    pub pair: Pair,
    /// How many candles.
    pub total_candles: u32,
    /// The length of one, in minutes.
    pub candle_duration_in_mins: u32,
    /// In which order.
    pub order: CandleOrder,
    /// Which of their numbers.
    pub candle_types: Vec<CandleType>,
}

/// How often and how long a workflow runs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerParams {
    /// Seconds between two runs.
    pub frequency: u64,
    /// Hours from now.
    pub duration_hours: u64,
}

impl Default for SchedulerParams {
    /// Every ten minutes, for two hours (spec: the official SDK's).
    fn default() -> Self {
        Self { frequency: 600, duration_hours: 2 }
    }
}

impl SchedulerParams {
    /// When it ends, in unix seconds.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) for a frequency or duration of nothing or of more than a
    /// hundred years.
    pub fn end_time(&self, now: u64) -> Result<u64, Error> {
        const MAX_HOURS: u64 = 100 * 366 * 24;
        if self.frequency == 0 || self.frequency > MAX_HOURS * 3600 {
            return Err(Error::input("schedulerParams.frequency", "expected seconds, at least 1"));
        }
        if self.duration_hours == 0 || self.duration_hours > MAX_HOURS {
            return Err(Error::input("schedulerParams.durationHours", "expected hours, at least 1"));
        }
        Ok(now.saturating_add(self.duration_hours * 3600))
    }
}

/// The keccak hashes of the two contracts' creation code as the official SDK has it.
const PRICE_HISTORY: B256 = b256!("8bef2782cb01d6207dba7601f13dfe035df46c342a622a001c853f9b8c957cea");
const EXECUTOR: B256 = b256!("2b5849eae8a5d5e3dbfc5fdd11ea0d4bc11e6ed0a100266888f9fba2d8616c74");

/// The text of a query may have this many bytes.
const MAX_TEXT: usize = 1024;

/// The deployment of a workflow's contract. `bytecode` is its creation code, which the package ships beside the WebAssembly.
///
/// # Errors
/// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) for creation code that is not the one that was compiled, and for
/// a query that makes no sense.
pub fn deployment(
    bytecode: &[u8],
    model_cid: &str,
    query: &HistoricalInputQuery,
    input_tensor_name: &str,
) -> Result<WriteCall, Error> {
    check_model_cid(model_cid)?;
    let short = |field, text: &str| {
        if text.is_empty() || text.len() > MAX_TEXT { Err(Error::input(field, "expected 1 to 1,024 bytes")) } else { Ok(()) }
    };
    short("inputTensorName", input_tensor_name)?;
    if query.total_candles == 0 || query.candle_duration_in_mins == 0 || !(1..=64).contains(&query.candle_types.len()) {
        return Err(Error::input("inputQuery", "expected at least one candle of at least one minute and 1 to 64 candle types"));
    }
    let HistoricalInputQuery { total_candles, candle_duration_in_mins, order, .. } = *query;
    let order = order as u8;
    let candle_types: Vec<u8> = query.candle_types.iter().map(|candle| *candle as u8).collect();
    let (expected, arguments) = match &query.pair {
        Pair::Split { base, quote } => {
            short("inputQuery.base", base)?;
            short("inputQuery.quote", quote)?;
            let query = PriceHistoryInference::HistoricalInputQuery {
                base: base.clone(),
                quote: quote.clone(),
                total_candles,
                candle_duration_in_mins,
                order,
                candle_types,
            };
            (PRICE_HISTORY, (model_cid.to_owned(), input_tensor_name.to_owned(), query).abi_encode_params())
        }
        Pair::Joined { currency_pair, historical_contract } => {
            short("inputQuery.currencyPair", currency_pair)?;
            let query = ModelExecutorHistorical::HistoricalInputQuery {
                currency_pair: currency_pair.clone(),
                total_candles,
                candle_duration_in_mins,
                order,
                candle_types,
            };
            let arguments = (model_cid.to_owned(), query, *historical_contract, input_tensor_name.to_owned());
            (EXECUTOR, arguments.abi_encode_params())
        }
    };
    if keccak256(bytecode) != expected {
        return Err(Error::input("bytecode", format!("expected the contract's creation code with the hash {expected}")));
    }
    Ok(WriteCall::deploy([bytecode, &arguments].concat()))
}
