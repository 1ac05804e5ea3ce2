import { shown, type Check, type Seen } from '../check.js';
import type { DockerfileFacts, Stage, Step } from './stages.js';

/** Examples are whole Dockerfiles. The support of a base ends with time. */
export type DockerfileCheck = Check<DockerfileFacts & { now: Date }, string>;

/** The steps of the built image, those of the stages it builds on first. */
export function shippedSteps({ shipped }: DockerfileFacts, ...keywords: readonly string[]): Step[] {
  return stepsOf(shipped, keywords);
}

/** The steps of every stage: what is wrong while building is wrong in all of them. */
export function allSteps({ stages }: DockerfileFacts, ...keywords: readonly string[]): Step[] {
  return stepsOf(stages, keywords);
}

function stepsOf(stages: readonly Stage[], keywords: readonly string[]): Step[] {
  return stages.flatMap(({ steps }) => steps.filter(({ keyword }) => keywords.includes(keyword)));
}

/** What a check saw in a step. The stage is part of the place, so that lines may move. */
export function seenAt({ keyword, line, stage }: Step, title: string, what: string): Seen {
  return { title, place: `${stageLabel(stage)} ${keyword} ${what}`, line, instruction: keyword };
}

export function stageLabel({ name, index }: Stage): string {
  return name === undefined ? `stage ${index}` : shown(name, 60);
}
