// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import "./InferenceTypes.sol";
import {Text} from "./Text.sol";

/// Stands in for the precompile that runs models. Its models are small functions, so that tests can foretell the outputs.
contract InferencePrecompile {
    enum Kind {
        NONE,
        /// Numbers: y = 2x + 0.5, exact. Strings: reversed. A JSON scalar counts the tensors.
        LINEAR,
        /// The tensors as they came.
        ECHO,
        /// One number: the return from the first value of the first tensor to its last, with 12 decimals.
        FORECAST,
        /// As LINEAR, but the result is not on chain: the node has it.
        OFFCHAIN,
        /// As LINEAR, and marked as simulated.
        SIMULATED,
        /// Always fails, with an error of its own.
        FAILING,
        /// As ECHO, but fails in a block: a call that offers no gas price goes well, so an estimate does too.
        UNSTEADY,
        LLM
    }

    struct Model {
        Kind kind;
        string output;
    }

    mapping(string => Model) public models;
    uint256 private _count;

    event LLMChat(string inferenceID, LLMChatRequest request, LLMChatResponse response);
    event LLMCompletionEvent(string inferenceID, LLMCompletionRequest request, LLMCompletionResponse response);
    event ModelInferenceEvent(string inferenceID, ModelInferenceRequest request, ModelOutput response);

    error InferenceFailed(string modelCID, uint256 code);

    /// Anybody's, here. `output` names the tensor of a forecast.
    function setModel(string calldata modelCID, Kind kind, string calldata output) external {
        models[modelCID] = Model(kind, output);
    }

    function runModelInference(ModelInferenceRequest memory request) external returns (ModelOutput memory response) {
        if (_model(request.modelCID).kind == Kind.OFFCHAIN) _check(request.input);
        else response = infer(request);
        emit ModelInferenceEvent(_inferenceId(), request, response);
    }

    /// What the node computes: the whole output, also where the chain does not have it.
    function infer(ModelInferenceRequest memory request) public view returns (ModelOutput memory output) {
        Model memory model = _model(request.modelCID);
        ModelInput memory input = request.input;
        _check(input);
        require(model.kind != Kind.LLM, string.concat("not an ONNX model: ", request.modelCID));
        if (model.kind == Kind.FAILING) revert InferenceFailed(request.modelCID, 7);
        if (model.kind == Kind.UNSTEADY) require(tx.gasprice == 0, "the model lost its memory");
        if (model.kind == Kind.ECHO || model.kind == Kind.UNSTEADY) {
            output.numbers = input.numbers;
            output.strings = input.strings;
        } else if (model.kind == Kind.FORECAST) {
            output.numbers = new MultiDimensionalNumberTensor[](1);
            output.numbers[0] = _forecast(model.output, input);
        } else {
            output = _linear(input);
            output.is_simulation_result = model.kind == Kind.SIMULATED;
        }
    }

    function runLLMChat(LLMChatRequest memory request) external returns (LLMChatResponse memory response) {
        _requireLLM(request.modelCID, request.temperature);
        require(request.messages.length > 0, "no messages");
        ChatMessage memory last = request.messages[request.messages.length - 1];
        string memory id = _inferenceId();
        response.message.role = "assistant";
        if (_callsTool(request, last, response.message, id)) {
            response.finish_reason = "tool_calls";
        } else {
            string memory said = Text.equal(last.role, "tool") ? "The tool said " : "You said ";
            (response.message.content, response.finish_reason) =
                Text.cut(string.concat(said, last.content), request.stop_sequence, request.max_tokens);
        }
        emit LLMChat(id, request, response);
    }

    function runLLMCompletion(LLMCompletionRequest memory request) external returns (LLMCompletionResponse memory response) {
        _requireLLM(request.modelCID, request.temperature);
        (response.answer,) = Text.cut(string.concat(request.prompt, " and so on"), request.stop_sequence, request.max_tokens);
        emit LLMCompletionEvent(_inferenceId(), request, response);
    }

    function _model(string memory modelCID) private view returns (Model memory model) {
        model = models[modelCID];
        require(model.kind != Kind.NONE, string.concat("model not found: ", modelCID));
    }

    function _requireLLM(string memory modelCID, uint32 temperature) private view {
        require(_model(modelCID).kind == Kind.LLM, string.concat("not a language model: ", modelCID));
        require(temperature <= 200, "temperature above 2");
    }

    /// The ids need escaping in a path: base64 has slashes, pluses and equals signs.
    function _inferenceId() private returns (string memory) {
        return Base64.encode(abi.encodePacked(bytes3(0xfbffff), keccak256(abi.encode(block.number, ++_count))));
    }

    function _check(ModelInput memory input) private pure {
        require(input.numbers.length + input.strings.length > 0, "no tensors");
        for (uint256 i = 0; i < input.numbers.length; i++) {
            MultiDimensionalNumberTensor memory tensor = input.numbers[i];
            uint256 size = 1;
            for (uint256 d = 0; d < tensor.shape.length; d++) size *= tensor.shape[d];
            require(size == tensor.values.length, string.concat("shape of tensor ", tensor.name, " does not fit its values"));
            for (uint256 v = 0; v < tensor.values.length; v++) {
                require(tensor.values[v].decimals >= 0, string.concat("negative decimals in tensor ", tensor.name));
            }
        }
    }

    function _linear(ModelInput memory input) private pure returns (ModelOutput memory output) {
        output.numbers = new MultiDimensionalNumberTensor[](input.numbers.length);
        for (uint256 i = 0; i < input.numbers.length; i++) {
            MultiDimensionalNumberTensor memory x = input.numbers[i];
            Number[] memory y = new Number[](x.values.length);
            for (uint256 v = 0; v < y.length; v++) {
                (int128 value, int128 decimals) = (x.values[v].value, x.values[v].decimals);
                if (decimals == 0) (value, decimals) = (value * 10, 1);
                y[v] = Number(2 * value + 5 * _power(decimals - 1), decimals);
            }
            output.numbers[i] = MultiDimensionalNumberTensor(string.concat(x.name, "_out"), y, x.shape);
        }
        output.strings = new StringTensor[](input.strings.length);
        for (uint256 i = 0; i < input.strings.length; i++) {
            StringTensor memory tensor = input.strings[i];
            string[] memory values = new string[](tensor.values.length);
            for (uint256 v = 0; v < values.length; v++) values[v] = Text.reverse(tensor.values[v]);
            output.strings[i] = StringTensor(string.concat(tensor.name, "_out"), values);
        }
        output.jsons = new JsonScalar[](1);
        string memory counts = string.concat(
            "{\"numbers\": ", Strings.toString(input.numbers.length), ", \"strings\": ", Strings.toString(input.strings.length), "}"
        );
        output.jsons[0] = JsonScalar("summary", counts);
    }

    function _forecast(string memory name, ModelInput memory input) private pure returns (MultiDimensionalNumberTensor memory tensor) {
        require(input.numbers.length > 0 && input.numbers[0].values.length > 0, "a forecast needs numbers");
        Number[] memory values = input.numbers[0].values;
        (Number memory first, Number memory last) = (values[0], values[values.length - 1]);
        int256 from = int256(first.value) * _power(last.decimals);
        int256 to = int256(last.value) * _power(first.decimals);
        require(from != 0, "a forecast from nothing");
        tensor.name = name;
        tensor.shape = new uint32[](1);
        tensor.shape[0] = 1;
        tensor.values = new Number[](1);
        tensor.values[0] = Number(int128((to - from) * 1e12 / from), 12);
    }

    function _power(int128 decimals) private pure returns (int128 power) {
        power = 1;
        for (int128 i = 0; i < decimals; i++) power *= 10;
    }

    /// A tool is called when the choice or the user's text names it; what follows the first brace are its arguments.
    function _callsTool(LLMChatRequest memory request, ChatMessage memory last, ChatMessage memory message, string memory id)
        private
        pure
        returns (bool)
    {
        if (Text.equal(request.tool_choice, "none") || !Text.equal(last.role, "user")) return false;
        for (uint256 i = 0; i < request.tools.length; i++) {
            string memory name = request.tools[i].name;
            if (!Text.equal(request.tool_choice, name) && Text.find(last.content, name) == type(uint256).max) continue;
            uint256 brace = Text.find(last.content, "{");
            string memory arguments = brace == type(uint256).max ? "{}" : Text.slice(last.content, brace, bytes(last.content).length);
            message.tool_calls = new ToolCall[](1);
            message.tool_calls[0] = ToolCall(string.concat("call_", id), name, arguments);
            return true;
        }
        return false;
    }
}
