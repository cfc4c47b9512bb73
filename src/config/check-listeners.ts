import { duplicateNames } from './duplicate-names.ts';
import { formatPath, type UnplacedIssue } from './issue.ts';
import type { GatewayConfig } from './model.ts';

/** Which listeners may be open to other machines without authentication. */
export interface ListenerRules {
  /** Any address may be listened on (`--insecure`). */
  insecure?: boolean;
  /** `allow` exempts them, as manifests of the Gateway API bind every interface. */
  exposedListeners?: 'refuse' | 'allow';
}

interface Binding {
  address: string;
  port: number;
  path: (string | number)[];
}

/** Names and ports of listeners are unique, and none is open to other machines unasked. */
export function checkListeners(config: GatewayConfig, rules: ListenerRules): UnplacedIssue[] {
  const listeners: Binding[] = config.listeners.map((listener, index) => ({ ...listener, path: ['listeners', index] }));
  const admin: Binding[] = config.admin === false ? [] : [{ ...config.admin, path: ['admin'] }];
  const bindings = [...listeners, ...admin];
  const names = config.listeners.map((listener) => listener.name);
  const mayBeOpen = rules.insecure === true || rules.exposedListeners === 'allow';
  return [
    ...duplicateNames(names, 'listener', (index) => ['listeners', index, 'name']),
    ...bindings.flatMap((binding, index) => portConflicts(binding, bindings.slice(0, index))),
    // The admin listener is left out: what it shows to other machines it decides itself.
    ...(mayBeOpen ? [] : listeners.flatMap((binding, index) => exposure(binding, names[index], config))),
  ];
}

function portConflicts(binding: Binding, earlier: readonly Binding[]): UnplacedIssue[] {
  const other = earlier.find((candidate) => candidate.port === binding.port && meet(candidate, binding));
  if (other === undefined || binding.port === 0) return [];
  return [
    {
      path: [...binding.path, 'port'],
      severity: 'error',
      message: `port ${binding.port} is already taken by ${formatPath(other.path)} (${other.address})`,
      fix: 'choose another port',
    },
  ];
}

function meet(a: Binding, b: Binding): boolean {
  return a.address === b.address || isAnyAddress(a.address) || isAnyAddress(b.address);
}

/** A listener that other machines reach asks who calls, whatever service they ask for. */
function exposure(binding: Binding, name: string | undefined, config: GatewayConfig): UnplacedIssue[] {
  if (isLoopback(binding.address)) return [];
  const { virtual_services: services } = config;
  const open = services.find(
    ({ listeners, auth_filter: auth }) =>
      (listeners === undefined || (name !== undefined && listeners.includes(name))) &&
      (auth === undefined || auth.optional),
  );
  if (open === undefined && services.length > 0) return [];
  const path = [...binding.path, 'address'];
  const others = 'listen on 127.0.0.1, or start with --insecure if something in front authenticates';
  const isOpen = `${binding.address} is open to other machines and`;
  if (open === undefined) {
    return [{ path, severity: 'error', message: `${isOpen} no authentication is configured`, fix: others }];
  }
  const lets = open.auth_filter === undefined ? 'has no `auth_filter`' : 'lets requests without a credential pass';
  const message = `${isOpen} the virtual service "${open.name}" ${lets}`;
  return [{ path, severity: 'error', message, fix: `let it ask for keys, ${others}` }];
}

function isAnyAddress(address: string): boolean {
  return /^(0\.0\.0\.0|\[?::\]?)$/.test(address);
}

/** Whether only this machine can reach `address`: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(address);
}
