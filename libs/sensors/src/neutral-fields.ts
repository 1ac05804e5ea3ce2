import { clientKindOf, type JsonObject, type JsonValue, type Observation } from '@tidewaiter/domain';

import { lookupZoneOf, parentDomainOf } from './domains.js';
import { object } from './json.js';
import {
  capabilitiesOf,
  commandsOf,
  hostNamespacesOf,
  hostPathsOf,
  imagesOf,
} from './kubernetes-audit/requested-pods.js';
import { lookalikeOf } from './lookalike.js';

type Getter = (observation: Observation) => JsonValue | undefined;

/**
 * Fields of an observation that rules may name, whatever the sensor: `Process.CommandLine`,
 * `Pod.Namespace` …
 */
const fields: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['Activity', ({ activity }) => activity],
  ['Source', ({ source }) => source],
  ['Sensor', ({ sensor }) => sensor],
  ['Cluster', ({ cluster }) => cluster],
  ['Node', ({ node }) => node],
  ['Dropped', ({ dropped }) => dropped],
  ['Event.Cut', ({ isCut = false }) => isCut],
  ['Process.ExecId', ({ process }) => process?.execId],
  ['Process.ParentExecId', ({ process }) => process?.parentExecId],
  ['Process.Pid', ({ process }) => process?.pid],
  ['Process.ParentPid', ({ process }) => process?.parentPid],
  ['Process.Executable', ({ process }) => process?.executable],
  ['Process.CommandLine', ({ process }) => process?.commandLine],
  ['Process.LookupZone', ({ process }) => lookupZoneOf(process?.commandLine ?? null)],
  ['Process.Arguments', ({ process }) => process?.arguments],
  ['Process.Name', ({ process }) => process?.name],
  ['Process.WorkingDirectory', ({ process }) => process?.workingDirectory],
  ['Process.Uid', ({ process }) => process?.uid],
  ['Process.User', ({ process }) => process?.user],
  ['Process.AuditUid', ({ process }) => process?.auditUid],
  ['Process.ParentExecutable', ({ process }) => process?.parentExecutable],
  ['Process.ParentCommandLine', ({ process }) => process?.parentCommandLine],
  ['Process.Sha256', ({ process }) => process?.sha256],
  ['Process.InInitTree', ({ process }) => process?.inInitTree],
  ['Process.FromUpperLayer', ({ process }) => process?.fromUpperLayer],
  ['Process.PrivilegesRaised', ({ process }) => process?.privilegesRaised],
  ['Container.Id', ({ container }) => container?.id],
  ['Container.Name', ({ container }) => container?.name],
  ['Container.ImageRepository', ({ container }) => container?.imageRepository],
  ['Container.ImageTag', ({ container }) => container?.imageTag],
  ['Container.ImageDigest', ({ container }) => container?.imageDigest],
  ['Container.StartedAt', ({ container }) => container?.startedAt],
  ['Pod.Namespace', ({ pod }) => pod?.namespace],
  ['Pod.Name', ({ pod }) => pod?.name],
  ['Pod.Uid', ({ pod }) => pod?.uid],
  ['Pod.Workload', ({ pod }) => pod?.workload],
  ['Pod.WorkloadKind', ({ pod }) => pod?.workloadKind],
  ['Pod.ServiceAccount', ({ pod }) => pod?.serviceAccount],
  ['File.Path', ({ file }) => file?.path],
  ['File.Access', ({ file }) => file?.access],
  ['File.To', ({ file }) => file?.to],
  ['Network.Protocol', ({ network }) => network?.protocol],
  ['Network.SourceIp', ({ network }) => network?.sourceIp],
  ['Network.SourcePort', ({ network }) => network?.sourcePort],
  ['Network.DestinationIp', ({ network }) => network?.destinationIp],
  ['Network.DestinationPort', ({ network }) => network?.destinationPort],
  ['Network.Hostname', ({ network }) => network?.hostname],
  ['Network.ParentDomain', ({ network }) => parentDomainOf(network?.hostname ?? null)],
  ['Network.Bytes', ({ network }) => network?.bytes],
  ['Request.User', ({ request }) => request?.user],
  ['Request.Groups', ({ request }) => request?.groups],
  ['Request.AccessKeyId', ({ request }) => request?.accessKeyId],
  ['Request.SourceIps', ({ request }) => request?.sourceIps],
  ['Request.SourceIp', ({ request }) => request?.sourceIps[0]],
  ['Request.UserAgent', ({ request }) => request?.userAgent],
  ['Request.ClientKind', ({ request }) => clientKindOf(request?.userAgent ?? null)],
  ['Request.Verb', ({ request }) => request?.verb],
  ['Request.Resource', ({ request }) => request?.resource],
  ['Request.Subresource', ({ request }) => request?.resource?.split('/')[1]],
  ['Request.ApiGroup', ({ native }) => object(native['objectRef'])['apiGroup']],
  ['Request.Images', requested(imagesOf)],
  ['Request.HostPaths', requested(hostPathsOf)],
  ['Request.Capabilities', requested(capabilitiesOf)],
  ['Request.HostNamespaces', requested(hostNamespacesOf)],
  ['Request.Commands', requested(commandsOf)],
  ['Request.Namespace', ({ request }) => request?.namespace],
  ['Request.Name', ({ request }) => request?.name],
  ['Request.LooksLike', ({ request }) => lookalikeOf(request?.name ?? null)],
  ['Request.Status', ({ request }) => request?.status],
  ['Request.Succeeded', ({ request }) => request?.succeeded],
  ['Alert.Rule', ({ alert }) => alert?.rule],
  ['Alert.Priority', ({ alert }) => alert?.priority],
  ['Alert.Output', ({ alert }) => alert?.output],
  ['Alert.Tags', ({ alert }) => alert?.tags],
]);

/** Pod settings in a request to Kubernetes. */
function requested(read: (event: JsonObject) => JsonValue[]): Getter {
  return ({ source, native }) => (source === 'kubernetes-audit' ? unlessEmpty(read(native)) : undefined);
}

/** Treats an empty list as a missing field. */
export function unlessEmpty(values: JsonValue[]): JsonValue | undefined {
  return values.length === 0 ? undefined : values;
}

/** Getter of a neutral field; undefined for an unknown name. */
export function neutralGetter(name: string): Getter | undefined {
  return fields.get(name);
}

/** Every name that {@link neutralGetter} accepts. */
export const neutralFieldNames: readonly string[] = [...fields.keys()];
