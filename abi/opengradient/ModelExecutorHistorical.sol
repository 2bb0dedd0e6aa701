// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGradient workflow contract of the 0.4 era, on OpenGradient's alpha network.
// One for each workflow; deployed with `constructor(string _modelCID, HistoricalInputQuery _inputQuery,
// address _historicalContractAddress, string _inputTensorName)`.
// Signatures: the ABI of the official Python SDK, opengradient 0.4.0 (ModelExecutorHistorical).
// Written for reading and for bindings; each file stands alone, so structs that several contracts use appear in each.

pragma solidity ^0.8.20;

/// @title ModelExecutorHistorical
/// @notice Runs one model on the price history that one query reads.
interface ModelExecutorHistorical {
    /// @notice A decimal number: value / 10^decimals.
    struct Number {
        /// @notice Its digits with their sign.
        int128 value;
        /// @notice How many of them follow the decimal point.
        int128 decimals;
    }

    /// @notice Named numbers in row-major order.
    struct MultiDimensionalNumberTensor {
        /// @notice The tensor's name in the model.
        string name;
        /// @notice The numbers, flattened.
        Number[] values;
        /// @notice The length of each dimension; their product is the number of values.
        uint32[] shape;
    }

    /// @notice Named strings; their shape is not kept.
    struct StringTensor {
        /// @notice The tensor's name in the model.
        string name;
        /// @notice The strings, flattened.
        string[] values;
    }

    /// @notice A named JSON document.
    struct JsonScalar {
        /// @notice Its name.
        string name;
        /// @notice Its text.
        string value;
    }

    /// @notice What a model answered.
    struct ModelOutput {
        /// @notice Its numbers.
        MultiDimensionalNumberTensor[] numbers;
        /// @notice Its strings.
        StringTensor[] strings;
        /// @notice Its JSON documents.
        JsonScalar[] jsons;
        /// @notice Whether this came from a simulation and not from an inference.
        bool is_simulation_result;
    }

    /// @notice Which candles are read at each run.
    struct HistoricalInputQuery {
        /// @notice Such as ETH/USDT.
        string currency_pair;
        /// @notice How many candles.
        uint32 total_candles;
        /// @notice The length of one, in minutes.
        uint32 candle_duration_in_mins;
        /// @notice 0 oldest first, 1 newest first.
        uint8 order;
        /// @notice Which of a candle's numbers: 0 high, 1 low, 2 open, 3 close.
        uint8[] candle_types;
    }

    /// @notice A run's result.
    event InferenceResultEmitted(address indexed caller, ModelOutput result);

    /// @notice The newest result.
    function getInferenceResult() external view returns (ModelOutput memory);

    /// @notice Where the candles come from.
    function historicalContract() external view returns (address);

    /// @notice Reads the candles, runs the model and keeps the result. Emits InferenceResultEmitted.
    function run() external;
}
