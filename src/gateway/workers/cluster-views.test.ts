import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClusterView } from '../../admin/cluster-port.ts';
import { joinClusterViews } from './cluster-views.ts';

function view(change: { active: number; resting?: boolean; ttft?: number | null }): ClusterView {
  const { active, resting = false, ttft = null } = change;
  return {
    name: 'openai',
    provider: 'openai',
    kind: 'static',
    endpoints: [
      {
        endpoint: 'https://one.example',
        key: 0,
        state: resting ? 'resting' : 'in_use',
        reason: resting ? 'failures' : null,
        until: resting ? '2026-01-01T00:00:00.000Z' : null,
        active,
        ejections: resting ? 1 : 0,
        figures: { time_to_first_token_ms: ttft, tokens_per_second: null, failure_share: 0, headroom: 1 },
      },
    ],
    concurrency: { active, queued: 0, limit: 5, queue: 1, refused: active },
    targets: [{ model: 'm', state: resting ? 'open' : 'closed', until: null, openings: 1 }],
  };
}

test('numbers add up, of states the worst is shown with its reason, of figures the mean', () => {
  const other: ClusterView = { ...view({ active: 9 }), name: 'other' };
  const [joined, second] = joinClusterViews([
    [view({ active: 1, ttft: 100 }), other],
    [view({ active: 2, resting: true, ttft: 300 })],
    [view({ active: 4 })],
  ]);
  assert.deepEqual(joined, {
    name: 'openai',
    provider: 'openai',
    kind: 'static',
    endpoints: [
      {
        endpoint: 'https://one.example',
        key: 0,
        state: 'resting',
        reason: 'failures',
        until: '2026-01-01T00:00:00.000Z',
        active: 7,
        ejections: 1,
        figures: { time_to_first_token_ms: 200, tokens_per_second: null, failure_share: 0, headroom: 1 },
      },
    ],
    concurrency: { active: 7, queued: 0, limit: 15, queue: 3, refused: 7 },
    targets: [{ model: 'm', state: 'open', until: null, openings: 3 }],
  });
  assert.deepEqual(second, other);
});
