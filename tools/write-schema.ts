import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gatewaySchemaText } from '../src/config/json-schema.ts';
import { writeReferenceTables } from '../src/config/reference-tables.ts';

/** Writes what is derived from the configuration model: the JSON Schema and the tables of the reference. */

const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

writeFileSync(inRepository('schema/aigw.schema.json'), gatewaySchemaText());
const reference = inRepository('docs/configuration.md');
writeFileSync(reference, writeReferenceTables(readFileSync(reference, 'utf8')));
console.log('wrote schema/aigw.schema.json and the tables of docs/configuration.md');
