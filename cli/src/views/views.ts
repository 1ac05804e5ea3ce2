import { printable } from '@tidewaiter/domain';
import { listNames } from '@tidewaiter/query';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { connected, flagsOf } from '../entries/entries.js';
import { isViews, type View, viewNamed } from '../lists/named-view.js';
import { changeApi, getApi } from '../server.js';
import { aligned } from '../terminal.js';

interface SaveOptions {
  sort?: string;
  pin?: boolean;
  notify?: string;
  seenBy: string;
}

/** Lists, saves and deletes views of a platform. */
export function viewsCommand(program: Command): void {
  const views = connected(program.command('views'))
    .description('list saved views with the number of their rows; `LIST --view NAME` shows these')
    .action(async (_: object, self: Command) => {
      const { items } = await getApi('views?count=true', await flagsOf(self), isViews);
      if (items.length === 0) printStderr('no view is saved');
      else process.stdout.write(aligned(['view', 'list', 'rows', 'query', 'remarks'], items.map(cellsOf)));
    });
  connected(views.command('save'))
    .description('save a query of a list under a name; a view with this name is replaced')
    .argument('<name>', 'name of the view')
    .addArgument(views.createArgument('<list>', 'list that it is about').choices(listNames))
    .argument('[query...]', "conditions that must all hold: 'severity>=high running'")
    .option('--sort <order>', 'order as in the API: -severity')
    .option('--pin', 'show it on the home page of the console, with its count')
    .option('--notify <receiver>', 'send new rows to a receiver of the routing; it needs the role responder')
    .addOption(
      new Option('--seen-by <whom>', 'accounts that see it; but for private it needs the role maintainer')
        .choices(['private', 'unlimited', 'everyone'])
        .default('private'),
    )
    .action(async (name: string, list: string, query: string[], options: SaveOptions, self: Command) => {
      const flags = await flagsOf(self);
      const { sort = null, pin = false, notify: receiver = null, seenBy } = options;
      const body = { name, list, q: query.join(' '), sort, isPinned: pin, receiver, visibility: seenBy };
      const { items } = await getApi('views', flags, isViews);
      const own = items.find((view) => view.isOwn && view.name === name);
      if (own) await changeApi('PUT', `views/${own.id}`, body, flags, isView);
      else await changeApi('POST', 'views', body, flags, isView);
      printStderr(`${printable(name)}: saved`);
    });
  connected(views.command('remove'))
    .description('delete a saved view')
    .argument('<name>', 'name of the view')
    .action(async (name: string, _: object, self: Command) => {
      const flags = await flagsOf(self);
      const { id } = await viewNamed(name, flags);
      await changeApi('DELETE', `views/${id}`, null, flags, isNothing);
      printStderr(`${printable(name)}: deleted`);
    });
}

function cellsOf({ name, list, q, total, problem, isPinned, isOwn, owner, receiver, watchProblem }: View): string[] {
  const count = total === null ? '' : `${total.count}${total.isAtLeast ? ' or more' : ''}`;
  const notifies =
    receiver === null ? '' : `notifies ${receiver}${watchProblem === null ? '' : ` (fails: ${watchProblem})`}`;
  const remarks = [problem ?? '', isPinned ? 'pinned' : '', notifies, isOwn ? '' : `by ${owner}`];
  return [name, list, count, q, remarks.filter((text) => text !== '').join(', ')];
}

function isView(answer: unknown): answer is View {
  return typeof (answer as { id?: unknown } | undefined)?.id === 'string';
}

/** A deletion is answered without content. */
function isNothing(answer: unknown): answer is undefined {
  return answer === undefined;
}
