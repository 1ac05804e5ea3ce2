import type { Image, ImageFindings, PushDetail, Reach } from '../../api/types.js';

/** Data that the tabs of an image share; undefined until it is read. */
export interface ImageContextData {
  digest: string;
  images: Image[];
  push: PushDetail | undefined;
  pushId: string | undefined;
  places: Reach | undefined;
  findings: ImageFindings | undefined;
}

/** Workloads that run the image, each once. */
export function workloadsOf(places: Reach | undefined) {
  const all = places?.items.flatMap(({ workloads }) => workloads ?? []) ?? [];
  return [
    ...new Map(
      all.map((each) => [JSON.stringify([each.cluster, each.namespace, each.kind, each.name]), each]),
    ).values(),
  ];
}
