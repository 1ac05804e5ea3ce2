import { graphlib, layout } from '@dagrejs/dagre';
import { useMemo } from 'react';

import { fitText } from './fit-text.js';
import type { Graph, NodeKind } from './reach-graph.js';

const nodeSize = { width: 264, height: 44 };
/** Room of the text in a node, and of the sign of its kind before the first line. */
const textRoom = { note: nodeSize.width - 20, text: nodeSize.width - 40 };
const fontSize = 12.5;
const kindTexts: Record<NodeKind, string> = {
  push: '↥',
  image: '▣',
  workload: '●',
  reached: '○',
  incident: '▲',
  more: '…',
};

/** Picture of a graph, from left to right. The table below it has the same content for readers. */
export default function ReachPicture({ graph }: { graph: Graph }) {
  const { width, height, nodes, edges } = useMemo(() => laidOut(graph), [graph]);
  const widthOf = useMemo(() => textMeasure(), []);
  return (
    <div className="graph" role="region" aria-label="Picture of the blast radius" tabIndex={0}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
        {edges.map(({ key, points }) => (
          <polyline key={key} points={points} className="edge" />
        ))}
        {nodes.map(({ id, kind, text, note, x, y }) => (
          <g key={id} className={`node ${kind}`} transform={`translate(${x} ${y})`}>
            <title>{[text, note].filter(Boolean).join('\n')}</title>
            <rect {...nodeSize} rx="4" />
            <text x="10" y="18">
              {kindTexts[kind]}
            </text>
            <text x="30" y="18">
              {fitText(text, textRoom.text, widthOf)}
            </text>
            <text x="10" y="34" className="note">
              {fitText(note, textRoom.note, widthOf)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

function laidOut({ nodes, edges }: Graph) {
  const picture = new graphlib.Graph({ multigraph: true });
  picture.setGraph({ rankdir: 'LR', nodesep: 10, ranksep: 56, marginx: 4, marginy: 4 });
  picture.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) picture.setNode(id, { ...nodeSize });
  for (const { from, to } of edges) picture.setEdge(from, to);
  layout(picture);
  const { width = 0, height = 0 } = picture.graph();
  const place = (id: string) => {
    const { x, y } = picture.node(id);
    return { x: x - nodeSize.width / 2, y: y - nodeSize.height / 2 };
  };
  return {
    width,
    height,
    nodes: nodes.map((node) => ({ ...node, ...place(node.id) })),
    edges: picture.edges().map((edge) => ({
      key: `${edge.v} ${edge.w}`,
      points: (picture.edge(edge).points ?? []).map(({ x, y }: { x: number; y: number }) => `${x},${y}`).join(' '),
    })),
  };
}

/** Width of a text in the font of the page, which differs between machines. */
function textMeasure(): (text: string) => number {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) return (text) => text.length * fontSize;
  context.font = `${fontSize}px ${getComputedStyle(document.body).fontFamily}`;
  return (text) => context.measureText(text).width;
}
