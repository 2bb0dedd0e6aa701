/** `ogkit/opengradient/alpha`: models on chain, workflows, the model hub, twins. */

import { bindAlpha } from "./alpha-api.js";
import type { Alpha as AlphaClient } from "./alpha.js";
import { preload } from "./load-opengradient.js";
import type { ModelHub as Hub } from "./model-hub.js";
import type { Twins as TwinsClient } from "./twins.js";

export { preload };
export * from "./opengradient-alpha-shared.js";

/** The alpha network, and the wallet that signs there, if any. */
export type Alpha = AlphaClient;
/** Someone's place in the model hub. */
export type ModelHub = Hub;
/** The twins' service and a key for it. */
export type Twins = TwinsClient;
export const { Alpha, ModelHub, Twins, generateImage, encodeInference, decodeModelOutput, workflowModels } = bindAlpha(preload);
