/** Amounts of OPG for people. */

import { formatEther } from "ogkit/opengradient";

/** Six decimals at most, cut rather than rounded up. */
export const opg = (amount: bigint): string => `${formatEther(amount - (amount % 10n ** 12n))} OPG`;

/** What a signature is good for: an amount, or with `upto` the most. */
export const worth = ({ scheme, amount }: { scheme: "exact" | "upto"; amount: bigint }): string => `${scheme === "upto" ? "up to " : ""}${opg(amount)}`;
