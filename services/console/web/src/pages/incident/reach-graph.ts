import type { IncidentDetail } from '../../api/types.js';
import { sharedArtifact } from './shared-artifact.js';

export type NodeKind = 'push' | 'image' | 'workload' | 'reached' | 'incident' | 'more';

export interface GraphNode {
  id: string;
  kind: NodeKind;
  text: string;
  /** Second line. */
  note: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: { from: string; to: string; text: string }[];
}

/** Nodes of one kind that a picture shows; the others are one node with their count. */
const maxOfKind = 12;

/** Left to right: the push, the image, what runs it, and what shares something with it. */
export function reachGraph(incident: IncidentDetail): Graph {
  const graph: Graph = { nodes: [], edges: [] };
  const { imageFacts, image, imageDigest, workloads, blastRadius } = incident;
  const root = addImage(graph, image ?? imageDigest ?? 'unknown image', imageDigest);
  if (imageFacts !== null) {
    const { push } = imageFacts;
    add(graph, { id: 'push', kind: 'push', text: 'push', note: push.pushedBy ?? push.connection }, [
      ['push', root, ''],
    ]);
  }
  addSome(graph, root, 'workload', workloads, ({ workload, cluster, pods }) => ({
    id: `workload ${cluster} ${workload}`,
    text: workload,
    note: `${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}${cluster === null ? '' : ` in ${cluster}`}`,
    edge: 'runs',
  }));
  addSome(
    graph,
    root,
    'reached',
    blastRadius.workloads.items,
    ({ workload, cluster, shares }) => ({
      id: `reached ${cluster} ${workload}`,
      text: workload,
      note: cluster ?? '',
      edge: `same ${shares}`,
    }),
    blastRadius.workloads.total,
  );
  addSome(
    graph,
    root,
    'image',
    blastRadius.images.items,
    ({ registry, repository, tag, shares }) => ({
      id: `image ${registry}/${repository}:${tag}`,
      text: `${repository}:${tag}`,
      note: registry,
      edge: shares === 'image' ? 'tag' : `same ${shares}`,
    }),
    blastRadius.images.total,
  );
  addSome(graph, root, 'incident', blastRadius.incidents, ({ id, number, title, shares }) => ({
    id: `incident ${id}`,
    text: `INC-${number}`,
    note: title,
    edge: `same ${shares.map((share) => sharedArtifact(share).text).join(', ')}`,
  }));
  return graph;
}

function addImage(graph: Graph, text: string, digest: string | null): string {
  graph.nodes.push({ id: 'root', kind: 'image', text, note: digest?.slice(7, 19) ?? '' });
  return 'root';
}

function add(graph: Graph, node: GraphNode, edges: [string, string, string][]): void {
  graph.nodes.push(node);
  for (const [from, to, text] of edges) graph.edges.push({ from, to, text });
}

function addSome<Item>(
  graph: Graph,
  root: string,
  kind: NodeKind,
  items: readonly Item[],
  describe: (item: Item) => { id: string; text: string; note: string; edge: string },
  total = items.length,
): void {
  for (const item of items.slice(0, maxOfKind)) {
    const { edge, ...node } = describe(item);
    add(graph, { kind, ...node }, [[root, node.id, edge]]);
  }
  const hidden = total - Math.min(items.length, maxOfKind);
  if (hidden <= 0) return;
  add(graph, { id: `more ${kind}`, kind: 'more', text: `+${hidden} more`, note: '' }, [[root, `more ${kind}`, '']]);
}

/** The reach in words: `1 image, 3 pods in 2 namespaces, 4 other workloads`. */
export function reachSentence({
  workloads,
  blastRadius: { images, workloads: reached, incidents },
}: IncidentDetail): string {
  const pods = workloads.reduce((sum, { pods: some }) => sum + some.length, 0);
  const exposed = reached.items.filter((each) => each.exposed === true).length;
  const parts = [
    `${workloads.length} affected ${workloads.length === 1 ? 'workload' : 'workloads'} with ${pods} ${pods === 1 ? 'pod' : 'pods'}`,
    reached.total > 0 &&
      `${reached.total} other ${reached.total === 1 ? 'workload shares' : 'workloads share'} its content`,
    exposed > 0 && `${exposed} of them exposed by a service`,
    images.total > 0 && `${images.total} ${images.total === 1 ? 'tag points' : 'tags point'} to the same content`,
    incidents.length > 0 && `${incidents.length} related ${incidents.length === 1 ? 'incident' : 'incidents'}`,
  ];
  return `${parts.filter((part) => part !== false).join(', ')}.`;
}
