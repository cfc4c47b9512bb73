/** A metric label: Prometheus name and value. */
export type MetricLabel = readonly [name: string, value: string];

/** `metrics_filter.header_labels`, compiled. */
export interface HeaderLabels {
  /** The labels of one request; `undefined` when none is configured. An absent header gives an empty value. */
  read(requestHeader: (name: string) => string | undefined): readonly MetricLabel[] | undefined;
  /** Label names that were changed or refused, and why. */
  readonly warnings: readonly string[];
}

const RESERVED =
  /^(?:__.*|le|quantile|error_type|otel_scope_.*|gen_ai_(?:operation_name|provider_name|original_model|request_model|response_model|token_type))$/;

/**
 * Compiles a map of lower-case request header to metric label. Label names are turned into Prometheus names the way
 * OpenTelemetry's exporter does it (`tenant.id` becomes `tenant_id`); names the gateway uses itself are refused.
 */
export function compileHeaderLabels(headerLabels: Readonly<Record<string, string>>): HeaderLabels {
  const pairs: { header: string; label: string }[] = [];
  const warnings: string[] = [];
  for (const [header, name] of Object.entries(headerLabels)) {
    const label = toLabelName(name);
    if (RESERVED.test(label)) {
      warnings.push(
        `Header label "${name}" for header "${header}" is a label of the gateway's own; choose another name`,
      );
    } else if (pairs.some((pair) => pair.label === label)) {
      warnings.push(
        `Header label "${name}" for header "${header}" is already taken by another header; choose another name`,
      );
    } else {
      pairs.push({ header, label });
    }
  }
  if (pairs.length === 0) return { read: () => undefined, warnings };
  return { read: (requestHeader) => pairs.map(({ header, label }) => [label, requestHeader(header) ?? '']), warnings };
}

/** A Prometheus label name for any text: what is not allowed becomes `_`. */
function toLabelName(name: string): string {
  const label = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[0-9]|^$/.test(label) ? `_${label}` : label;
}
