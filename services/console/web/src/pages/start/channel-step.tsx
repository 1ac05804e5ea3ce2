import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { saveRouting, testReceiver } from '../../api/changes.js';
import { delivery, routing as managedRouting, status } from '../../api/queries.js';
import type { RegistryKinds, Routing } from '../../api/types.js';
import { Copyable } from '../../parts/copyable.js';
import { Stamp } from '../../parts/marks.js';
import { Loaded } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';
import { type ChannelForm, channelForms, type ChannelKind, routingText } from './channel-forms.js';
import { NeedsRole, Step } from './step.js';

type Management = RegistryKinds['management'];

/** Step 4: a channel for all alerts, and a sample through it. */
export function ChannelStep({ management }: { management: Management }) {
  const { may } = useMe();
  const stored = useQuery({ ...managedRouting, refetchInterval: 5_000 });
  // A file in effect has a channel.
  const isDone = stored.data?.state === 'overridden' || (stored.data?.receivers.length ?? 0) > 0;
  return (
    <Step number={4} title="Choose who is notified" state={isDone ? 'done' : 'open'}>
      <Loaded read={stored}>
        {(routing) =>
          routing.state === 'none' ? (
            may('maintainer') ? (
              <NewChannel version={routing.version} management={management} />
            ) : (
              <NeedsRole role="maintainer">Channels are added by maintainers.</NeedsRole>
            )
          ) : (
            <StoredChannels routing={routing} />
          )
        }
      </Loaded>
    </Step>
  );
}

function NewChannel({ version, management }: { version: number | null; management: Management }) {
  const id = useId();
  const client = useQueryClient();
  const [kind, setKind] = useState<ChannelKind>('slack');
  const [values, setValues] = useState<Record<string, string>>({});
  const form: ChannelForm = channelForms[kind];
  const text = routingText(form, 'team', values);
  const save = useMutation({
    mutationFn: () => saveRouting({ text, ...(version !== null && { version }), comment: 'first steps' }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['routing'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <label htmlFor={`${id}kind`}>Channel for all alerts</label>
      <select id={`${id}kind`} value={kind} onChange={({ target }) => setKind(target.value as ChannelKind)}>
        {Object.entries(channelForms).map(([name, { title }]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      {form.fields.map(({ key, label, placeholder, isOptional = false }) => (
        <span key={key} className="filter">
          <label htmlFor={`${id}${key}`}>{label}</label>
          <input
            id={`${id}${key}`}
            required={!isOptional}
            placeholder={placeholder}
            value={values[key] ?? ''}
            onChange={({ target }) => setValues({ ...values, [key]: target.value })}
          />
        </span>
      ))}
      <SecretFiles form={form} values={values} management={management} />
      <p className="quiet">
        This becomes the routing. Other channels and routes: <Link to="/policies/routes">Routes</Link>.
      </p>
      <Copyable label="Routing">{text}</Copyable>
      <div className="actions">
        <Button type="submit" className="primary" isPending={save.isPending}>
          Save the routing
        </Button>
      </div>
      <div role="alert">{save.error && <p className="notice">{save.error.message}</p>}</div>
    </form>
  );
}

/** Secrets of channels stay in files of the operator. */
function SecretFiles({
  form,
  values,
  management: { filesDir },
}: {
  form: ChannelForm;
  values: Record<string, string>;
  management: Management;
}) {
  const files = form.files(values);
  if (files.length === 0) return null;
  if (filesDir === null)
    return (
      <>
        <p>
          Secrets of channels are in files of the operator. Name their folder in <code>tidewaiter.yaml</code>:
        </p>
        <Copyable label="Folder of files">{'management:\n  filesDir: entry-files'}</Copyable>
      </>
    );
  return files.map(({ name, content }) => (
    <div key={name}>
      <p>
        Write {content} into a file on the machine of the notifier, in the folder of <code>tidewaiter.yaml</code>. Paste
        it, press Enter, and then Ctrl-D:
      </p>
      <Copyable label={`File ${name}`}>{`(umask 077; mkdir -p ${filesDir}; cat > ${filesDir}/${name})`}</Copyable>
    </div>
  ));
}

/** Receivers of the routing; a sample shows that each works. */
function StoredChannels({ routing }: { routing: Routing }) {
  const { may } = useMe();
  const { data } = useQuery(status);
  const notifiers = data?.configuration.filter(({ service }) => service === 'notifier') ?? [];
  const failed = notifiers.find(({ error }) => error !== null)?.error;
  const isLoaded = notifiers.some(({ loadedAt }) => routing.changedAt !== null && loadedAt > routing.changedAt);
  if (routing.state === 'overridden')
    return (
      <>
        <p className="notice">
          The notifier has a <code>routing.yaml</code> with channels, which is in effect.{' '}
          {routing.text !== null && 'Add the receiver there:'}
        </p>
        {routing.text !== null && <Copyable label="Routing">{routing.text}</Copyable>}
      </>
    );
  return (
    <>
      <p>
        Version {routing.version} of the <Link to="/policies/routes">routing</Link>
        {isLoaded ? ' is in effect.' : ' is saved, and in effect when the notifier has read it.'}
      </p>
      <div role="alert">
        {failed && (
          <p className="notice">
            The notifier cannot use it: {failed.message} (<code>{failed.code}</code>)
          </p>
        )}
        {data && notifiers.length === 0 && <p className="notice">No notifier runs.</p>}
      </div>
      {may('maintainer') && routing.receivers.map((name) => <SampleMessage key={name} receiver={name} />)}
    </>
  );
}

function SampleMessage({ receiver }: { receiver: string }) {
  const test = useMutation({ mutationFn: () => testReceiver(receiver) });
  return (
    <>
      <div className="actions">
        <Button className="button" isPending={test.isPending} onPress={() => test.mutate()}>
          Send a sample to {receiver}
        </Button>
      </div>
      <div role="status">
        {test.data?.deliveries.map((id) => (
          <SampleState key={id} id={id} />
        ))}
      </div>
      <div role="alert">{test.error && <p className="notice">{test.error.message}</p>}</div>
    </>
  );
}

/** State of a sample in its channel. */
function SampleState({ id }: { id: string }) {
  const { data } = useQuery({ ...delivery(id), refetchInterval: 1_500 });
  if (!data) return null;
  const { state, channel, code, reason } = data;
  const kind = state === 'sent' ? 'good' : state === 'failed' ? 'broken' : 'waiting';
  return (
    <p>
      <Stamp kind={kind}>{state}</Stamp>{' '}
      <Link to="/system/deliveries/$id" params={{ id }}>
        {channel}
      </Link>{' '}
      {code !== null && (
        <>
          {reason} (<code>{code}</code>)
        </>
      )}
    </p>
  );
}
