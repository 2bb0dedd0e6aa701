// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGradient inference hub, on OpenGradient's alpha network.
// 0x8383C9bD7462F12Eb996DD02F78234C0421A6FaE
// Signatures: the ABI of the official Python SDK, opengradient 1.1.4 (inference).
// Written for reading and for bindings; each file stands alone, so structs that several contracts use appear in each.

pragma solidity ^0.8.20;

/// @title InferenceHub
/// @notice Runs ONNX models and, before OpenGradient moved them off chain, language models.
interface InferenceHub {
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

    /// @notice What a model is asked.
    struct ModelInput {
        /// @notice Its numbers.
        MultiDimensionalNumberTensor[] numbers;
        /// @notice Its strings.
        StringTensor[] strings;
    }

    /// @notice A call that a model wants made.
    struct ToolCall {
        /// @notice Its id.
        string id;
        /// @notice The function's name.
        string name;
        /// @notice Its arguments as JSON text.
        string arguments;
    }

    /// @notice One message of a chat; what is absent is the empty string.
    struct ChatMessage {
        /// @notice system, user, assistant or tool.
        string role;
        /// @notice Its text.
        string content;
        /// @notice The speaker's or tool's name.
        string name;
        /// @notice Which call a tool's message answers.
        string tool_call_id;
        /// @notice The calls an assistant's message asks for.
        ToolCall[] tool_calls;
    }

    /// @notice A function that a model may ask for.
    struct ToolDefinition {
        /// @notice What it does.
        string description;
        /// @notice Its name.
        string name;
        /// @notice The JSON schema of its parameters, as text.
        string parameters;
    }

    /// @notice A chat to continue.
    struct LLMChatRequest {
        /// @notice 0 vanilla, 1 in an enclave.
        uint8 mode;
        /// @notice The model's name.
        string modelCID;
        /// @notice The messages so far.
        ChatMessage[] messages;
        /// @notice The functions that may be asked for.
        ToolDefinition[] tools;
        /// @notice auto, none or a function's name; empty without tools.
        string tool_choice;
        /// @notice The most tokens to write.
        uint32 max_tokens;
        /// @notice Where to stop.
        string[] stop_sequence;
        /// @notice The temperature in hundredths.
        uint32 temperature;
    }

    /// @notice A chat's next message.
    struct LLMChatResponse {
        /// @notice stop, length or tool_calls.
        string finish_reason;
        /// @notice The message.
        ChatMessage message;
    }

    /// @notice A text to continue.
    struct LLMCompletionRequest {
        /// @notice 0 vanilla, 1 in an enclave.
        uint8 mode;
        /// @notice The model's name.
        string modelCID;
        /// @notice The text.
        string prompt;
        /// @notice The most tokens to write.
        uint32 max_tokens;
        /// @notice Where to stop.
        string[] stop_sequence;
        /// @notice The temperature in hundredths.
        uint32 temperature;
    }

    /// @notice A text's continuation.
    struct LLMCompletionResponse {
        /// @notice The text.
        string answer;
    }

    /// @notice A model answered. An output without tensors means: ask the node, by the precompile's inferenceID.
    event InferenceResult(ModelOutput output);

    /// @notice A language model answered a chat.
    event LLMChatResult(LLMChatResponse response);

    /// @notice A language model continued a text.
    event LLMCompletionResult(LLMCompletionResponse response);

    /// @notice Runs a model. inferenceMode: 0 vanilla, 1 with a zero-knowledge proof, 2 in an enclave. Emits
    /// InferenceResult, and the precompile ModelInferenceEvent.
    function run(string calldata modelId, uint8 inferenceMode, ModelInput calldata modelInput) external returns (ModelOutput memory);

    /// @notice Continues a chat. Emits LLMChatResult.
    function runLLMChat(LLMChatRequest calldata request) external returns (LLMChatResponse memory);

    /// @notice Continues a text. Emits LLMCompletionResult.
    function runLLMCompletion(LLMCompletionRequest calldata request) external returns (LLMCompletionResponse memory);
}
