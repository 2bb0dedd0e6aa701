// viem and wagmi infer from the constants of `ogkit/abi`: names, arguments and results.
import { simulateContract } from "@wagmi/core";
import { createPublicClient, decodeFunctionResult, encodeFunctionData, http, type Address, type ContractFunctionName } from "viem";

import { controllerAbi, managerAbi, nexusAbi, responseAbi, sourceAbi, taskAbi, terminalAbi, vaultAbi } from "../../../pkg/abi.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};
declare const address: Address;

const client = createPublicClient({ transport: http("https://rpc.example") });
const balance = await client.readContract({ address, abi: vaultAbi, functionName: "getBalanceOf", args: [address] });
is<Same<typeof balance, bigint>>();
const [source, config, expiryTime, payment] = await client.readContract({ address, abi: taskAbi, functionName: "taskParams" });
is<Same<[typeof source, typeof config, typeof expiryTime, typeof payment], [Address, string, bigint, bigint]>>();
const params = await client.readContract({ address, abi: responseAbi, functionName: "getResponseParams" });
is<Same<typeof params.provider, Address>>();
is<Same<ContractFunctionName<typeof controllerAbi, "nonpayable">, "cancelTask" | "confirmResponse" | "publishTask" | "renounceOwnership" | "setNexus" | "setTerminal" | "setVault" | "transferOwnership">>();

encodeFunctionData({ abi: controllerAbi, functionName: "publishTask", args: [{ source: address, config: "", expiryTime: 1n, payment: 1n }] });
// @ts-expect-error: an amount is a bigint
encodeFunctionData({ abi: controllerAbi, functionName: "publishTask", args: [{ source: address, config: "", expiryTime: 1, payment: 1n }] });
// @ts-expect-error: there is no such function
encodeFunctionData({ abi: nexusAbi, functionName: "publishTusk" });

const [log] = await client.getContractEvents({ address, abi: nexusAbi, eventName: "Attempted", strict: true });
if (log) is<Same<typeof log.args.provider, Address>>();
is<Same<ReturnType<typeof decodeFunctionResult<typeof terminalAbi, "isMaster">>, boolean>>();
is<Same<ReturnType<typeof decodeFunctionResult<typeof sourceAbi, "getStatus">>, number>>();
is<Same<ReturnType<typeof decodeFunctionResult<typeof managerAbi, "hasRole">>, boolean>>();

declare const wagmi: import("@wagmi/core").Config;
const { result } = await simulateContract(wagmi, { address, abi: vaultAbi, functionName: "deposit", args: [address], value: 1n });
is<Same<typeof result, void>>();
