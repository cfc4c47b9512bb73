import { loadConfig } from '/work/main/src/config/load.ts';
import { compileSnapshot } from '/work/main/src/snapshot/compile.ts';
import { findRoute } from '/work/main/src/exchange/plan.ts';
import { AttemptPlan } from '/work/main/src/exchange/attempts/attempt-plan.ts';
import { fakeWorld } from '/work/main/src/exchange/attempts/fake-exchange.test.ts';

function text(n: number): string {
  const routes = Array.from({ length: n }, (_, i) => `      - { name: r${i}, match: { model: model-${i} }, split: [{ cluster: a, weight: 9 }, { cluster: b, weight: 1 }], fallback: [{ cluster: c }] }`);
  return `static_cluster:
  a: { provider: openai, endpoint: "http://a.test", api_key: k }
  b: { provider: openai, endpoint: "http://b.test", api_key: k }
  c: { provider: openai, endpoint: "http://c.test", api_key: k }
virtual_services:
  - name: main
    virtual_routes:
${routes.join('\n')}
`;
}
const sizes = [10, 10_000];
const benches = sizes.map((n) => {
  const world = fakeWorld(text(n));
  const ex = world.exchange({ route: 'r0' });
  const service = ex.state.bound.snapshot.services[0]!;
  const byRoute = ex.state.bound.routes;
  const models = Array.from({ length: 10 }, (_, i) => `model-${Math.floor((i * n) / 10)}`);
  return { n, run(count: number) {
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const state = ex.state;
      state.model = models[i % 10]!;
      const route = findRoute(state, service);
      const live = byRoute[route.index]!;
      const plan = new AttemptPlan(live, { context: state.pickContext(), stickyHash: undefined, canServe: () => true });
      state.pickContext().panic = false;
      if (plan.next() !== undefined) sink++;
    }
    return sink;
  } };
});
for (const b of benches) b.run(200_000);
const best = new Map<number, number>();
for (let round = 0; round < 12; round++) for (const b of benches) {
  const cpu = process.cpuUsage(); b.run(200_000); const { user, system } = process.cpuUsage(cpu);
  const us = (user + system) / 200_000; best.set(b.n, Math.min(best.get(b.n) ?? 1e9, us));
}
for (const [n, us] of best) console.log(`${n} routes: ${us.toFixed(3)} us CPU per findRoute + plan + first target`);
console.log('ratio', (best.get(10_000)! / best.get(10)!).toFixed(3));
