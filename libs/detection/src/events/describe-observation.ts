import { cut, type Observation, printable } from '@tidewaiter/domain';

const maxCommandChars = 240;
const maxNameChars = 160;

/**
 * Describes an event in one line: the command, the file, the destination. Printable, however
 * hostile the event.
 */
export function describeObservation(observation: Observation): string {
  return printable(sentence(observation), 600);
}

function sentence(observation: Observation): string {
  const { activity, process, file, network, request, alert } = observation;
  const who = name(process?.executable ?? process?.name ?? 'a process');
  if (request !== null) return requestText(observation);
  if (alert !== null) return cut(alert.output || alert.rule, maxCommandChars);
  switch (activity) {
    case 'exec':
      return `${command(observation)}${process?.parentExecutable ? `, started by ${name(process.parentExecutable)}` : ''}`;
    case 'exit':
      return `${command(observation)} ended`;
    case 'file':
      return file === null
        ? who
        : `${who} ${accessVerbs[file.access]} ${name(file.path)}${file.to === null ? '' : ` to ${name(file.to)}`}`;
    case 'load':
      return file === null ? who : `${who} loaded ${name(file.path)}`;
    case 'connect':
      return `${who} connected to ${destination(network)}`;
    case 'accept':
      return `${who} accepted a connection from ${endpoint(network?.sourceIp, network?.sourcePort)}`;
    case 'listen':
      return `${who} listens on port ${network?.sourcePort ?? network?.destinationPort ?? 'unknown'}`;
    case 'dns':
      return `${who} queried ${name(network?.hostname ?? 'a name')}`;
    default:
      return file === null ? command(observation) : `${who}: ${name(file.path)}`;
  }
}

const accessVerbs = {
  read: 'read',
  write: 'wrote',
  delete: 'deleted',
  rename: 'renamed',
  link: 'linked',
  map: 'mapped',
  mode: 'changed the mode of',
} as const;

function command({ process }: Observation): string {
  return cut(process?.commandLine ?? process?.executable ?? process?.name ?? 'a process', maxCommandChars);
}

function destination(network: Observation['network']): string {
  const address = endpoint(network?.destinationIp, network?.destinationPort);
  return network?.hostname ? `${name(network.hostname)} (${address})` : address;
}

function endpoint(address: string | null | undefined, port: number | null | undefined): string {
  const host = address ?? 'unknown address';
  return port == null ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function requestText({ request }: Observation): string {
  const { user, verb, resource, namespace, name: object, sourceIps, succeeded } = request!;
  const what = [namespace, object].filter((part) => part !== null).join('/');
  const who = `${name(user ?? 'unknown user')}${sourceIps[0] ? ` from ${sourceIps[0]}` : ''}`;
  return `${who}: ${verb ?? 'call'} ${resource ?? ''}${what === '' ? '' : ` ${name(what)}`}${succeeded ? '' : ' (refused)'}`;
}

function name(text: string): string {
  return cut(text, maxNameChars);
}
