import type { Observation } from '@tidewaiter/domain';

/**
 * Folders in which agents keep the workspace of each job, with the part that names the project:
 * GitHub's and Azure's `_work/NAME`, GitLab's `/builds/GROUP/PROJECT`, Jenkins's `workspace/JOB`.
 */
const workspaces = [
  /^(\/(?:[^/]+\/)*_work\/)([^_/][^/]*)\//,
  /^(\/builds\/)([^/]+\/[^/.]+)/,
  /^(\/(?:[^/]+\/)*(?:jenkins|jenkins_home|agent)\/workspace\/)([^/@]+)/,
];

/**
 * Whether a file is in the workspace of another job than the process works in, on the same agent.
 * Undefined where the process works outside of workspaces, or the file is elsewhere.
 */
export function isOtherWorkspace({ process, file }: Observation): boolean | undefined {
  const folder = process?.workingDirectory;
  if (!folder || file === null) return undefined;
  for (const workspace of workspaces) {
    const own = workspace.exec(`${folder}/`);
    const other = workspace.exec(file.path);
    if (own !== null && other !== null && own[1] === other[1]) return own[2] !== other[2];
  }
  return undefined;
}
