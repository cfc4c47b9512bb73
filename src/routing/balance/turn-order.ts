/** Longest precomputed turn order; weights whose reduced sum is larger are scaled down to it. */
const MAX_TURNS = 1000;

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * The order in which weighted choices take turns: smooth weighted round robin, so that any window as
 * long as the sum of the weights holds each choice exactly as often as its weight says, evenly spread.
 * Choices of weight 0 get no turn. An empty result means that no choice has weight.
 */
export function turnOrder(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0);
  if (divisor === 0) return [];
  let reduced = weights.map((weight) => weight / divisor);
  let total = reduced.reduce((sum, weight) => sum + weight, 0);
  if (total > MAX_TURNS) {
    reduced = reduced.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight * MAX_TURNS) / total))));
    total = reduced.reduce((sum, weight) => sum + weight, 0);
  }
  const current = reduced.map(() => 0);
  const turns: number[] = [];
  for (let turn = 0; turn < total; turn++) {
    let best = 0;
    for (const [index, weight] of reduced.entries()) {
      current[index] = (current[index] ?? 0) + weight;
      if ((current[index] ?? 0) > (current[best] ?? 0)) best = index;
    }
    current[best] = (current[best] ?? 0) - total;
    turns.push(best);
  }
  return turns;
}
