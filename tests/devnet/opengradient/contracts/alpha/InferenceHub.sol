// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import "./InferenceTypes.sol";
import {InferencePrecompile} from "./InferencePrecompile.sol";

/// The contract that users call: it passes on to the precompile and tells the result in events of its own.
contract InferenceHub {
    InferencePrecompile private constant PRECOMPILE = InferencePrecompile(0x00000000000000000000000000000000000000F4);

    event InferenceResult(ModelOutput output);
    event LLMChatResult(LLMChatResponse response);
    event LLMCompletionResult(LLMCompletionResponse response);

    function run(string memory modelId, ModelInferenceMode inferenceMode, ModelInput memory modelInput)
        external
        returns (ModelOutput memory output)
    {
        output = PRECOMPILE.runModelInference(ModelInferenceRequest(inferenceMode, modelId, modelInput));
        emit InferenceResult(output);
    }

    function runLLMChat(LLMChatRequest memory request) external returns (LLMChatResponse memory response) {
        response = PRECOMPILE.runLLMChat(request);
        emit LLMChatResult(response);
    }

    function runLLMCompletion(LLMCompletionRequest memory request) external returns (LLMCompletionResponse memory response) {
        response = PRECOMPILE.runLLMCompletion(request);
        emit LLMCompletionResult(response);
    }
}
