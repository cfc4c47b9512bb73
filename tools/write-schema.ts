import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gatewaySchemaText } from '../src/config/json-schema.ts';

const path = fileURLToPath(new URL('../schema/aigw.schema.json', import.meta.url));
mkdirSync(fileURLToPath(new URL('../schema', import.meta.url)), { recursive: true });
writeFileSync(path, gatewaySchemaText());
console.log(`wrote ${path}`);
