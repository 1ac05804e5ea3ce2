import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { entries } from '../../api/lists.js';
import { firstPush, registryKinds } from '../../api/queries.js';
import type { RegistryKinds } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { useSearchChange } from '../../parts/filters.js';
import { PageHead } from '../../parts/page.js';
import { Loaded, Skeleton } from '../../parts/states.js';
import { ChannelStep } from './channel-step.js';
import { CiStep } from './ci-step.js';
import { FirstEventStep } from './first-event-step.js';
import { RegistryStep } from './registry-step.js';
import { WebhookStep } from './webhook-step.js';

/** First run: from a registry to a message and a gate. */
export function StartPage() {
  return (
    <>
      <PageHead title="Get started" about="From a registry to the first message, in five steps" />
      <Loaded read={useQuery(registryKinds)}>{(guide) => <Steps guide={guide} />}</Loaded>
    </>
  );
}

function Steps({ guide }: { guide: RegistryKinds }) {
  const { registry } = useSearch({ from: '/start' });
  const change = useSearchChange('replace');
  const { rows, isPending } = useLiveList(entries('registries', { sort: 'name' }));
  // The browser alone knows a secret that it has made, as long as the page is open.
  const [secrets, setSecrets] = useState<Readonly<Record<string, string>>>({});
  // An overridden entry is not in effect.
  const registries = rows.filter(({ state }) => state === 'active');
  const entry =
    registries.find(({ name }) => name === registry) ?? (registries.length === 1 ? registries[0] : undefined);
  const { data: pushes } = useQuery({ ...firstPush(entry?.name ?? ''), enabled: entry !== undefined });
  const push = pushes?.items[0];
  const keep = (name: string, secret: string) => setSecrets({ ...secrets, [name]: secret });
  if (isPending) return <Skeleton />;
  return (
    <>
      <RegistryStep
        guide={guide}
        registries={registries}
        chosen={entry}
        choose={(name, secret) => {
          if (secret !== undefined) keep(name, secret);
          change({ registry: name });
        }}
      />
      {entry && (
        <>
          <WebhookStep
            key={entry.name}
            guide={guide}
            entry={entry}
            secret={secrets[entry.name]}
            isDone={push !== undefined}
            setSecret={(secret) => keep(entry.name, secret)}
          />
          <FirstEventStep entry={entry} push={push} />
        </>
      )}
      <ChannelStep management={guide.management} />
      <CiStep entry={entry} />
    </>
  );
}
