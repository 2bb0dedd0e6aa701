// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGradient workflow contract, on OpenGradient's alpha network.
// One for each workflow; deployed with `constructor(string _modelId, string _inputName, HistoricalInputQuery _query)`.
// Signatures: the ABI of the official Python SDK, opengradient 1.1.4 (PriceHistoryInference).
// Written for reading and for bindings; each file stands alone, so structs that several contracts use appear in each.

pragma solidity ^0.8.20;

/// @title PriceHistoryInference
/// @notice Runs one model on the price history that one query reads.
interface PriceHistoryInference {
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
        /// @notice The base currency, such as ETH.
        string base;
        /// @notice The quote currency, such as USD.
        string quote;
        /// @notice How many candles.
        uint32 total_candles;
        /// @notice The length of one, in minutes.
        uint32 candle_duration_in_mins;
        /// @notice 0 oldest first, 1 newest first.
        uint8 order;
        /// @notice Which of a candle's numbers: 0 high, 1 low, 2 open, 3 close, 4 volume.
        uint8[] candle_types;
    }

    /// @notice A run's result.
    event InferenceResultEmitted(address indexed caller, ModelOutput result);

    /// @notice The newest result.
    function getInferenceResult() external view returns (ModelOutput memory);

    /// @notice The newest `num` results, newest first.
    function getLastInferenceResults(uint256 num) external view returns (ModelOutput[] memory);

    /// @notice Where the candles come from.
    function historicalContract() external view returns (address);

    /// @notice The name of the model's input tensor.
    function inputName() external view returns (string memory);

    /// @notice The query, without its candle types.
    function inputQuery() external view returns (string memory base, string memory quote, uint32 total_candles, uint32 candle_duration_in_mins, uint8 order);

    /// @notice The model's content id.
    function modelId() external view returns (string memory);

    /// @notice Reads the candles, runs the model and keeps the result. Emits InferenceResultEmitted.
    function run() external;
}
