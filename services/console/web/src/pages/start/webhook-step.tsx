import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { replaceEntry } from '../../api/changes.js';
import type { Entry, RegistryKinds } from '../../api/types.js';
import { Copyable } from '../../parts/copyable.js';
import { useMe } from '../../parts/use-me.js';
import { Instructions } from './instructions.js';
import { randomSecret } from './random-secret.js';
import { kindOf } from './registry-step.js';
import { NeedsRole, Step } from './step.js';

/** Stands for a secret that the console does not know. */
const unknownSecret = 'WEBHOOK_SECRET';

interface Props {
  guide: RegistryKinds;
  entry: Entry;
  secret: string | undefined;
  isDone: boolean;
  setSecret: (secret: string) => void;
}

/** Step 2: configuration of the registry, with address and secret of this connection. */
export function WebhookStep({ guide, entry, secret, isDone, setSecret }: Props) {
  const id = useId();
  const [base, setBase] = useState(guide.ingestUrl ?? `http://${location.hostname}:7070`);
  const kind = kindOf(guide, entry.document['kind']);
  const hookUrl = `${base.trim().replace(/\/$/, '')}/hooks/registry/${entry.name}`;
  const own = (text: string) =>
    text.replaceAll(guide.example.hookUrl, hookUrl).replaceAll(guide.example.secret, secret ?? unknownSecret);
  return (
    <Step number={2} title={`Point the webhook of ${entry.name} here`} state={isDone ? 'done' : 'open'}>
      <div className="form">
        <div className="filter wide">
          <label htmlFor={id}>Address at which the registry reaches ingest</label>
          <input id={id} value={base} onChange={({ target }) => setBase(target.value)} />
        </div>
        {isOfThisMachine(base) && !isOfThisMachine(String(entry.document['url'])) && (
          <p className="notice">
            Only this machine has that address. Give the one that the registry sees, and set it as{' '}
            <code>TIDEWAITER_INGEST_URL</code>.
          </p>
        )}
      </div>
      <Secret entry={entry} secret={secret} setSecret={setSecret} />
      {kind && (
        <ol className="steps">
          {kind.steps.map((step) => (
            <li key={step}>
              <Instructions markdown={own(step)} label={`Configuration of ${entry.name}`} />
            </li>
          ))}
        </ol>
      )}
      {kind && <Instructions markdown={kind.note} label="Note" />}
    </Step>
  );
}

/** Whether a URL is of the loopback of this machine. */
function isOfThisMachine(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? '';
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
}

function Secret({ entry, secret, setSecret }: Pick<Props, 'entry' | 'secret' | 'setSecret'>) {
  const client = useQueryClient();
  const { may } = useMe();
  const renew = useMutation({
    mutationFn: async () => {
      const webhookSecret = randomSecret();
      const document = { ...entry.document, webhookSecret };
      const change = { document, version: entry.version ?? 1, comment: 'new webhook secret' };
      await replaceEntry('registries', entry.name, change);
      return webhookSecret;
    },
    onSuccess: async (made) => {
      setSecret(made);
      await client.invalidateQueries({ queryKey: ['entries', 'registries'] });
    },
  });
  if (secret !== undefined)
    return (
      <>
        <p role="status">
          The secret of its webhooks. <strong>Copy it now, it is not shown again:</strong>
        </p>
        <Copyable label="Webhook secret">{secret}</Copyable>
      </>
    );
  if (entry.source === 'file')
    return (
      <p>
        <code>{unknownSecret}</code> is the <code>webhookSecret</code> of {entry.name} in{' '}
        <code>tidewaiter.yaml:{entry.line}</code>.
      </p>
    );
  if (!may('maintainer')) return <NeedsRole role="maintainer">The secret was shown once, to who made it.</NeedsRole>;
  return (
    <div className="actions">
      <span>
        <code>{unknownSecret}</code> was shown once.
      </span>
      <Button className="button" isPending={renew.isPending} onPress={() => renew.mutate()}>
        Make a new secret
      </Button>
      {renew.error && <span role="alert">{renew.error.message}</span>}
    </div>
  );
}
