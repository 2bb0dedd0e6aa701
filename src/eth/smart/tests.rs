//! Bundles, Safe transactions and delegated calls as the accounts' own ABIs lay them out.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue, sol};
use proptest::prelude::*;

use super::calldata::{bundled, holds};
use super::*;

sol! {
    // eth-infinitism/account-abstraction v0.6.0 and v0.8.0.
    interface EntryPoint06 {
        struct UserOperation {
            address sender; uint256 nonce; bytes initCode; bytes callData; uint256 callGasLimit; uint256 verificationGasLimit;
            uint256 preVerificationGas; uint256 maxFeePerGas; uint256 maxPriorityFeePerGas; bytes paymasterAndData; bytes signature;
        }
        function handleOps(UserOperation[] ops, address beneficiary);
    }
    interface EntryPoint {
        struct PackedUserOperation {
            address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits; uint256 preVerificationGas;
            bytes32 gasFees; bytes paymasterAndData; bytes signature;
        }
        function handleOps(PackedUserOperation[] ops, address beneficiary);
        event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed);
        event UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event PostOpRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event BeforeExecution();
    }
    // safe-global/safe-smart-account v1.4.1; MultiSend's argument is packed.
    interface Safe {
        function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures);
        function multiSend(bytes transactions);
        event ExecutionSuccess(bytes32 indexed txHash, uint256 payment);
        event ExecutionFailure(bytes32 indexed txHash, uint256 payment);
        event ExecutionFromModuleFailure(address indexed module);
    }
    // Safe v1.3.0, where nothing is indexed.
    interface OldSafe {
        event ExecutionSuccess(bytes32 txHash, uint256 payment);
        event ExecutionFailure(bytes32 txHash, uint256 payment);
    }
    // SimpleAccount v0.6.0 and v0.8.0, ERC-7579 and ERC-7821, Coinbase Smart Wallet, MetaMask's DelegationManager v1.3.0.
    interface Accounts {
        struct Execution { address target; uint256 value; bytes callData; }
        function execute(address dest, uint256 value, bytes func);
        function executeBatch(address[] dest, bytes[] func);
        function executeBatch(address[] dest, uint256[] value, bytes[] func);
        function executeBatch(Execution[] calls);
        function execute(bytes32 mode, bytes executionCalldata);
        function redeemDelegations(bytes[] permissionContexts, bytes32[] modes, bytes[] executionCallDatas);
    }
}

const ACCOUNT: Address = Address::repeat_byte(0xaa);
const STRANGER: Address = Address::repeat_byte(0x5a);
const BUNDLER: Address = Address::repeat_byte(0xb0);
const TARGET: Address = Address::repeat_byte(0xcc);
const ENTRY_POINT: Address = ENTRY_POINTS[2];
const OURS: B256 = B256::repeat_byte(1);
const THEIRS: B256 = B256::repeat_byte(2);
const SECOND: B256 = B256::repeat_byte(3);

fn call() -> WriteCall {
    WriteCall::raw(TARGET, hex!("deadbeef0000000000000000000000000000000000000000000000000000000000000007").to_vec())
}

fn other_call() -> WriteCall {
    WriteCall::raw(TARGET, hex!("cafebabe").to_vec())
}

fn log(address: Address, topics: &[B256], data: Vec<u8>) -> Log {
    Log {
        address,
        topics: topics.to_vec(),
        data: data.into(),
        block_number: 7,
        block_hash: B256::ZERO,
        transaction_hash: B256::repeat_byte(9),
        log_index: 0,
        removed: false,
    }
}

fn event(address: Address, event: &impl SolEvent) -> Log {
    let encoded = event.encode_log_data();
    log(address, encoded.topics(), encoded.data.to_vec())
}

/// What a contract logs while it is called.
fn mark(number: u8) -> Log {
    log(TARGET, &[B256::repeat_byte(number)], Vec::new())
}

fn ended(id: B256, sender: Address, success: bool) -> Log {
    event(
        ENTRY_POINT,
        &EntryPoint::UserOperationEvent {
            userOpHash: id,
            sender,
            paymaster: BUNDLER,
            nonce: U256::from(5),
            success,
            actualGasCost: U256::from(77),
            actualGasUsed: U256::from(88),
        },
    )
}

fn reverted(id: B256, sender: Address, reason: &[u8]) -> Log {
    let reason = Bytes::copy_from_slice(reason);
    let nonce = U256::from(5);
    event(ENTRY_POINT, &EntryPoint::UserOperationRevertReason { userOpHash: id, sender, nonce, revertReason: reason })
}

fn before() -> Log {
    event(ENTRY_POINT, &EntryPoint::BeforeExecution {})
}

fn execute(call: &WriteCall) -> Bytes {
    let WriteCall { to, value, data } = call.clone();
    Accounts::execute_0Call { dest: to.unwrap_or_default(), value, func: data }.abi_encode().into()
}

fn bundle(operations: &[(Address, Bytes)]) -> Vec<u8> {
    let packed = |(sender, data): &(Address, Bytes)| EntryPoint::PackedUserOperation {
        sender: *sender,
        nonce: U256::from(5),
        initCode: Bytes::new(),
        callData: data.clone(),
        accountGasLimits: FixedBytes::repeat_byte(1),
        preVerificationGas: U256::from(50_000),
        gasFees: FixedBytes::repeat_byte(1),
        paymasterAndData: Bytes::from_static(&[1; 52]),
        signature: Bytes::from_static(&[2; 65]),
    };
    EntryPoint::handleOpsCall { ops: operations.iter().map(packed).collect(), beneficiary: BUNDLER }.abi_encode()
}

fn bundle06(operations: &[(Address, Bytes)]) -> Vec<u8> {
    let full = |(sender, data): &(Address, Bytes)| EntryPoint06::UserOperation {
        sender: *sender,
        nonce: U256::from(5),
        initCode: Bytes::from_static(&[3; 20]),
        callData: data.clone(),
        callGasLimit: U256::from(100_000),
        verificationGasLimit: U256::from(100_000),
        preVerificationGas: U256::from(50_000),
        maxFeePerGas: U256::from(1),
        maxPriorityFeePerGas: U256::from(1),
        paymasterAndData: Bytes::new(),
        signature: Bytes::from_static(&[2; 65]),
    };
    EntryPoint06::handleOpsCall { ops: operations.iter().map(full).collect(), beneficiary: BUNDLER }.abi_encode()
}

fn exec_transaction(call: &WriteCall) -> Vec<u8> {
    Safe::execTransactionCall {
        to: call.to.unwrap_or_default(),
        value: call.value,
        data: call.data.clone(),
        operation: 0,
        safeTxGas: U256::ZERO,
        baseGas: U256::ZERO,
        gasPrice: U256::ZERO,
        gasToken: Address::ZERO,
        refundReceiver: Address::ZERO,
        signatures: Bytes::from_static(&[2; 130]),
    }
    .abi_encode()
}

fn multi_send(calls: &[WriteCall]) -> WriteCall {
    let packed = |call: &WriteCall| {
        let length = U256::from(call.data.len()).to_be_bytes::<32>();
        [&[0][..], call.to.unwrap_or_default().as_slice(), &call.value.to_be_bytes::<32>(), &length, &call.data].concat()
    };
    let transactions: Bytes = calls.iter().flat_map(packed).collect();
    WriteCall::new(Address::repeat_byte(0x38), &Safe::multiSendCall { transactions })
}

fn sent<'a>(from: Address, to: Address, input: &'a [u8], logs: &'a [Log]) -> Mined<'a> {
    Mined { from, to: Some(to), value: U256::ZERO, input, succeeded: true, logs }
}

fn failed(reason: &[u8]) -> Part<'static> {
    Part::Failed { reason: Bytes::copy_from_slice(reason) }
}

#[test]
fn topics_and_selectors_are_those_of_the_contracts() {
    for (topic, signature) in [
        (USER_OPERATION, EntryPoint::UserOperationEvent::SIGNATURE),
        (REVERT_REASON, EntryPoint::UserOperationRevertReason::SIGNATURE),
        (POST_OP_REVERT_REASON, EntryPoint::PostOpRevertReason::SIGNATURE),
        (BEFORE_EXECUTION, EntryPoint::BeforeExecution::SIGNATURE),
        (EXECUTION_SUCCESS, Safe::ExecutionSuccess::SIGNATURE),
        (EXECUTION_FAILURE, Safe::ExecutionFailure::SIGNATURE),
        (MODULE_FAILURE, Safe::ExecutionFromModuleFailure::SIGNATURE),
    ] {
        assert_eq!(topic, keccak256(signature), "{signature}");
    }
    assert!(bundled(&bundle06(&[]), ACCOUNT).is_some() && bundled(&bundle(&[]), ACCOUNT).is_some());
    assert!(bundled(&exec_transaction(&call()), ACCOUNT).is_none());
}

#[test]
fn a_delegated_account_sends_for_itself_and_a_contract_does_not() {
    let delegated = [&hex!("ef0100")[..], TARGET.as_slice()].concat();
    assert!(has_key(&[]) && has_key(&delegated) && !has_key(&hex!("6080604052")));
}

#[test]
fn the_filters_ask_for_this_account_alone() {
    let read = |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default()[0].clone();
    let [bundled, safe] = filters(ACCOUNT, 0x1f).map(|text| read(&text));
    assert_eq!(bundled["address"].as_array().map(Vec::len), Some(4));
    assert_eq!(bundled["address"][0], "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789");
    assert_eq!(bundled["topics"], serde_json::json!([USER_OPERATION.to_string(), null, ACCOUNT.into_word().to_string()]));
    assert_eq!(safe["address"], format!("{ACCOUNT:?}"));
    assert_eq!(safe["topics"], serde_json::json!([[EXECUTION_SUCCESS.to_string(), EXECUTION_FAILURE.to_string()]]));
    for filter in [bundled, safe] {
        assert_eq!((&filter["fromBlock"], &filter["toBlock"]), (&"0x1f".into(), &"latest".into()));
    }
}

#[test]
fn an_operation_counts_where_its_contract_says_so() {
    let safe = |success| match success {
        true => event(ACCOUNT, &Safe::ExecutionSuccess { txHash: OURS, payment: U256::ZERO }),
        false => event(ACCOUNT, &Safe::ExecutionFailure { txHash: OURS, payment: U256::ZERO }),
    };
    let old = event(ACCOUNT, &OldSafe::ExecutionFailure { txHash: SECOND, payment: U256::ZERO });
    let logs = [mark(1), ended(OURS, ACCOUNT, true), ended(SECOND, ACCOUNT, false), safe(true), safe(false), old];
    let found: Vec<_> = operations(ACCOUNT, &logs).iter().map(|found| (found.at, found.id, found.succeeded)).collect();
    assert_eq!(found, [(1, OURS, true), (2, SECOND, false), (3, OURS, true), (4, OURS, false), (5, SECOND, false)]);
    assert!(operations(ACCOUNT, &logs).iter().all(|found| (found.transaction, found.block_number) == (B256::repeat_byte(9), 7)));

    // Anybody can emit what looks like one.
    let forged = |log: &Log| Log { address: STRANGER, ..log.clone() };
    let mut bad: Vec<Log> = logs.iter().map(forged).collect();
    bad.push(ended(OURS, STRANGER, true));
    bad.push(Log { removed: true, ..ended(OURS, ACCOUNT, true) });
    bad.push(Log { data: Bytes::from_static(&[0; 40]), ..ended(OURS, ACCOUNT, true) });
    bad.push(log(ENTRY_POINT, &[USER_OPERATION, OURS], vec![1; 128]));
    bad.push(log(ACCOUNT, &[EXECUTION_SUCCESS], vec![1; 31]));
    bad.push(log(ACCOUNT, &[EXECUTION_SUCCESS, OURS, OURS], vec![1; 64]));
    bad.push(log(ACCOUNT, &[], Vec::new()));
    assert_eq!(operations(ACCOUNT, &bad), []);
}

#[test]
fn every_entry_point_counts() {
    for entry_point in ENTRY_POINTS {
        let logs = [Log { address: entry_point, ..ended(OURS, ACCOUNT, true) }];
        let input = bundle(&[(ACCOUNT, execute(&call()))]);
        assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, entry_point, &input, &logs)), Part::Done { logs: &[] });
    }
}

#[test]
fn in_a_bundle_the_logs_between_two_events_are_ours() {
    let logs = [mark(1), before(), mark(2), ended(THEIRS, STRANGER, true), mark(3), mark(4), ended(OURS, ACCOUNT, true), mark(5)];
    let input = bundle(&[(STRANGER, execute(&other_call())), (ACCOUNT, execute(&call()))]);
    let part = own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &input, &logs));
    assert_eq!(part, Part::Done { logs: &logs[4..6] });
    // The first of a bundle begins where validation ends.
    let logs = [mark(1), before(), mark(3), ended(OURS, ACCOUNT, true), mark(4), ended(THEIRS, STRANGER, true)];
    let input = bundle(&[(ACCOUNT, execute(&call())), (STRANGER, execute(&call()))]);
    let part = own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &input, &logs));
    assert_eq!(part, Part::Done { logs: &logs[2..3] });
}

#[test]
fn events_of_a_forged_entry_point_are_no_boundary() {
    let forged = Log { address: STRANGER, ..ended(THEIRS, STRANGER, true) };
    let logs = [before(), mark(3), forged, mark(4), ended(OURS, ACCOUNT, true)];
    let input = bundle(&[(ACCOUNT, execute(&call()))]);
    let part = own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &input, &logs));
    assert_eq!(part, Part::Done { logs: &logs[1..4] });
}

#[test]
fn an_inner_failure_is_a_failure_though_the_bundle_succeeded() {
    let input = bundle(&[(ACCOUNT, execute(&call()))]);
    let look = |logs: &[Log]| {
        let part = own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &input, logs));
        match part {
            Part::Failed { reason } => Some(reason),
            _ => None,
        }
    };
    let reason = hex!("08c379a0");
    assert_eq!(look(&[before(), reverted(OURS, ACCOUNT, &reason), ended(OURS, ACCOUNT, false)]), Some(reason.into()));
    assert_eq!(look(&[before(), ended(OURS, ACCOUNT, false)]), Some(Bytes::new()));
    // The reason of another operation is not ours, nor one that a contract made up.
    let others = [
        before(),
        reverted(THEIRS, STRANGER, &[1]),
        ended(THEIRS, STRANGER, false),
        reverted(SECOND, ACCOUNT, &[2]),
        Log { address: TARGET, ..reverted(OURS, ACCOUNT, &[3]) },
        ended(OURS, ACCOUNT, false),
    ];
    assert_eq!(look(&others), Some(Bytes::new()));
    let paymaster = EntryPoint::PostOpRevertReason {
        userOpHash: OURS,
        sender: ACCOUNT,
        nonce: U256::from(5),
        revertReason: Bytes::from_static(&[4]),
    };
    assert_eq!(look(&[before(), event(ENTRY_POINT, &paymaster), ended(OURS, ACCOUNT, false)]), Some(Bytes::from_static(&[4])));
}

#[test]
fn a_stranger_with_the_same_call_in_the_bundle_changes_nothing() {
    let strangers = bundle(&[(STRANGER, execute(&call()))]);
    let logs = [before(), mark(1), ended(THEIRS, STRANGER, true)];
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &strangers, &logs)), Part::NotOurs);
    assert_eq!(own_part(ACCOUNT, Some(THEIRS), &call(), &sent(BUNDLER, ENTRY_POINT, &strangers, &logs)), Part::NotOurs);
    // Our account does something else in it.
    let both = bundle(&[(STRANGER, execute(&call())), (ACCOUNT, execute(&other_call()))]);
    let logs = [before(), mark(1), ended(THEIRS, STRANGER, true), mark(2), ended(OURS, ACCOUNT, true)];
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &both, &logs)), Part::NotOurs);
    assert_eq!(
        own_part(ACCOUNT, None, &other_call(), &sent(BUNDLER, ENTRY_POINT, &both, &logs)),
        Part::Done { logs: &logs[3..4] }
    );
}

#[test]
fn of_several_operations_the_id_tells_else_the_calldata() {
    let logs = [before(), mark(1), ended(SECOND, ACCOUNT, true), mark(2), ended(OURS, ACCOUNT, true)];
    let input = bundle(&[(ACCOUNT, execute(&other_call())), (ACCOUNT, execute(&call()))]);
    let mined = sent(BUNDLER, ENTRY_POINT, &input, &logs);
    assert_eq!(own_part(ACCOUNT, Some(OURS), &call(), &mined), Part::Done { logs: &logs[3..4] });
    assert_eq!(own_part(ACCOUNT, Some(SECOND), &call(), &mined), Part::Done { logs: &logs[1..2] });
    for id in [None, Some(B256::repeat_byte(9)), Some(THEIRS)] {
        assert_eq!(own_part(ACCOUNT, id, &call(), &mined), Part::Done { logs: &logs[3..4] });
        assert_eq!(own_part(ACCOUNT, id, &other_call(), &mined), Part::Done { logs: &logs[1..2] });
        assert_eq!(own_part(ACCOUNT, id, &call().with_value(U256::from(3)), &mined), Part::NotOurs);
    }
}

#[test]
fn a_bundle_that_a_contract_passes_on_tells_of_one_operation_alone() {
    let inner = bundle(&[(ACCOUNT, execute(&call()))]);
    let outer = execute(&WriteCall::raw(ENTRY_POINT, inner));
    let logs = [before(), mark(1), ended(OURS, ACCOUNT, true)];
    let part = own_part(ACCOUNT, None, &call(), &sent(BUNDLER, BUNDLER, &outer, &logs));
    assert_eq!(part, Part::Done { logs: &logs[1..2] });
    assert_eq!(own_part(ACCOUNT, None, &other_call(), &sent(BUNDLER, BUNDLER, &outer, &logs)), Part::NotOurs);
    // Which of two is meant cannot be told.
    let two = [before(), mark(1), ended(OURS, ACCOUNT, true), ended(SECOND, ACCOUNT, true)];
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, BUNDLER, &outer, &two)), Part::NotOurs);
}

#[test]
fn a_safe_has_the_logs_up_to_its_execution() {
    let success = event(ACCOUNT, &Safe::ExecutionSuccess { txHash: OURS, payment: U256::ZERO });
    let logs = [mark(1), mark(2), success.clone(), mark(3)];
    for wrapped in [call(), multi_send(&[other_call(), call()])] {
        let input = exec_transaction(&wrapped);
        let mined = sent(BUNDLER, ACCOUNT, &input, &logs);
        for id in [None, Some(OURS)] {
            assert_eq!(own_part(ACCOUNT, id, &call(), &mined), Part::Done { logs: &logs[..2] });
        }
        assert_eq!(own_part(ACCOUNT, None, &call().with_value(U256::from(1)), &mined), Part::NotOurs);
        let failure = [event(ACCOUNT, &Safe::ExecutionFailure { txHash: OURS, payment: U256::ZERO })];
        assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ACCOUNT, &input, &failure)), failed(&[]));
    }
    // One relayer, two executions of the same Safe.
    let first = event(ACCOUNT, &Safe::ExecutionSuccess { txHash: SECOND, payment: U256::ZERO });
    let two = [mark(1), first, mark(2), success.clone()];
    let relayed = sent(BUNDLER, STRANGER, &[], &two);
    assert_eq!(own_part(ACCOUNT, Some(OURS), &call(), &relayed), Part::Done { logs: &two[2..3] });
    assert_eq!(own_part(ACCOUNT, None, &call(), &relayed), Part::NotOurs);
    let safe = exec_transaction(&call());
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ACCOUNT, &safe, &two)), Part::NotOurs);
    // An owner that is itself an account of a bundle.
    let logs = [before(), mark(1), ended(THEIRS, STRANGER, true), mark(2), success, ended(SECOND, BUNDLER, true)];
    let input =
        bundle(&[(STRANGER, execute(&other_call())), (BUNDLER, execute(&WriteCall::raw(ACCOUNT, exec_transaction(&call()))))]);
    let part = own_part(ACCOUNT, None, &call(), &sent(STRANGER, ENTRY_POINT, &input, &logs));
    assert_eq!(part, Part::Done { logs: &logs[3..4] });
}

#[test]
fn what_stands_behind_a_signed_safe_transaction_was_not_signed() {
    let logs = [event(ACCOUNT, &Safe::ExecutionSuccess { txHash: SECOND, payment: U256::ZERO })];
    let input = [exec_transaction(&other_call()), execute(&call()).to_vec()].concat();
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(STRANGER, ACCOUNT, &input, &logs)), Part::NotOurs);
}

#[test]
fn a_plain_or_delegated_account_calls_by_itself_or_is_called() {
    let logs = [mark(1)];
    let all = Part::Done { logs: &logs };
    let direct = call();
    assert_eq!(own_part(ACCOUNT, None, &direct, &sent(ACCOUNT, TARGET, &direct.data, &logs)), all);
    assert_eq!(own_part(ACCOUNT, None, &direct, &sent(STRANGER, TARGET, &direct.data, &logs)), Part::NotOurs);
    assert_eq!(own_part(ACCOUNT, None, &direct, &sent(ACCOUNT, STRANGER, &direct.data, &logs)), Part::NotOurs);
    assert_eq!(own_part(ACCOUNT, None, &direct, &sent(ACCOUNT, TARGET, &other_call().data, &logs)), Part::NotOurs);
    let valued = Mined { value: U256::from(1), ..sent(ACCOUNT, TARGET, &direct.data, &logs) };
    assert_eq!(own_part(ACCOUNT, None, &direct, &valued), Part::NotOurs);

    let batch = Accounts::executeBatch_2Call {
        calls: [other_call(), call()]
            .map(|call| Accounts::Execution { target: TARGET, value: call.value, callData: call.data })
            .to_vec(),
    }
    .abi_encode();
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(ACCOUNT, ACCOUNT, &batch, &logs)), all);
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(STRANGER, ACCOUNT, &batch, &logs)), all);
    let others = execute(&other_call());
    for from in [ACCOUNT, STRANGER] {
        assert_eq!(own_part(ACCOUNT, None, &call(), &sent(from, ACCOUNT, &others, &logs)), Part::NotOurs);
    }
    // The account's own transaction to a contract that merely gets the call told, and the account.
    let told = [batch.as_slice(), ACCOUNT.as_slice()].concat();
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(ACCOUNT, STRANGER, &told, &logs)), Part::NotOurs);
    // A bundle without an event of the account did nothing for it, whatever it holds.
    let bundle = bundle(&[(ACCOUNT, execute(&call()))]);
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &bundle, &logs)), Part::NotOurs);
}

#[test]
fn a_relayer_of_delegations_is_told_the_account() {
    let packed = [TARGET.as_slice(), &[0; 32], &call().data].concat();
    let delegation = |account: Address| (STRANGER, account, B256::ZERO).abi_encode();
    let redeem = |account| {
        Accounts::redeemDelegationsCall {
            permissionContexts: vec![delegation(account).into()],
            modes: vec![B256::ZERO],
            executionCallDatas: vec![packed.clone().into()],
        }
        .abi_encode()
    };
    let (ours, theirs) = (redeem(ACCOUNT), redeem(BUNDLER));
    let logs = [mark(1)];
    let manager = Address::repeat_byte(0xdb);
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(STRANGER, manager, &ours, &logs)), Part::Done { logs: &logs });
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(STRANGER, manager, &theirs, &logs)), Part::NotOurs);
    let refused = [event(ACCOUNT, &Safe::ExecutionFromModuleFailure { module: manager })];
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(STRANGER, manager, &ours, &refused)), failed(&[]));
}

#[test]
fn a_transaction_that_failed_is_ours_only_when_we_signed_it() {
    let (direct, wrapped) = (call().data.to_vec(), execute(&call()).to_vec());
    let (safe, bundle) = (exec_transaction(&call()), bundle(&[(ACCOUNT, execute(&call()))]));
    for (from, to, input, expected) in [
        (ACCOUNT, TARGET, &direct, failed(&[])),
        (ACCOUNT, ACCOUNT, &wrapped, failed(&[])),
        (ACCOUNT, ACCOUNT, &direct, Part::NotOurs),
        (ACCOUNT, STRANGER, &wrapped, Part::NotOurs),
        (STRANGER, TARGET, &direct, Part::NotOurs),
        (STRANGER, ACCOUNT, &safe, Part::NotOurs),
        (BUNDLER, ENTRY_POINT, &bundle, Part::NotOurs),
    ] {
        let mined = Mined { succeeded: false, ..sent(from, to, input, &[]) };
        assert_eq!(own_part(ACCOUNT, None, &call(), &mined), expected, "{from} {to}");
    }
}

/// The ways in which accounts are told a call.
fn wrappings(call: &WriteCall) -> Vec<Vec<u8>> {
    let WriteCall { to, value, data } = call.clone();
    let target = to.unwrap_or_default();
    let execution = || Accounts::Execution { target, value, callData: data.clone() };
    let mut all = vec![
        execute(call).to_vec(),
        Accounts::executeBatch_1Call {
            dest: vec![STRANGER, target],
            value: vec![U256::ZERO, value],
            func: vec![Bytes::new(), data.clone()],
        }
        .abi_encode(),
        Accounts::executeBatch_2Call { calls: vec![execution()] }.abi_encode(),
        // ERC-7579: one call is packed, several are an array; ERC-7821 has the array alone.
        Accounts::execute_1Call {
            mode: B256::ZERO,
            executionCalldata: [target.as_slice(), &value.to_be_bytes::<32>(), &data].concat().into(),
        }
        .abi_encode(),
        Accounts::execute_1Call {
            mode: B256::with_last_byte(1),
            executionCalldata: vec![execution(), execution()].abi_encode().into(),
        }
        .abi_encode(),
        exec_transaction(call),
        exec_transaction(&multi_send(&[other_call(), call.clone()])),
        execute(&WriteCall::raw(STRANGER, execute(call))).to_vec(),
    ];
    if value.is_zero() {
        all.push(Accounts::executeBatch_0Call { dest: vec![target], func: vec![data.clone()] }.abi_encode());
    }
    all
}

#[test]
fn a_longer_call_does_not_hold_a_shorter_one() {
    // Permissions name selectors beside targets, and another call may begin alike.
    let longer = WriteCall::raw(TARGET, [other_call().data.as_ref(), &[0; 32]].concat());
    assert!(contains_call(&execute(&longer), ACCOUNT, &longer));
    assert!(!contains_call(&execute(&longer), ACCOUNT, &other_call()));
    let permission = [TARGET.as_slice(), &other_call().data].concat();
    assert!(!contains_call(&execute(&WriteCall::raw(TARGET, permission)), ACCOUNT, &other_call()));
    // The target stands before its call, not behind it.
    let swapped = [&other_call().data.abi_encode()[..], TARGET.as_slice()].concat();
    assert!(!contains_call(&swapped, ACCOUNT, &other_call()));
}

#[test]
fn a_bundle_that_was_laid_out_otherwise_is_not_guessed_at() {
    let input = bundle(&[(ACCOUNT, execute(&call()))]);
    assert!(contains_call(&input, ACCOUNT, &call()));
    // The high bytes of the list's offset and length, of the element's, and of the calldata's offset.
    for at in [4, 4 + 64, 4 + 96, 4 + 128 + 96] {
        let mut altered = input.clone();
        altered[at] = 1;
        assert!(!contains_call(&altered, ACCOUNT, &call()), "{at}");
        assert!(!contains_call(&input[..at], ACCOUNT, &call()), "{at}");
    }
    // Two events of the account, and one operation of it in the bundle: which one is meant cannot be told.
    let logs = [before(), ended(SECOND, ACCOUNT, true), ended(OURS, ACCOUNT, true)];
    assert_eq!(own_part(ACCOUNT, None, &call(), &sent(BUNDLER, ENTRY_POINT, &input, &logs)), Part::NotOurs);
}

#[test]
fn operations_that_overlap_are_not_searched_again_and_again() {
    // A thousand elements at one place.
    let one = bundle(&[(ACCOUNT, execute(&call()))]);
    let number = |number: usize| U256::from(number).to_be_bytes::<32>();
    let operation = &one[4 + 32 * 4..];
    let head = [&one[..4], &number(64), &number(0), &number(1000)].concat();
    let input = [head, number(32_000).repeat(1000), operation.to_vec()].concat();
    assert!(!contains_call(&input, ACCOUNT, &call()));
    assert!(contains_call(&one, ACCOUNT, &call()));
}

#[test]
fn a_hostile_input_is_searched_in_linear_time() {
    let size = 4 << 20;
    let mut needle = vec![0; size / 2];
    needle.push(1);
    let call = WriteCall::raw(Address::ZERO, needle);
    assert!(!holds(&vec![0; size], &call));
}

proptest! {
    #[test]
    fn a_call_is_found_in_every_wrapping(
        // Calldata is empty or begins with a selector; a few bytes are found in any input.
        data in prop_oneof![1 => Just(Vec::new()), 5 => prop::collection::vec(any::<u8>(), 8..200)],
        value in prop_oneof![Just(0_u64), any::<u64>()],
        to in any::<[u8; 20]>(),
        changed in any::<prop::sample::Index>(),
    ) {
        let call = WriteCall::raw(to.into(), data.clone()).with_value(U256::from(value));
        let mut altered = data.clone();
        if let Some(len) = (!data.is_empty()).then_some(data.len()) {
            altered[changed.index(len)] ^= 1;
        }
        let altered = WriteCall::raw(to.into(), altered).with_value(call.value);
        for wrapped in wrappings(&call) {
            prop_assert!(contains_call(&wrapped, ACCOUNT, &call));
            prop_assert_eq!(contains_call(&wrapped, ACCOUNT, &altered), altered == call);
            prop_assert!(!contains_call(&wrapped, ACCOUNT, &call.clone().with_value(U256::from(value) + U256::from(0xdead_beef_cafe_f00d_u128 << 60))));
            for bundle in [bundle, bundle06] {
                prop_assert!(contains_call(&bundle(&[(STRANGER, Bytes::new()), (ACCOUNT, wrapped.clone().into())]), ACCOUNT, &call));
                prop_assert!(!contains_call(&bundle(&[(STRANGER, wrapped.clone().into())]), ACCOUNT, &call));
            }
        }
    }

    #[test]
    fn bundles_are_read_as_they_were_laid_out(
        operations in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..100)), 0..5),
        old in any::<bool>(),
    ) {
        let operations: Vec<(Address, Bytes)> =
            operations.into_iter().map(|(own, data)| (if own { ACCOUNT } else { STRANGER }, data.into())).collect();
        let input = if old { bundle06(&operations) } else { bundle(&operations) };
        let own: Vec<&[u8]> = operations.iter().filter(|(sender, _)| *sender == ACCOUNT).map(|(_, data)| data.as_ref()).collect();
        prop_assert_eq!(bundled(&input, ACCOUNT), Some(own));
    }

    #[test]
    fn any_bytes_give_an_answer(
        mut input in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..600),
        selector in 0_usize..4,
        data in prop::collection::vec(any::<u8>(), 0..80),
        topics in prop::collection::vec(any::<[u8; 32]>(), 0..5),
        kind in 0_usize..6,
        entry_point in any::<bool>(),
    ) {
        if let (Some(selector), true) = ([hex!("1fad948c"), hex!("765e827f"), hex!("6a761202")].get(selector), input.len() >= 4) {
            input[..4].copy_from_slice(selector);
        }
        let mut topics: Vec<B256> = topics.into_iter().map(B256::from).collect();
        let known = [USER_OPERATION, REVERT_REASON, POST_OP_REVERT_REASON, BEFORE_EXECUTION, EXECUTION_SUCCESS, EXECUTION_FAILURE];
        if let Some(first) = topics.first_mut() {
            *first = known[kind];
        }
        if let Some(sender) = topics.get_mut(2) {
            *sender = ACCOUNT.into_word();
        }
        let address = if entry_point { ENTRY_POINT } else { ACCOUNT };
        let logs = [log(address, &topics, data.clone()), log(address, &topics, data)];
        for to in [ENTRY_POINT, ACCOUNT] {
            let _ = own_part(ACCOUNT, topics.get(1).copied(), &call(), &sent(ACCOUNT, to, &input, &logs));
        }
    }
}
