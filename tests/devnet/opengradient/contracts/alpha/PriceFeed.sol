// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import "./InferenceTypes.sol";
import {InferencePrecompile} from "./InferencePrecompile.sol";

enum CandleOrder {
    ASCENDING,
    DESCENDING
}

enum CandleType {
    HIGH,
    LOW,
    OPEN,
    CLOSE,
    VOLUME
}

/// Of the workflows' second generation.
struct HistoricalInputQuery {
    string base;
    string quote;
    uint32 total_candles;
    uint32 candle_duration_in_mins;
    CandleOrder order;
    CandleType[] candle_types;
}

/// Of the first.
struct PairInputQuery {
    string currency_pair;
    uint32 total_candles;
    uint32 candle_duration_in_mins;
    CandleOrder order;
    CandleType[] candle_types;
}

/// Stands in for the precompile with the history of prices. A candle's numbers follow from the pair and its time alone.
contract PriceFeed {
    InferencePrecompile private constant PRECOMPILE = InferencePrecompile(0x00000000000000000000000000000000000000F4);

    function queryHistoricalCandles(HistoricalInputQuery memory query) external view returns (Number[] memory) {
        return _candles(_pair(query));
    }

    function queryHistoricalCandles(PairInputQuery memory query) external view returns (Number[] memory) {
        return _candles(query);
    }

    function runInferenceOnPriceFeed(string memory modelId, string memory inputName, HistoricalInputQuery memory query)
        external
        returns (ModelOutput memory)
    {
        return _infer(modelId, inputName, _pair(query));
    }

    function runInferenceOnPriceFeed(string memory modelId, string memory inputName, PairInputQuery memory query)
        external
        returns (ModelOutput memory)
    {
        return _infer(modelId, inputName, query);
    }

    function _pair(HistoricalInputQuery memory query) private pure returns (PairInputQuery memory) {
        require(bytes(query.base).length > 0 && bytes(query.quote).length > 0, "no such pair");
        string memory pair = string.concat(query.base, "/", query.quote);
        return PairInputQuery(pair, query.total_candles, query.candle_duration_in_mins, query.order, query.candle_types);
    }

    function _infer(string memory modelId, string memory inputName, PairInputQuery memory query) private returns (ModelOutput memory) {
        ModelInferenceRequest memory request;
        request.modelCID = modelId;
        request.input.numbers = new MultiDimensionalNumberTensor[](1);
        uint32[] memory shape = new uint32[](2);
        (shape[0], shape[1]) = (query.total_candles, uint32(query.candle_types.length));
        request.input.numbers[0] = MultiDimensionalNumberTensor(inputName, _candles(query), shape);
        return PRECOMPILE.runModelInference(request);
    }

    /// Candle after candle, of each the types that were asked for. The last that has ended is the newest.
    function _candles(PairInputQuery memory query) private view returns (Number[] memory values) {
        (uint256 count, uint256 types) = (query.total_candles, query.candle_types.length);
        require(count > 0 && count <= 1000, "1 to 1000 candles");
        require(query.candle_duration_in_mins > 0 && types > 0, "no duration or no types");
        uint256 newest = block.timestamp / (uint256(query.candle_duration_in_mins) * 60) - 1;
        values = new Number[](count * types);
        for (uint256 i = 0; i < count; i++) {
            uint256 candle = query.order == CandleOrder.ASCENDING ? newest + 1 + i - count : newest - i;
            for (uint256 t = 0; t < types; t++) values[i * types + t] = _value(query.currency_pair, candle, query.candle_types[t]);
        }
    }

    /// Prices have 8 decimals, volumes 6; an opening price is the last closing one.
    function _value(string memory pair, uint256 candle, CandleType kind) private pure returns (Number memory) {
        uint256 seed = uint256(keccak256(abi.encode(pair, candle)));
        if (kind == CandleType.VOLUME) return Number(int128(uint128(seed >> 128) % 1e12), 6);
        (uint128 open, uint128 close) = (_close(pair, candle - 1), _close(pair, candle));
        (uint128 low, uint128 high) = open < close ? (open, close) : (close, open);
        uint128 price = close;
        if (kind == CandleType.OPEN) price = open;
        else if (kind == CandleType.HIGH) price = high + uint128(seed >> 192) % 1e8;
        else if (kind == CandleType.LOW) price = low - uint128(seed >> 200) % 1e8;
        return Number(int128(price), 8);
    }

    function _close(string memory pair, uint256 candle) private pure returns (uint128) {
        return 2000e8 + uint128(uint256(keccak256(abi.encode(pair, candle))) % 100e8);
    }
}
