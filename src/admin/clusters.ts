import { createHash } from 'node:crypto';
import { z } from 'zod';
import { checkBaseUrls, MAX_ENDPOINTS } from '../config/endpoint-list.ts';
import { AdminError, type InputIssue } from './admin-error.ts';
import { type AdminAnswer, jsonAnswer } from './answer.ts';
import { type ClusterPort, type ClusterView, clusterView } from './cluster-port.ts';
import { changedMeanwhile, matchesIfMatch } from './if-match.ts';
import type { AdminPort } from './port.ts';
import { type AdminRequest, type AdminRoute, defineRoute } from './route.ts';

const endpointList = z.strictObject({
  endpoints: z.array(z.string()).describe(`Base URLs, at most ${MAX_ENDPOINTS}; none take the cluster out of use`),
});

const ENDPOINTS_ANSWER = { description: 'The endpoints as they are now', schema: endpointList, etag: true } as const;
const ENDPOINTS_PATH = '/api/v1/clusters/{name}/endpoints';

/** Routes that show clusters and set the endpoints of managed ones. */
export const CLUSTER_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/clusters',
    access: 'viewer',
    operationId: 'listClusters',
    summary: 'Every cluster with its endpoints and their health',
    tag: 'clusters',
    answers: { 200: { description: 'The clusters', schema: z.object({ clusters: z.array(clusterView) }) } },
    handle: async (port) => jsonAnswer(200, { clusters: await viewsOf(clustersOf(port)) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/v1/clusters/{name}',
    access: 'viewer',
    operationId: 'getCluster',
    summary: 'One cluster with its endpoints and their health',
    tag: 'clusters',
    answers: { 200: { description: 'The cluster', schema: clusterView } },
    async handle(port, request) {
      const name = nameOf(request);
      const found = (await viewsOf(clustersOf(port))).find((view) => view.name === name);
      if (found === undefined) throw unknownCluster(name);
      return jsonAnswer(200, found);
    },
  }),
  defineRoute({
    method: 'GET',
    path: ENDPOINTS_PATH,
    access: 'viewer',
    operationId: 'getClusterEndpoints',
    summary: 'The endpoints of a managed cluster',
    tag: 'clusters',
    answers: { 200: ENDPOINTS_ANSWER },
    handle: (port, request) => endpointsAnswer(managedOf(clustersOf(port), nameOf(request))),
  }),
  defineRoute({
    method: 'PUT',
    path: ENDPOINTS_PATH,
    access: 'operator',
    operationId: 'putClusterEndpoints',
    summary: 'Sets the endpoints of a managed cluster',
    tag: 'clusters',
    action: 'cluster.endpoints',
    body: endpointList,
    ifMatch: 'optional',
    answers: { 200: ENDPOINTS_ANSWER },
    handle: (port, request) => setEndpoints(port, request, checkedUrls(request.body.endpoints)),
  }),
  defineRoute({
    method: 'DELETE',
    path: ENDPOINTS_PATH,
    access: 'operator',
    operationId: 'deleteClusterEndpoints',
    summary: 'Takes all endpoints of a managed cluster away',
    tag: 'clusters',
    action: 'cluster.endpoints',
    ifMatch: 'optional',
    answers: { 200: ENDPOINTS_ANSWER },
    handle: (port, request) => setEndpoints(port, request, []),
  }),
];

function clustersOf(port: AdminPort): ClusterPort {
  const clusters = port.clusters?.();
  if (clusters !== undefined) return clusters;
  throw new AdminError(503, 'no_config', {
    message: 'No configuration has been applied yet; /api/v1/config/status says why.',
  });
}

async function viewsOf(clusters: ClusterPort): Promise<ClusterView[]> {
  return (await clusters.listAll?.()) ?? clusters.list();
}

function nameOf({ params }: AdminRequest): string {
  return params['name'] ?? '';
}

function unknownCluster(name: string): AdminError {
  const message = `There is no cluster "${name.slice(0, 100)}"; /api/v1/clusters lists those that there are.`;
  return new AdminError(404, 'unknown_cluster', { message });
}

function managedOf(clusters: ClusterPort, name: string): readonly string[] {
  const urls = clusters.managed(name);
  if (urls !== undefined) return urls;
  const found = clusters.find(name);
  if (found === undefined) throw unknownCluster(name);
  throw new AdminError(409, 'cluster_not_managed', {
    message: `The endpoints of "${name}" come from elsewhere (${found.kind}); only a dynamic cluster with \`managed: true\` takes them here.`,
  });
}

function etagOf(urls: readonly string[]): string {
  return `"${createHash('sha256').update(JSON.stringify(urls)).digest('hex').slice(0, 32)}"`;
}

function endpointsAnswer(urls: readonly string[]): AdminAnswer {
  return jsonAnswer(200, { endpoints: urls }, { etag: etagOf(urls) });
}

function checkedUrls(values: readonly string[]): readonly string[] {
  const checked = checkBaseUrls(values, (index) => `endpoints[${index}]`);
  if (checked.problems === undefined) return checked.urls;
  const issues = checked.problems.map((problem): InputIssue => {
    const [param = '', ...rest] = problem.startsWith('endpoints[') ? problem.split(': ') : ['endpoints', problem];
    return { param, message: rest.join(': ') };
  });
  const [first] = issues;
  throw new AdminError(400, 'invalid_request', {
    message: `${first?.param}: ${first?.message}`,
    param: first?.param,
    issues,
  });
}

/** Sets endpoints while they are those that `if-match` names: a caller who knows older ones changes nothing. */
async function setEndpoints(port: AdminPort, request: AdminRequest, urls: readonly string[]): Promise<AdminAnswer> {
  const clusters = clustersOf(port);
  const name = nameOf(request);
  const before = managedOf(clusters, name);
  request.change.target = `cluster:${name}`;
  request.change.before = { endpoints: [...before] };
  const etag = etagOf(before);
  if (matchesIfMatch(request.header('if-match'), etag) === false) throw changedMeanwhile(etag, 'list of endpoints');
  await clusters.setManaged(name, urls);
  request.change.after = { endpoints: [...urls] };
  return endpointsAnswer(urls);
}
