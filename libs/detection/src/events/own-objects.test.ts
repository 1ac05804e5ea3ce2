import type { JsonObject, Observation } from '@tidewaiter/domain';
import { observe } from '@tidewaiter/sensors';

import { OwnObjects } from './own-objects.js';

interface Call {
  verb: string;
  request?: JsonObject;
  response?: JsonObject;
  service?: string;
  session?: string;
  error?: string;
  hour?: number;
  region?: string;
}

function call({
  verb,
  request,
  response,
  service = 'rds',
  session = 'run-1',
  error,
  hour = 0,
  region = 'us-east-1',
}: Call): Observation {
  const event = {
    eventSource: `${service}.amazonaws.com`,
    eventName: verb,
    recipientAccountId: '418273649105',
    awsRegion: region,
    userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::418273649105:assumed-role/${session}` },
    requestParameters: request ?? null,
    responseElements: response ?? null,
    ...(error === undefined ? {} : { errorCode: error }),
  };
  const at = new Date(Date.parse('2026-04-01T00:00:00Z') + hour * 3_600_000).toISOString();
  return observe({ id: 'a', source: 'cloudtrail', sensor: 'test', cluster: null, node: null, at, event });
}

const database = { dBInstanceIdentifier: 't-db' };
const created: Call = { verb: 'CreateDBInstance', request: database, session: 'terraform/run-1' };
const deleted: Call = { verb: 'DeleteDBInstance', request: database, session: 'terraform/run-2', hour: 2 };
const flowLog: Call = {
  verb: 'CreateFlowLogs',
  service: 'ec2',
  response: { CreateFlowLogsResponse: { flowLogIdSet: { item: 'fl-1' } } },
};
const ofFlowLog = { DeleteFlowLogsRequest: { FlowLogId: { tag: 1, content: 'fl-1' } } };

describe('OwnObjects', () => {
  it.each<[string, boolean | undefined, Call, Call]>([
    ['what another session of the role created', true, created, deleted],
    [
      'what it created, and leaves a last snapshot of',
      true,
      created,
      { ...deleted, request: { ...database, finalDBSnapshotIdentifier: 'last' } },
    ],
    ...['RestoreDBInstanceFromDBSnapshot', 'RestoreDBInstanceToPointInTime'].map(
      (verb): [string, boolean, Call, Call] => [`a drill with ${verb}`, true, { ...created, verb }, deleted],
    ),
    [
      'an object whose id is in the answer',
      true,
      flowLog,
      { verb: 'DeleteFlowLogs', service: 'ec2', request: ofFlowLog },
    ],
    [
      'what it has only taken a snapshot of',
      false,
      { verb: 'CreateDBSnapshot', request: { ...database, dBSnapshotIdentifier: 'copy' }, response: database },
      deleted,
    ],
    [
      'the source of its copy',
      false,
      {
        verb: 'CopySnapshot',
        service: 'ec2',
        request: { sourceSnapshotId: 'snap-1' },
        response: { snapshotId: 'snap-2' },
      },
      { verb: 'DeleteSnapshot', service: 'ec2', request: { snapshotId: 'snap-1' } },
    ],
    [
      'an object of another kind with the name',
      false,
      { verb: 'CreateDBParameterGroup', request: { dBParameterGroupName: 't-db' } },
      deleted,
    ],
    [
      'a key, which may have encrypted anything',
      undefined,
      { verb: 'CreateKey', service: 'kms', response: { keyMetadata: { keyId: 'k-1', arn: 'arn:k-1' } } },
      { verb: 'ScheduleKeyDeletion', service: 'kms', request: { keyId: 'k-1', pendingWindowInDays: 7 } },
    ],
    ['an object of that name of another region', false, { ...created, region: 'eu-west-1' }, deleted],
    ['what another role created', false, { ...created, session: 'crossplane/x' }, deleted],
    ['what it created days ago', false, created, { ...deleted, hour: 48 }],
    ['what it could not create', false, { ...created, error: 'AccessDenied' }, deleted],
    ['an object of that name of another service', false, { ...created, service: 's3' }, deleted],
    ['a list with others', false, created, { ...deleted, request: { names: ['t-db', 'orders'] } }],
    ['the creation itself', undefined, created, created],
    ['a call that names nothing', undefined, created, { ...deleted, request: {} }],
  ])('decides about %s: %s', (_, expected, before, now) => {
    const objects = new OwnObjects();
    objects.note(call(before));
    const restored = new OwnObjects();
    restored.restore(objects.snapshot());
    expect(restored.isOwn(call(now))).toBe(expected);
  });
});
