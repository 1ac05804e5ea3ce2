import type { UseQueryResult } from '@tanstack/react-query';

import type { ImageFinding, ImageFindings, Images } from '../../api/types.js';
import { useSearchChange } from '../../parts/filters.js';
import { later } from '../../parts/later.js';
import { Loaded, Skeleton } from '../../parts/states.js';
import { ChangesTab } from './changes-tab.js';
import { fixesOf } from './fixes.js';
import { type ImageContextData, workloadsOf } from './image-context.js';
import type { ImageTabId } from './image-tab-ids.js';

// The first tab alone comes with the page.
const FileFindingsTab = later(async () => (await import('./file-findings-tab.js')).FileFindingsTab, <Skeleton />);
const FindingsTab = later(async () => (await import('./findings-tab.js')).FindingsTab, <Skeleton />);
const FixesTab = later(async () => (await import('./fixes-tab.js')).FixesTab, <Skeleton />);
const HistoryTab = later(async () => (await import('./history-tab.js')).HistoryTab, <Skeleton />);
const LayersTab = later(async () => (await import('./layers-tab.js')).LayersTab, <Skeleton />);
const PackagesTab = later(async () => (await import('./packages-tab.js')).PackagesTab, <Skeleton />);
const ProvenanceTab = later(async () => (await import('./provenance-tab.js')).ProvenanceTab, <Skeleton />);
const RuntimeTab = later(async () => (await import('./runtime-tab.js')).RuntimeTab, <Skeleton />);

const kindsOfTab = {
  secrets: ['secret'],
  integrity: ['integrity', 'malware'],
  misconfiguration: ['misconfiguration'],
} as const satisfies Record<string, readonly ImageFinding['kind'][]>;

/** Tabs of an image with the number of what each shows. */
export function imageTabs({ images, places, findings }: ImageContextData): Tab[] {
  const items = findings?.items;
  const ofKinds = (kinds: readonly string[]) => items?.filter(({ kind }) => kinds.includes(kind)).length;
  return [
    { id: 'changes', title: 'Changes' },
    { id: 'fixes', title: 'Fixes', count: items && fixesOf(items).filter(({ isFixable }) => isFixable).length },
    { id: 'findings', title: 'Findings', count: items?.length },
    { id: 'layers', title: 'Layers', count: images[0]?.layers.length },
    { id: 'packages', title: 'Packages', count: images.reduce((sum, { packageCount }) => sum + packageCount, 0) },
    { id: 'secrets', title: 'Secrets', count: ofKinds(kindsOfTab.secrets) },
    { id: 'integrity', title: 'Integrity', count: ofKinds(kindsOfTab.integrity) },
    { id: 'misconfiguration', title: 'Misconfiguration', count: ofKinds(kindsOfTab.misconfiguration) },
    { id: 'runtime', title: 'Runtime', count: places && workloadsOf(places).length },
    { id: 'provenance', title: 'Provenance' },
    { id: 'history', title: 'History' },
  ];
}

interface Tab {
  id: ImageTabId;
  title: string;
  count?: number | undefined;
}

interface Props extends ImageContextData {
  tab: ImageTabId;
  sort: string | undefined;
  findingsRead: UseQueryResult<ImageFindings>;
  /** Push by whose rules findings count; undefined for the newest. */
  pushOfRules: string | undefined;
  pipeline: Images['pipeline'];
}

export function ImageTab({ tab, sort, findingsRead, pushOfRules, pipeline, ...context }: Props) {
  const change = useSearchChange();
  const sorting = { sort, onSort: (next: string | undefined) => change({ sort: next }) };
  switch (tab) {
    case 'changes':
      return <ChangesTab pushId={context.pushId} />;
    case 'fixes':
      return (
        <Loaded read={findingsRead}>
          {({ items }) => <FixesTab digest={context.digest} pushId={pushOfRules} findings={items} />}
        </Loaded>
      );
    case 'findings':
      return (
        <Loaded read={findingsRead}>
          {({ items }) => <FindingsTab findings={items} repository={context.push?.repository} {...sorting} />}
        </Loaded>
      );
    case 'layers':
      return <LayersTab {...context} pushOfRules={pushOfRules} />;
    case 'packages':
      return <PackagesTab digest={context.digest} {...sorting} />;
    case 'secrets':
    case 'integrity':
    case 'misconfiguration':
      return (
        <Loaded read={findingsRead}>
          {({ items }) => <FileFindingsTab findings={items} kinds={kindsOfTab[tab]} images={context.images} />}
        </Loaded>
      );
    case 'runtime':
      return <RuntimeTab digest={context.digest} places={context.places} />;
    case 'provenance':
      return <ProvenanceTab images={context.images} pipeline={pipeline} />;
    case 'history':
      return <HistoryTab places={context.places} />;
  }
}
