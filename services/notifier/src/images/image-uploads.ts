import { Injectable } from '@nestjs/common';
import { type Alert, severities } from '@tidewaiter/domain';
import type { EventOf, imageAnalyzed } from '@tidewaiter/events';
import { consoleLink, type Message } from '@tidewaiter/messages';
import { takesImage } from '@tidewaiter/receivers';
import { Deliveries, jobsOf, type Push, type Transaction } from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';

type Analyzed = EventOf<typeof imageAnalyzed>;

/** Adds the deliveries of images to the channels that get images. */
@Injectable()
export class ImageUploads {
  constructor(
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
  ) {}

  /** Adds one delivery for each channel whose matchers match; the same push adds each once. */
  async add(tx: Transaction, { id, time, data }: Analyzed, push: Pick<Push, 'registryHost'> | null): Promise<void> {
    const { pushId, digest, previousDigest, again = false } = data;
    // The channels have this content under this tag.
    if (digest === previousDigest && !again) return;
    const labels = imageLabels(push?.registryHost ?? data.connection, data);
    const alert = unreadImage(data, labels, time);
    const message = imageMessage(data, this.channels.consoleUrl);
    const wanted = [...(this.channels.routing?.receivers.values() ?? [])].flatMap(({ name, uploads }) =>
      uploads
        .filter((channel) => takesImage(channel, labels))
        .map(({ kind, index }) => ({ receiver: name, kind, index })),
    );
    const ids = await this.deliveries.add(
      tx,
      wanted.map(({ receiver, kind, index }) => ({
        ...{ eventId: id, cause: ['image', pushId, again ? 'analyzed again' : 'analyzed'] as const },
        ...{ receiver, channel: kind, integration: index, route: 'image', groupKey: `image/${pushId}` },
        ...{ groupLabels: { kind: 'image' }, alerts: [alert], message, edition: null },
      })),
    );
    await tx.enqueue(...jobsOf('delivery', ids, 'bulk'));
  }
}

/** Labels that the matchers of a channel see. */
function imageLabels(registry: string, { repository, tag, verdict, counts }: Analyzed['data']): Record<string, string> {
  const severity = severities.find((each) => (counts[each] ?? 0) > 0) ?? 'none';
  return { registry, repository, tag: tag ?? '', verdict, severity };
}

/** An image as an alert that names its push, by which it is read when it is sent. */
function unreadImage({ pushId, digest }: Analyzed['data'], labels: Record<string, string>, at: string): Alert {
  return {
    identity: `image/${pushId}`,
    labels: { ...labels, kind: 'image', push: pushId, digest },
    annotations: {},
    status: 'firing',
    startsAt: at,
    endsAt: null,
  };
}

/** Message of the delivery, for lists of deliveries and for a fallback. */
function imageMessage({ repository, tag, digest }: Analyzed['data'], consoleUrl: string): Message {
  const name = tag === null ? `${repository}@${digest}` : `${repository}:${tag}`;
  return {
    ...{ kind: 'push', status: 'firing', severity: 'unknown', title: `Upload of ${name}`, summary: '' },
    ...{ facts: [], sections: [], footer: '' },
    links: [consoleLink('Open image', consoleUrl, 'images', digest)],
  };
}
