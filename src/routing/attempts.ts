/** How the attempts of a request follow each other. */
export interface AttemptPolicy {
  /** Attempts in all; undefined tries every target once. */
  attempts: number | undefined;
  /** Attempts at one priority before the next is tried; undefined: as many as it has targets. */
  attemptsPerPriority: number | undefined;
}

/**
 * The targets to try, in order: at each priority the chosen one first, then its neighbours, then the
 * next priority; from the start again while attempts are left.
 *
 * `tiers` holds the indexes of the targets by ascending priority, `chosen` the position within each tier to begin at.
 */
export function attemptOrder(
  tiers: readonly (readonly number[])[],
  chosen: (tier: number) => number,
  policy: AttemptPolicy,
): number[] {
  const round: number[] = [];
  for (const [tierIndex, tier] of tiers.entries()) {
    if (tier.length === 0) continue;
    const first = tier.length === 1 ? 0 : chosen(tierIndex);
    const count = Math.min(policy.attemptsPerPriority ?? tier.length, tier.length);
    for (let step = 0; step < count; step++) round.push(tier[(first + step) % tier.length] as number);
  }
  const total = policy.attempts ?? round.length;
  if (total <= round.length) return round.slice(0, total);
  const order: number[] = [];
  for (let index = 0; index < total; index++) order.push(round[index % round.length] as number);
  return order;
}
