/** OpenGradient's own workflows: forecasts that run on a schedule and are read for nothing. */

import type { Alpha } from "./alpha.js";
import { bag, callable } from "./border.js";
import { read } from "./provider.js";
import type { Address, CallOptions, WorkflowModelOutput } from "./wasm/opengradient/ogkit.js";

type Reader = (alpha: Pick<Alpha, "readWorkflowModel">, options?: CallOptions & { contractAddress?: Address | undefined }) => Promise<WorkflowModelOutput>;

const reader = (name: string): Reader => async (alpha, options) => {
  const { contractAddress, ...rest } = bag(options, "options");
  callable(read(alpha, "readWorkflowModel"), "alpha.readWorkflowModel");
  return alpha.readWorkflowModel(name, contractAddress, rest);
};

/** How much ETH/USDT will move within the next hour. @throws ProtocolError, RpcError */
export const readEthUsdtOneHourVolatilityForecast = reader("read_eth_usdt_one_hour_volatility_forecast");
/** How BTC's price will have changed in an hour. @throws ProtocolError, RpcError */
export const readBtc1HourPriceForecast = reader("read_btc_1_hour_price_forecast");
/** How ETH's price will have changed in an hour. @throws ProtocolError, RpcError */
export const readEth1HourPriceForecast = reader("read_eth_1_hour_price_forecast");
/** How SOL's price will have changed in an hour. @throws ProtocolError, RpcError */
export const readSol1HourPriceForecast = reader("read_sol_1_hour_price_forecast");
/** How SUI's price will have changed in an hour. @throws ProtocolError, RpcError */
export const readSui1HourPriceForecast = reader("read_sui_1_hour_price_forecast");
/** How SUI/USDT will have changed in half an hour. @throws ProtocolError, RpcError */
export const readSuiUsdt30MinPriceForecast = reader("read_sui_usdt_30_min_price_forecast");
/** How SUI/USDT will have changed in six hours. @throws ProtocolError, RpcError */
export const readSuiUsdt6HourPriceForecast = reader("read_sui_usdt_6_hour_price_forecast");
