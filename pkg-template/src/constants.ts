/** The closed sets, by their official member names. */

/** Where a task is in its life. Past its expiry time the chain can still say the old one. */
export const TaskStatus = Object.freeze({
  NEW: "NEW", ATTEMPTED: "ATTEMPTED", RESPONDED: "RESPONDED", CANCELED: "CANCELED", EXPIRED: "EXPIRED", FINALIZED: "FINALIZED",
} as const);
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

/** Whether a source takes tasks. */
export const SourceStatus = Object.freeze({ ACTIVE: "ACTIVE", INACTIVE: "INACTIVE" } as const);
export type SourceStatus = (typeof SourceStatus)[keyof typeof SourceStatus];

/** Where a response is. */
export const ResponseStatus = Object.freeze({ SUBMITTED: "SUBMITTED", CONFIRMED: "CONFIRMED" } as const);
export type ResponseStatus = (typeof ResponseStatus)[keyof typeof ResponseStatus];

/** How a task's response is chosen: the client confirms one, or the first one confirms itself. */
export const DeliveryMethod = Object.freeze({
  MANUAL_CONFIRMATION: "MANUAL_CONFIRMATION", FIRST_RESPONSE: "FIRST_RESPONSE",
} as const);
export type DeliveryMethod = (typeof DeliveryMethod)[keyof typeof DeliveryMethod];
