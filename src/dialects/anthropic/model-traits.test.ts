import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelTraits } from './model-traits.ts';

test('the version is found in every spelling of a model name', () => {
  const traits = (model: string) => {
    const { thinking, adaptive, adaptiveOnly } = modelTraits(model);
    return [thinking, adaptive, adaptiveOnly];
  };
  const old = [false, false, false];
  const budget = [true, false, false];
  const both = [true, true, false];
  const adaptiveOnly = [true, true, true];
  const expected: [string, boolean[]][] = [
    ['claude-2.1', old],
    ['claude-3-haiku-20240307', old],
    ['anthropic.claude-3-5-sonnet-20241022-v2:0', old],
    ['claude-3-7-sonnet-latest', budget],
    ['claude-sonnet-4-20250514', budget],
    ['claude-opus-4-1@20250805', budget],
    ['eu.anthropic.claude-haiku-4-5-20251001-v1:0', budget],
    ['claude-sonnet-4-6', both],
    ['anthropic/claude-opus-4.6', both],
    ['claude-opus-4-7', adaptiveOnly],
    ['claude-sonnet-5', adaptiveOnly],
    ['claude-haiku-5-5', adaptiveOnly],
    ['claude-mythos-preview', adaptiveOnly],
    ['glm-4.6', both],
  ];
  for (const [model, want] of expected) assert.deepEqual(traits(model), want, model);
});
