import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeProfiles, parseProfiles } from './parse-profiles.ts';

test('profiles of both spellings, comments, blanks and foreign sections', () => {
  const profiles = parseProfiles(
    [
      'stray = 1',
      '# note',
      '[default]',
      'AWS_Access_Key_Id = AKIA1',
      'aws_secret_access_key=a=b/c',
      '',
      '; note',
      '[profile dev]\r',
      'role_arn = arn:aws:iam::1:role/dev\r',
      '[profile "with blank"]',
      'region = eu-west-1',
      '[sso-session dev]',
      'region = us-east-1',
      '[default]',
      'region = us-west-2',
    ].join('\n'),
  );
  assert.deepEqual(Object.fromEntries([...profiles].map(([name, settings]) => [name, Object.fromEntries(settings)])), {
    default: { aws_access_key_id: 'AKIA1', aws_secret_access_key: 'a=b/c', region: 'us-west-2' },
    dev: { role_arn: 'arn:aws:iam::1:role/dev' },
    'with blank': { region: 'eu-west-1' },
  });
});

test('settings of the upper file win, others stay', () => {
  const merged = mergeProfiles(parseProfiles('[a]\nx=1\ny=1\n[b]\nz=1'), parseProfiles('[a]\nx=2\n[c]\nw=1'));
  assert.deepEqual(Object.fromEntries(merged.get('a') ?? []), { x: '2', y: '1' });
  assert.deepEqual([...merged.keys()], ['a', 'b', 'c']);
});
