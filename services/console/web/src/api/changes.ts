import type { EntryKind } from '@tidewaiter/domain';

import { answerOf, client } from './client.js';
import { entryPaths } from './entry-paths.js';
import type { paths } from './openapi.js';

type Body<Path extends keyof paths> = paths[Path] extends {
  post: { requestBody?: { content: { 'application/json': infer Content } } };
}
  ? Content
  : never;

const byId = (id: string) => ({ params: { path: { id } } });

export const approveDeviceLogin = (code: string) =>
  answerOf(client.POST('/api/v1/device-logins/{code}/approve', { params: { path: { code } } }));

export const refuseDeviceLogin = (code: string) =>
  answerOf(client.POST('/api/v1/device-logins/{code}/refuse', { params: { path: { code } } }));

export const acknowledgeIncident = (id: string) =>
  answerOf(client.POST('/api/v1/incidents/{id}/acknowledge', byId(id)));

export const assignIncident = (id: string, assignee: string | null) =>
  answerOf(client.POST('/api/v1/incidents/{id}/assign', { ...byId(id), body: { assignee } }));

export const snoozeIncident = (id: string, until: string) =>
  answerOf(client.POST('/api/v1/incidents/{id}/snooze', { ...byId(id), body: { until } }));

export const unsnoozeIncident = (id: string) => answerOf(client.DELETE('/api/v1/incidents/{id}/snooze', byId(id)));

export const commentIncident = (id: string, comment: string) =>
  answerOf(client.POST('/api/v1/incidents/{id}/comments', { ...byId(id), body: { comment } }));

export const resolveIncident = (id: string, body: NonNullable<Body<'/api/v1/incidents/{id}/resolve'>>) =>
  answerOf(client.POST('/api/v1/incidents/{id}/resolve', { ...byId(id), body }));

export const reopenIncident = (id: string) => answerOf(client.POST('/api/v1/incidents/{id}/reopen', byId(id)));

export const retryPush = (id: string) => answerOf(client.POST('/api/v1/pushes/{id}/retry', byId(id)));

export const redriveDeadLetter = (id: string) => answerOf(client.POST('/api/v1/dead-letters/{id}/redrive', byId(id)));

/** Redrives dead letters by their ids, or the oldest that a query matches. */
export const redriveDeadLetters = (body: NonNullable<Body<'/api/v1/dead-letters/redrive'>>) =>
  answerOf(client.POST('/api/v1/dead-letters/redrive', { body }));

/** `again`: whether a message that its channel accepted is sent once more. */
export const redriveDelivery = (id: string, again = false) =>
  answerOf(client.POST('/api/v1/deliveries/{id}/redrive', { ...byId(id), body: { again } }));

export const redriveReceiver = (receiver: string) =>
  answerOf(client.POST('/api/v1/deliveries/redrive', { body: { receiver } }));

export const inviteCluster = (name: string) => answerOf(client.POST('/api/v1/clusters', { body: { name } }));

export const removeCluster = (name: string) =>
  answerOf(client.DELETE('/api/v1/clusters/{name}', { params: { path: { name } } }));

export type RemovalTarget = NonNullable<Body<'/api/v1/removals'>>;

export const previewRemoval = (body: RemovalTarget) => answerOf(client.POST('/api/v1/removals/preview', { body }));

export const requestRemoval = (body: RemovalTarget) => answerOf(client.POST('/api/v1/removals', { body }));

export const previewSilence = (matchers: string[]) =>
  answerOf(client.POST('/api/v1/silences/preview', { body: { matchers } }));

export const addSilence = (body: Body<'/api/v1/silences'>) => answerOf(client.POST('/api/v1/silences', { body }));

export const changeSilence = (
  id: string,
  body: Body<'/api/v1/silences'> & Pick<Body<'/api/v1/silences/{id}/undo'>, 'version' | 'reason'>,
) => answerOf(client.PUT('/api/v1/silences/{id}', { ...byId(id), body }));

export const undoSilence = (id: string, body: Body<'/api/v1/silences/{id}/undo'>) =>
  answerOf(client.POST('/api/v1/silences/{id}/undo', { ...byId(id), body }));

export const expireSilence = (id: string) => answerOf(client.DELETE('/api/v1/silences/{id}', byId(id)));

type Document = Readonly<Record<string, unknown>>;

const byName = (name: string) => ({ params: { path: { name } } });

export const checkEntry = (kind: EntryKind, document: Document) =>
  answerOf(client.POST(entryPaths(kind).validate, { body: { document } }));

export const addEntry = (kind: EntryKind, body: Body<'/api/v1/exceptions'>) =>
  answerOf(client.POST(entryPaths(kind).list, { body }));

export const replaceEntry = (
  kind: EntryKind,
  name: string,
  body: { document: Document; version: number; comment?: string },
) => answerOf(client.PUT(entryPaths(kind).one, { ...byName(name), body }));

export const removeEntry = (kind: EntryKind, name: string, version: number) =>
  answerOf(client.DELETE(entryPaths(kind).one, { params: { path: { name }, query: { version } } }));

/** Brings back version `to`. */
export const undoEntry = (kind: EntryKind, name: string, body: { version: number; to: number }) =>
  answerOf(client.POST(entryPaths(kind).undo, { ...byName(name), body }));

/** Connects to a registry with a document before it is saved. */
export const checkRegistryDocument = (document: Document) =>
  answerOf(client.POST('/api/v1/registries/check', { body: { document } }));

/** Connects to a stored registry. */
export const checkRegistry = (name: string) =>
  answerOf(client.POST('/api/v1/registries/{name}/check', { ...byName(name), body: {} }));

/** Makes a report now, and sends it to its receiver. */
export const sendReport = (name: string) => answerOf(client.POST('/api/v1/reports/{name}/send', byName(name)));

export const checkRouting = (text: string) => answerOf(client.POST('/api/v1/routes/validate', { body: { text } }));

export const testRouting = (text: string, labels: Record<string, string>) =>
  answerOf(client.POST('/api/v1/routes/test', { body: { text, labels } }));

export const saveRouting = (body: { text: string; version?: number; comment?: string }) =>
  answerOf(client.PUT('/api/v1/routes', { body }));

export const removeRouting = (version: number) =>
  answerOf(client.DELETE('/api/v1/routes', { params: { query: { version } } }));

/** Brings back version `to`. */
export const undoRouting = (body: { version: number; to: number }) =>
  answerOf(client.POST('/api/v1/routes/undo', { body }));

export const replayRouting = (body: Body<'/api/v1/routes/replay'>) =>
  answerOf(client.POST('/api/v1/routes/replay', { body }));

/** Sends a sample to the channels of a receiver. */
export const testReceiver = (receiver: string) =>
  answerOf(client.POST('/api/v1/receivers/{receiver}/test', { params: { path: { receiver } } }));

type ViewBody = Body<'/api/v1/views'>;

export const addView = (body: ViewBody) => answerOf(client.POST('/api/v1/views', { body }));

export const replaceView = (id: string, body: ViewBody) =>
  answerOf(client.PUT('/api/v1/views/{id}', { ...byId(id), body }));

export const deleteView = (id: string) => answerOf(client.DELETE('/api/v1/views/{id}', byId(id)));

export const signIn = (token: string) => answerOf(client.POST('/api/v1/session', { body: { token } }));

/** Makes the first administrator. */
export const setUp = (secret: string) => answerOf(client.POST('/api/v1/setup', { body: { secret } }));

export const signOut = () => answerOf(client.DELETE('/api/v1/session'));

type UserChange = NonNullable<paths['/api/v1/users/{id}']['patch']['requestBody']>['content']['application/json'];

export const changeUser = (id: string, body: UserChange) =>
  answerOf(client.PATCH('/api/v1/users/{id}', { ...byId(id), body }));

export const endSession = (id: string) => answerOf(client.DELETE('/api/v1/sessions/{id}', byId(id)));

export const addServiceAccount = (body: Body<'/api/v1/service-accounts'>) =>
  answerOf(client.POST('/api/v1/service-accounts', { body }));

export const deleteServiceAccount = (id: string) => answerOf(client.DELETE('/api/v1/service-accounts/{id}', byId(id)));

type AccountChange = NonNullable<
  paths['/api/v1/service-accounts/{id}']['patch']['requestBody']
>['content']['application/json'];

export const changeServiceAccount = (id: string, body: AccountChange) =>
  answerOf(client.PATCH('/api/v1/service-accounts/{id}', { ...byId(id), body }));

export const addToken = (account: string, body: Body<'/api/v1/service-accounts/{id}/tokens'>) =>
  answerOf(client.POST('/api/v1/service-accounts/{id}/tokens', { ...byId(account), body }));

export const revokeToken = (id: string) => answerOf(client.DELETE('/api/v1/tokens/{id}', byId(id)));
