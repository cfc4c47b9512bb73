/** One line of `static_cluster`: a provider at a URL with a credential of its kind; `more` is added to it. */
export function clusterLine(name: string, provider: string, url: string, more = ''): string {
  const access =
    provider === 'aws-bedrock'
      ? 'region: us-east-1, credential: { type: aws, access_key_id: AKIA, secret_access_key: s }'
      : more.includes('api_keys:') || more.includes('credential')
        ? ''
        : 'api_key: k';
  const parts = [`provider: ${provider}`, more.includes('endpoints:') ? '' : `endpoint: "${url}"`, access, more];
  return `  ${name}: { ${parts.filter((part) => part !== '').join(', ')} }`;
}
