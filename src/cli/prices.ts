import type { GatewayConfig, TargetConfig, VirtualRouteConfig } from '../config/model.ts';
import { prices as pricesSection } from '../config/model-prices.ts';
import { createPriceBook, type PriceBook } from '../prices/price-book.ts';
import { type PriceEntry, usdPerMillion } from '../prices/price-entry.ts';
import { PRICE_TABLE } from '../prices/table.ts';
import { PROVIDER_NAMES } from '../providers/provider.ts';
import { ExitError } from './exit-error.ts';
import { type ConfigArguments, loadOrExit } from './load.ts';
import { printRows, type RowFormat } from './print-rows.ts';

/** What `aigw prices` takes. */
export interface PricesOptions extends ConfigArguments {
  format: RowFormat;
  /** For `check`. */
  strict?: boolean;
  /** For `list`. */
  provider?: string;
}

/** `aigw prices check [path]` and `aigw prices list`. */
export function prices(action: 'check' | 'list', path: string | undefined, options: PricesOptions): void {
  if (action === 'check') {
    check(path, options);
    return;
  }
  if (path !== undefined) throw new ExitError(2, 'prices list takes no configuration; prices check does');
  list(options);
}

/** One model of one target, and what it costs. */
interface CheckedTarget {
  route: string;
  cluster: string;
  provider: string;
  model: string;
  /** Undefined: no price; `by request`: clients choose the model. */
  price: PriceEntry | 'by request' | undefined;
}

/**
 * Prints the price of every model that a route can send requests for. With `strict` a model without
 * a price is exit status 1.
 */
function check(path: string | undefined, options: PricesOptions): void {
  const { config } = loadOrExit(path, options);
  const targets = checkTargets(config, openBook(config));
  const today = Date.now();
  printRows(
    targets.map(({ route, cluster, provider, model, price }) => ({
      route,
      cluster,
      provider,
      model,
      price: priceLabel(price),
      ...priceColumns(typeof price === 'object' ? price : undefined, today),
    })),
    options.format,
  );
  const missing = targets.filter(({ price }) => price === undefined);
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(({ cluster, model }) => `${cluster}/${model}`))].join(', ');
  const message = `no price for ${names}; write it under \`prices.overrides\``;
  if (options.strict === true) throw new ExitError(1, message);
  process.stderr.write(`aigw: ${message}\n`);
}

/** Prints the bundled prices that hold today. */
function list({ provider, format }: PricesOptions): void {
  if (provider !== undefined && !(PROVIDER_NAMES as readonly string[]).includes(provider)) {
    throw new ExitError(2, `"${provider}" is not a provider; one of ${PROVIDER_NAMES.join(', ')}`);
  }
  const today = Date.now();
  const entries = createPriceBook(PRICE_TABLE, [], { now: Date.now }).entries();
  const rows = entries
    .filter((entry) => provider === undefined || entry.provider === provider)
    .map((entry) => ({
      provider: entry.provider,
      model: entry.model,
      region: entry.regions.join(' '),
      ...priceColumns(entry, today),
    }));
  printRows(rows, format);
}

function openBook(config: GatewayConfig): PriceBook {
  const section = pricesSection.parse('prices' in config ? config.prices : {});
  try {
    return createPriceBook(PRICE_TABLE, section.overrides, { now: Date.now });
  } catch (error) {
    throw new ExitError(2, `prices.overrides: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkTargets(config: GatewayConfig, book: PriceBook): CheckedTarget[] {
  return config.virtual_services.flatMap((service) =>
    service.virtual_routes.flatMap((route, index) =>
      [...route.split, ...route.fallback].flatMap((target) =>
        modelsOf(route, target).map((model): CheckedTarget => {
          const cluster = config.static_cluster[target.cluster];
          const names = {
            route: route.name ?? `${service.name}[${index}]`,
            cluster: target.cluster,
            provider: cluster?.provider ?? '',
            model: model ?? '*',
          };
          if (model === undefined || cluster === undefined) return { ...names, price: 'by request' };
          const place = { provider: cluster.provider, cluster: target.cluster, region: cluster.region };
          return { ...names, price: book.forCluster(place).find(model) };
        }),
      ),
    ),
  );
}

/** The models a target is sent: its own, or those its route matches exactly; undefined stands for any other. */
function modelsOf(route: VirtualRouteConfig, target: TargetConfig): (string | undefined)[] {
  if (target.model !== undefined) return [target.model];
  const matches = Array.isArray(route.match) ? route.match : [route.match];
  const models = matches.map(({ model }) => {
    if (typeof model === 'string') return model.includes('*') ? undefined : model;
    return model !== undefined && 'exact' in model ? model.exact : undefined;
  });
  return [...new Set(models)];
}

function priceLabel(price: CheckedTarget['price']): string {
  if (price === undefined) return 'none';
  return price === 'by request' ? price : price.origin;
}

const DAY_MS = 86_400_000;

/** Prices in USD for a million tokens; units have a column of their own. Empty where there is nothing to say. */
function priceColumns(entry: PriceEntry | undefined, today: number): Record<string, string | number> {
  const rate = (name: 'input' | 'cacheRead' | 'cacheWrite' | 'output') =>
    (entry === undefined ? undefined : usdPerMillion(entry, name)) ?? '';
  const known = entry === undefined || entry.date === '' ? Number.NaN : Date.parse(entry.date);
  return {
    input: rate('input'),
    cache_read: rate('cacheRead'),
    cache_write: rate('cacheWrite'),
    output: rate('output'),
    more: entry === undefined ? '' : furtherPrices(entry),
    date: entry?.date ?? '',
    age_days: Number.isNaN(known) ? '' : Math.floor((today - known) / DAY_MS),
    source: entry?.source ?? '',
    note: entry?.note ?? '',
  };
}

function furtherPrices({ bands, tiers, units }: PriceEntry): string {
  const parts = bands.slice(1).map(({ aboveTokens }) => `dearer above ${aboveTokens} tokens`);
  if (tiers.size > 0) parts.push(`own rates for ${[...tiers.keys()].join(', ')}`);
  if (units === undefined) return parts.join('; ');
  const usd = (pico: bigint, count: number) => (Number(pico) * count) / 1e12;
  for (const { usd: price, size, quality } of units.images) {
    parts.push(
      `${price} a picture${[size, quality].map((label) => (label === undefined ? '' : ` ${label}`)).join('')}`,
    );
  }
  if (units.picoPerAudioHour !== undefined) parts.push(`${usd(units.picoPerAudioHour, 1)} an hour of sound`);
  if (units.picoPerCharacter !== undefined) parts.push(`${usd(units.picoPerCharacter, 1e6)} for 1M characters`);
  if (units.picoPerSearch !== undefined) parts.push(`${usd(units.picoPerSearch, 1000)} for 1000 searches`);
  if (units.picoPerVideoSecond !== undefined) parts.push(`${usd(units.picoPerVideoSecond, 1)} a second of video`);
  return parts.join('; ');
}
