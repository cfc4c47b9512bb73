import { geographyOf, modelForms } from './model-forms.ts';
import { type CompiledOverride, compileOverride, type PriceOverride } from './override.ts';
import { compilePrice, type PriceEntry } from './price-entry.ts';
import type { PriceRow } from './price-row.ts';

/** Where a model is asked for. */
export interface PricePlace {
  /** Name of `providers/provider.ts`. */
  provider: string;
  /** The cluster's name, for prices configured for it. */
  cluster?: string | undefined;
  region?: string | undefined;
}

/** The prices of one cluster, for the path of a request: one look-up in a bounded memo for a model that was asked before. */
export interface ClusterPrices {
  /** The price of a model, whatever form its name has; undefined when it is not known. */
  find(model: string): PriceEntry | undefined;
}

/** All prices: the configured ones before the bundled ones. */
export interface PriceBook {
  /** The price of a model without memo: for tools. */
  find(provider: string, model: string, region?: string): PriceEntry | undefined;
  forCluster(place: PricePlace): ClusterPrices;
  /** Every price, configured ones first; of the bundled ones those that hold now. */
  entries(): readonly PriceEntry[];
}

/** Models come from clients: a memo is emptied when it holds so many. */
const MEMO_SIZE = 1000;

interface DatedRow {
  row: PriceRow;
  /** Milliseconds since 1970: from the first to before the second. */
  fromMs: number;
  untilMs: number;
}

const DAY_MS = 86_400_000;

/**
 * Makes a price book. `now` (milliseconds since 1970) decides which of a model's dated prices holds; it is read at each
 * look-up, so that an announced price comes into force without a reload. Throws RangeError when an override is no price.
 */
export function createPriceBook(
  table: readonly PriceRow[],
  overrides: readonly PriceOverride[],
  { now }: { now: () => number },
): PriceBook {
  const configured = overrides.map(compileOverride);
  const index = indexRows(table);
  const compiled = new Map<DatedRow, Map<string, PriceEntry>>();
  const changes = changeTimes(index);

  const entryOf = (dated: DatedRow, provider: string, model: string): PriceEntry => {
    const entries = compiled.get(dated) ?? new Map<string, PriceEntry>();
    compiled.set(dated, entries);
    const key = `${provider} ${model}`;
    const known = entries.get(key);
    if (known !== undefined) return known;
    const entry = compilePrice(dated.row, { provider, model, origin: 'bundled' });
    entries.set(key, entry);
    return entry;
  };

  const search = (place: PricePlace, model: string): PriceEntry | undefined => {
    const { provider, region = '' } = place;
    const where: Served = { ...place, region, geography: geographyOf(provider, model, region), nowMs: now() };
    const models = index.get(provider);
    for (const form of modelForms(provider, model)) {
      const override = configured.find((candidate) => isFor(candidate, where) && candidate.matches(form));
      if (override !== undefined) return override.entry;
      const rows = models?.get(form);
      // A model that is known elsewhere is not the one its shorter name stands for.
      if (rows === undefined) continue;
      const row = selectRow(rows, where);
      return row === undefined ? undefined : entryOf(row, provider, form);
    }
    return undefined;
  };

  return {
    find: (provider, model, region) => search({ provider, region }, model),
    forCluster(place) {
      const memo = new Map<string, PriceEntry | undefined>();
      let validUntilMs = nextChange(changes, now());
      return {
        find(model) {
          const nowMs = now();
          if (nowMs >= validUntilMs) {
            memo.clear();
            validUntilMs = nextChange(changes, nowMs);
          }
          const known = memo.get(model);
          if (known !== undefined || memo.has(model)) return known;
          const entry = search(place, model);
          if (memo.size >= MEMO_SIZE) memo.clear();
          memo.set(model, entry);
          return entry;
        },
      };
    },
    entries() {
      const nowMs = now();
      const bundled = [...index].flatMap(([provider, models]) =>
        [...models].flatMap(([model, rows]) =>
          rows.filter((row) => holdsAt(row, nowMs)).map((row) => entryOf(row, provider, model)),
        ),
      );
      return [...configured.map(({ entry }) => entry), ...bundled];
    },
  };
}

interface Served extends PricePlace {
  region: string;
  geography: string;
  nowMs: number;
}

type RowIndex = ReadonlyMap<string, ReadonlyMap<string, readonly DatedRow[]>>;

function indexRows(table: readonly PriceRow[]): RowIndex {
  const index = new Map<string, Map<string, DatedRow[]>>();
  for (const row of table) {
    const dated: DatedRow = {
      row,
      fromMs: row.from === undefined ? 0 : Date.parse(row.from),
      untilMs: row.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(row.until) + DAY_MS,
    };
    for (const provider of row.providers) {
      const models = index.get(provider) ?? new Map<string, DatedRow[]>();
      index.set(provider, models);
      for (const model of row.models) models.set(model, [...(models.get(model) ?? []), dated]);
    }
  }
  return index;
}

function changeTimes(index: RowIndex): readonly number[] {
  const rows = [...index.values()].flatMap((models) => [...models.values()].flat());
  const times = new Set(rows.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]));
  return [...times].sort((a, b) => a - b);
}

function nextChange(changes: readonly number[], nowMs: number): number {
  return changes.find((time) => time > nowMs) ?? Number.POSITIVE_INFINITY;
}

function holdsAt({ fromMs, untilMs }: DatedRow, nowMs: number): boolean {
  return nowMs >= fromMs && nowMs < untilMs;
}

function isFor(override: CompiledOverride, { provider, cluster, region, geography }: Served): boolean {
  if (override.provider !== undefined && override.provider !== provider) return false;
  if (override.cluster !== undefined && override.cluster !== cluster) return false;
  return override.region === undefined || override.region === region || override.region === geography;
}

/** A row for the region goes before one for its geography, and that before one for anywhere. */
function selectRow(rows: readonly DatedRow[], { region, geography, nowMs }: Served): DatedRow | undefined {
  const current = rows.filter((row) => holdsAt(row, nowMs));
  return (
    current.find(({ row }) => region !== '' && row.regions?.includes(region)) ??
    current.find(({ row }) => geography !== '' && row.regions?.includes(geography)) ??
    current.find(({ row }) => row.regions === undefined)
  );
}
