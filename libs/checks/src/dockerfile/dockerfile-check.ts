import { shown, type Check, type CheckFailure } from '../check.js';
import type { Lifecycles } from '../end-of-life/lifecycles.js';
import type { DockerfileFacts, Stage, StageInstruction } from './stages.js';

/**
 * Check whose examples are whole Dockerfiles; `now` and `lifecycles` decide whether the support of
 * a base has ended.
 */
export type DockerfileCheck = Check<DockerfileFacts & { now: Date; lifecycles: Lifecycles }, string>;

/** Steps of the built image, those of the stages that it builds on first. */
export function shippedSteps({ shipped }: DockerfileFacts, ...keywords: readonly string[]): StageInstruction[] {
  return stepsOf(shipped, keywords);
}

/** Steps of every stage, for mistakes that matter during the build. */
export function allSteps({ stages }: DockerfileFacts, ...keywords: readonly string[]): StageInstruction[] {
  return stepsOf(stages, keywords);
}

function stepsOf(stages: readonly Stage[], keywords: readonly string[]): StageInstruction[] {
  return stages.flatMap(({ steps }) => steps.filter(({ keyword }) => keywords.includes(keyword)));
}

/** Match of a check in a step. The place has the stage and no line number, since lines may move. */
export function seenAt({ keyword, line, stage }: StageInstruction, title: string, what: string): CheckFailure {
  return { title, place: `${stageLabel(stage)} ${keyword} ${what}`, line, instruction: keyword };
}

export function stageLabel({ name, index }: Stage): string {
  return name === undefined ? `stage ${index}` : shown(name, 60);
}
