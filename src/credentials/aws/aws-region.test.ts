import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionOfHost } from './aws-region.ts';

test('the region in a host name', () => {
  const rows: [string, string | undefined][] = [
    ['bedrock-runtime.us-east-1.amazonaws.com', 'us-east-1'],
    ['bedrock-runtime.us-east-1.amazonaws.com:443', 'us-east-1'],
    ['bedrock-runtime-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['bedrock-runtime.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['bedrock-runtime.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
    ['bedrock-runtime.ap-southeast-2.api.aws', 'ap-southeast-2'],
    ['vpce-0a1b2c3d-x.bedrock-runtime.eu-central-1.vpce.amazonaws.com', 'eu-central-1'],
    ['Bedrock-Runtime.US-East-1.amazonaws.com', 'us-east-1'],
    ['bedrock.us-east-1.example.com', undefined],
    ['amazonaws.com', undefined],
    ['127.0.0.1:8080', undefined],
  ];
  for (const [host, region] of rows) assert.equal(regionOfHost(host), region, host);
});
