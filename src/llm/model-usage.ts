import type { ModelUsage } from './model-request.js';

/** USD per million tokens. */
interface TokenPrices {
  readonly inputPricePerMillion: number;
  readonly outputPricePerMillion: number;
}

/** The usage of a call at the given prices. Providers that count nothing are booked as zero. */
export function priceUsage(
  tokens: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined },
  prices: TokenPrices,
): ModelUsage {
  const inputTokens = tokens.inputTokens ?? 0;
  const outputTokens = tokens.outputTokens ?? 0;
  const costUsd =
    (inputTokens * prices.inputPricePerMillion + outputTokens * prices.outputPricePerMillion) / 1_000_000;
  return { inputTokens, outputTokens, costUsd: roundCost(costUsd) };
}

/** The usage of several calls together. */
export function addUsage(left: ModelUsage, right: ModelUsage): ModelUsage {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    costUsd: roundCost(left.costUsd + right.costUsd),
  };
}

export const NO_USAGE: ModelUsage = { inputTokens: 0, outputTokens: 0, costUsd: 0 };

/** To a billionth of a dollar, so that sums show no floating-point dust. */
function roundCost(costUsd: number): number {
  return Math.round(costUsd * 1e9) / 1e9;
}
