//! Accounts with code: Safe, ERC-4337, EIP-7702 with ERC-7821.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};

use crate::contracts::{Code, ENTRY_POINT, Inner, Message, RawLog, Reverted, State, Trace, revert};
use crate::rng::{digest, words};

alloy_sol_types::sol! {
    /// A Safe (safe-smart-account, `Safe.sol`); to MultiSend only by delegate calls.
    interface Safe {
        function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) external payable returns (bool);
        function multiSend(bytes transactions) external payable;
    }

    /// EntryPoint 0.7 (ERC-4337).
    interface EntryPoint {
        struct PackedUserOperation {
            address sender;
            uint256 nonce;
            bytes initCode;
            bytes callData;
            bytes32 accountGasLimits;
            uint256 preVerificationGas;
            bytes32 gasFees;
            bytes paymasterAndData;
            bytes signature;
        }
        event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed);
        event UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event BeforeExecution();
        function handleOps(PackedUserOperation[] ops, address beneficiary) external;
    }

    /// What SimpleAccount and ERC-7821 accounts are told.
    interface Execute {
        struct Call { address to; uint256 value; bytes data; }
        function execute(address dest, uint256 value, bytes func) external;
        function executeBatch(Call[] calls) external;
    }

    /// ERC-7821.
    interface Batch {
        function execute(bytes32 mode, bytes executionData) external payable;
    }
}

/// MultiSend's address (1.3.0, call only).
pub(crate) const MULTI_SEND: Address = Address::repeat_byte(0x4d);

/// A call as wallets are asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
}

/// The hash of a Safe's transaction.
pub(crate) fn safe_hash(safe: Address, nonce: u64, calls: &[Asked]) -> B256 {
    operation_hash(0x5afe, safe, nonce, calls)
}

/// The hash of a user operation.
pub(crate) fn user_op_hash(sender: Address, nonce: u64, calls: &[Asked]) -> B256 {
    operation_hash(0x4337, sender, nonce, calls)
}

fn operation_hash(kind: u64, account: Address, nonce: u64, calls: &[Asked]) -> B256 {
    let mut all = vec![kind, nonce];
    all.extend(words(account.as_slice()));
    for call in calls {
        all.extend(call.to.iter().flat_map(|to| words(to.as_slice()).collect::<Vec<_>>()));
        all.extend(call.value.as_limbs());
        all.extend(words(&call.data));
    }
    digest(&all)
}

/// The calldata by which a Safe is told to make these calls. The hash goes where the signatures are.
pub(crate) fn exec_transaction(calls: &[Asked], hash: B256) -> Bytes {
    let (to, value, data, operation) = match calls {
        [call] => (call.to.unwrap_or_default(), call.value, call.data.clone(), 0),
        many => {
            let mut packed = Vec::new();
            for call in many {
                packed.push(0);
                packed.extend_from_slice(call.to.unwrap_or_default().as_slice());
                packed.extend_from_slice(&call.value.to_be_bytes::<32>());
                packed.extend_from_slice(&U256::from(call.data.len()).to_be_bytes::<32>());
                packed.extend_from_slice(&call.data);
            }
            let data = Safe::multiSendCall { transactions: packed.into() }.abi_encode();
            (MULTI_SEND, U256::ZERO, data.into(), 1)
        }
    };
    Safe::execTransactionCall {
        to,
        value,
        data,
        operation,
        safeTxGas: U256::ZERO,
        baseGas: U256::ZERO,
        gasPrice: U256::ZERO,
        gasToken: Address::ZERO,
        refundReceiver: Address::ZERO,
        signatures: hash.to_vec().into(),
    }
    .abi_encode()
    .into()
}

/// The operation of an account for these calls.
pub(crate) fn operation(sender: Address, nonce: u64, calls: &[Asked]) -> EntryPoint::PackedUserOperation {
    let call_data = match calls {
        [call] => {
            let (dest, value, func) = (call.to.unwrap_or_default(), call.value, call.data.clone());
            Execute::executeCall { dest, value, func }.abi_encode()
        }
        many => Execute::executeBatchCall { calls: many.iter().map(wire).collect() }.abi_encode(),
    };
    EntryPoint::PackedUserOperation {
        sender,
        nonce: U256::from(nonce),
        initCode: Bytes::new(),
        callData: call_data.into(),
        accountGasLimits: B256::ZERO,
        preVerificationGas: U256::ZERO,
        gasFees: B256::ZERO,
        paymasterAndData: Bytes::new(),
        signature: user_op_hash(sender, nonce, calls).to_vec().into(),
    }
}

fn wire(call: &Asked) -> Execute::Call {
    Execute::Call { to: call.to.unwrap_or_default(), value: call.value, data: call.data.clone() }
}

fn read(call: Execute::Call) -> Asked {
    Asked { to: Some(call.to), value: call.value, data: call.data }
}

/// The calldata of a batch by an account with a delegate.
pub(crate) fn delegated_batch(calls: &[Asked]) -> Bytes {
    let mode = B256::left_padding_from(&[1]);
    let data = calls.iter().map(wire).collect::<Vec<_>>().abi_encode();
    Batch::executeCall { mode, executionData: data.into() }.abi_encode().into()
}

/// What an account does: all its calls, or none.
fn run(
    state: &mut State,
    account: Address,
    calls: &[Asked],
    time: u64,
    id: Option<B256>,
    trace: &mut Trace,
) -> Result<(), Reverted> {
    let before = state.clone();
    let mut inside = Trace::default();
    let mut failed = trace.is_doomed.then(|| revert("lost the race"));
    for call in calls {
        if failed.is_some() {
            break;
        }
        inside.made = None;
        let message = Message { sender: account, to: call.to, value: call.value, data: &call.data, time };
        failed = state.call(&message, &mut inside).err();
        let Asked { to, value, data } = call.clone();
        inside.inner.push(Inner { account, to, value, data, succeeded: true, made: inside.made, id });
    }
    if let Some(reason) = failed {
        *state = before;
        for call in calls {
            let Asked { to, value, data } = call.clone();
            trace.inner.push(Inner { account, to, value, data, succeeded: false, made: None, id });
        }
        return Err(reason);
    }
    trace.logs.append(&mut inside.logs);
    trace.inner.append(&mut inside.inner);
    Ok(())
}

/// A call to an account with code.
pub(crate) fn execute(state: &mut State, at: Address, message: &Message<'_>, trace: &mut Trace) -> Result<Vec<u8>, Reverted> {
    match state.account(at).code {
        Code::Safe { next, is_indexed } => safe(state, at, (next, is_indexed), message, trace),
        Code::Delegated => {
            let call = Batch::executeCall::abi_decode(message.data).map_err(|_| Vec::new())?;
            let calls = <Vec<Execute::Call>>::abi_decode(&call.executionData).map_err(|_| Vec::new())?;
            let calls: Vec<Asked> = calls.into_iter().map(read).collect();
            run(state, at, &calls, message.time, None, trace).map(|()| Vec::new())
        }
        Code::None | Code::Contract | Code::Smart { .. } => Err(revert("not from the entry point")),
    }
}

fn safe(
    state: &mut State,
    at: Address,
    (next, is_indexed): (u64, bool),
    message: &Message<'_>,
    trace: &mut Trace,
) -> Result<Vec<u8>, Reverted> {
    let call = Safe::execTransactionCall::abi_decode(message.data).map_err(|_| revert("GS000"))?;
    let calls = match Safe::multiSendCall::abi_decode(&call.data) {
        Ok(many) if call.operation == 1 && call.to == MULTI_SEND => unpack(&many.transactions),
        _ => vec![Asked { to: Some(call.to), value: call.value, data: call.data.clone() }],
    };
    let hash = safe_hash(at, next, &calls);
    // GS026: the signatures are of another hash, for instance because the nonce was used meanwhile.
    if call.signatures.as_ref() != hash.as_slice() {
        return Err(revert("GS026"));
    }
    if let Some(account) = state.accounts.get_mut(&at) {
        account.code = Code::Safe { next: next + 1, is_indexed };
    }
    let name: &str = if run(state, at, &calls, message.time, Some(hash), trace).is_ok() {
        "ExecutionSuccess(bytes32,uint256)"
    } else {
        "ExecutionFailure(bytes32,uint256)"
    };
    let (mut topics, mut data) = (vec![keccak256(name)], Vec::new());
    if is_indexed {
        topics.push(hash);
    } else {
        data.extend_from_slice(hash.as_slice());
    }
    data.extend_from_slice(&[0; 32]);
    trace.logs.push(RawLog { address: at, topics, data: data.into() });
    Ok(U256::from(1).to_be_bytes_vec())
}

fn unpack(mut packed: &[u8]) -> Vec<Asked> {
    let mut calls = Vec::new();
    while packed.len() >= 85 {
        let to = Address::from_slice(&packed[1..21]);
        let value = U256::from_be_slice(&packed[21..53]);
        let length = usize::try_from(U256::from_be_slice(&packed[53..85])).unwrap_or_default();
        let data = Bytes::copy_from_slice(packed.get(85..85 + length).unwrap_or_default());
        packed = packed.get(85 + length..).unwrap_or_default();
        calls.push(Asked { to: Some(to), value, data });
    }
    calls
}

/// A bundle: each operation succeeds or fails by itself.
pub(crate) fn handle_ops(state: &mut State, message: &Message<'_>, trace: &mut Trace) -> Result<Vec<u8>, Reverted> {
    let call = EntryPoint::handleOpsCall::abi_decode(message.data).map_err(|_| revert("AA00"))?;
    trace.emit(ENTRY_POINT, &EntryPoint::BeforeExecution {});
    let is_doomed = trace.is_doomed;
    for op in call.ops {
        let calls = if let Ok(one) = Execute::executeCall::abi_decode(&op.callData) {
            vec![Asked { to: Some(one.dest), value: one.value, data: one.func }]
        } else {
            let many = Execute::executeBatchCall::abi_decode(&op.callData).map_err(|_| revert("AA23"))?;
            many.calls.into_iter().map(read).collect()
        };
        let account = state.accounts.get_mut(&op.sender).ok_or_else(|| revert("AA20"))?;
        let Code::Smart { next } = account.code else { return Err(revert("AA20")) };
        if U256::from(next) != op.nonce {
            return Err(revert("AA25"));
        }
        account.code = Code::Smart { next: next + 1 };
        let hash = user_op_hash(op.sender, next, &calls);
        // Strangers' operations are marked by their account's fate alone.
        trace.is_doomed = is_doomed && op.sender != crate::wallet::STRANGER_ACCOUNT;
        let outcome = run(state, op.sender, &calls, message.time, Some(hash), trace);
        if let Err(reason) = &outcome {
            let reason = reason.clone().into();
            let event = EntryPoint::UserOperationRevertReason {
                userOpHash: hash,
                sender: op.sender,
                nonce: op.nonce,
                revertReason: reason,
            };
            trace.emit(ENTRY_POINT, &event);
        }
        trace.emit(
            ENTRY_POINT,
            &EntryPoint::UserOperationEvent {
                userOpHash: hash,
                sender: op.sender,
                paymaster: Address::ZERO,
                nonce: op.nonce,
                success: outcome.is_ok(),
                actualGasCost: U256::ZERO,
                actualGasUsed: U256::ZERO,
            },
        );
    }
    trace.is_doomed = is_doomed;
    Ok(Vec::new())
}
