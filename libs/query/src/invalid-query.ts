import { InvalidInput } from '@tidewaiter/domain';

/** A query that cannot be read. Its message names the column. */
export class InvalidQuery extends InvalidInput {
  /**
   * @param position of the first wrong character, from 0
   * @param problem such as `no field "severty"`
   */
  constructor(
    readonly position: number,
    problem: string,
  ) {
    super('QUERY_INVALID', `column ${position + 1}: ${problem}`);
  }
}
