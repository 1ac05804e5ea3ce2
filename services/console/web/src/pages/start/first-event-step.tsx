import type { Entry, Push } from '../../api/types.js';
import { Copyable } from '../../parts/copyable.js';
import { Stamp, VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PushLink } from '../images/push-link.js';
import { Step } from './step.js';

/** Step 3: waits for the first push, which arrives while the page is open. */
export function FirstEventStep({ entry, push }: { entry: Entry; push: Push | undefined }) {
  const host = URL.parse(String(entry.document['url']))?.host ?? 'registry.example.com';
  return (
    <Step number={3} title="The first event" state={push ? 'done' : 'waiting'}>
      <div role="status">
        {push ? (
          <p>
            <Stamp kind="good">received</Stamp> <PushLink push={push} /> <Moment at={push.receivedAt} />{' '}
            <VerdictStamp push={push} />
          </p>
        ) : (
          <p>Waiting for the first push of {entry.name}. This page changes by itself.</p>
        )}
      </div>
      {!push && (
        <>
          <p>Push any image:</p>
          <Copyable label="Push of an image">{`docker pull alpine:3.18
docker tag alpine:3.18 ${host}/shop/app:1
docker push ${host}/shop/app:1`}</Copyable>
          <p className="quiet">
            Nothing within a minute? The registry shows what ingest answered: 401 is a wrong secret, 404 another name in
            the address. The log of ingest has the reason.
          </p>
        </>
      )}
    </Step>
  );
}
